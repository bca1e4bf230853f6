package generic

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	libdnsovh "github.com/libdns/ovh"
	"github.com/ovh/go-ovh/ovh"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

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
	return Hooks{SetTTL: api.setTTL, Publish: api.refresh}
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
