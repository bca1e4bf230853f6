package generic

import (
	"context"
	"net/http"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

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
