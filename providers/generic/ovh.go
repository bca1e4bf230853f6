package generic

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	libdnsovh "github.com/libdns/ovh"
	"github.com/ovh/go-ovh/ovh"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// ovhEntry follows https://api.ovh.com/console/#/domain.
func ovhEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 60, MaxTTL: zone.MaxTTL}, DefaultTTL: 3600,
		TTL: TTLHook, NeverEmpty: true, Serial: true, Status: statusOVH,
		Chain: ChainByClaim, Timeout: 10 * time.Minute,
		Notes: []string{
			"A read takes one request for each record.",
			"The TTL is changed by the record's id over the API itself: SetRecords takes values with another TTL for the same.",
			"A call that fails midway leaves records that are listed and not served; the zone is then refreshed.",
			"The first request asks for the server's clock, without the context of the call; it is told by its application key.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		p := &libdnsovh.Provider{
			Endpoint: s.Value("endpoint"), ApplicationKey: s.Secret("application_key"),
			ApplicationSecret: s.Secret("application_secret"), ConsumerKey: s.Secret("consumer_key"),
		}
		return p, ovhHooks(p, s.Client()), s.Err()
	}}
}

// ovhAPI is the vendor's own client, made at its first use because that looks
// for files.
type ovhAPI struct {
	make func() (*ovh.Client, error)
}

func ovhHooks(p *libdnsovh.Provider, client *http.Client) Hooks {
	api := ovhAPI{sync.OnceValues(func() (*ovh.Client, error) {
		c, err := ovh.NewClient(p.Endpoint, p.ApplicationKey, p.ApplicationSecret, p.ConsumerKey)
		if err != nil {
			return nil, err
		}
		c.Client = client
		return c, nil
	})}
	return Hooks{SetTTL: api.setTTL, Publish: api.refresh, Claims: ovhClaims(p.ApplicationKey)}
}

// ovhClaims tells requests of the application. Two providers of one application
// ask the same of the clock, with the same key.
func ovhClaims(key string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Header.Get("X-Ovh-Application") == key }
}

// setTTL changes the records of an RRset by id
// (https://api.ovh.com/console/#/domain/zone/%7BzoneName%7D/record/%7Bid%7D~PUT),
// then has the zone served.
func (a ovhAPI) setTTL(ctx context.Context, z zone.Name, name string, typ zone.Type, ttl zone.TTL) error {
	c, err := a.make()
	if err != nil {
		return err
	}
	path := "/domain/zone/" + z.Display() + "/record"
	query := url.Values{"fieldType": {typ.String()}, "subDomain": {strings.TrimPrefix(name, "@")}}
	var ids []int64
	if err := c.GetWithContext(ctx, path+"?"+query.Encode(), &ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := c.PutWithContext(ctx, fmt.Sprintf("%s/%d", path, id), map[string]any{"ttl": ttl}, nil); err != nil {
			return err
		}
	}
	return a.refresh(ctx, z)
}

// refresh has the zone served as it is listed
// (https://api.ovh.com/console/#/domain/zone/%7BzoneName%7D/refresh~POST).
func (a ovhAPI) refresh(ctx context.Context, z zone.Name) error {
	c, err := a.make()
	if err != nil {
		return err
	}
	return c.PostWithContext(ctx, "/domain/zone/"+z.Display()+"/refresh", nil, nil)
}
