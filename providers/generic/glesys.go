package generic

import (
	"context"
	"net/http"
	"strings"

	"github.com/libdns/glesys"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// glesysEntry follows https://github.com/glesys/API/wiki/API-Documentation.
func glesysEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 60, MaxTTL: zone.MaxTTL}, DefaultTTL: 3600,
		TTL: TTLHook, NeverEmpty: true, Serial: true, Writes: glesysWrites, Rate: 2, Burst: 10,
		Notes: []string{
			"SetRecords only ever adds, so it is never called; the TTL is changed over the API itself.",
			"DeleteRecords without a name matches everything, so it is never called like that.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		user, key := s.Secret("api_user"), s.Secret("api_key")
		hook := glesysAPI{base: "https://api.glesys.com", user: user, key: key, client: s.Client()}
		return &glesys.Provider{Project: user, APIKey: key}, Hooks{SetTTL: hook.setTTL}, s.Err()
	}}
}

// glesysAPI is the little of GleSYS's API that libdns leaves out.
type glesysAPI struct {
	base, user, key string
	client          *http.Client
}

// glesysWrites tells calls that change something: all are POST requests.
func glesysWrites(r *http.Request) bool { return !strings.HasSuffix(r.URL.Path, "/listrecords") }

// setTTL changes the records of an RRset by id
// (https://github.com/glesys/API/wiki/functions_domain#domainupdaterecord).
func (a glesysAPI) setTTL(ctx context.Context, z zone.Name, name string, typ zone.Type, ttl zone.TTL) error {
	var list struct {
		Response struct {
			Records []struct {
				RecordID   int
				Host, Type string
			}
		}
	}
	if err := a.do(ctx, "/domain/listrecords", map[string]any{"domainname": z.Display()}, &list); err != nil {
		return err
	}
	for _, r := range list.Response.Records {
		if r.Type != typ.String() || !strings.EqualFold(r.Host, name) {
			continue
		}
		if err := a.do(ctx, "/domain/updaterecord", map[string]any{"recordid": r.RecordID, "ttl": ttl}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (a glesysAPI) do(ctx context.Context, path string, in, out any) error {
	return callJSON(ctx, a.client, http.MethodPost, a.base+path, in, out, func(r *http.Request) { r.SetBasicAuth(a.user, a.key) })
}
