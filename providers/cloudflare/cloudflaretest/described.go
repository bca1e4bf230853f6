package cloudflaretest

import (
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/dnsplan/dnsplan/providers/providertest/description"
)

// operation is one request of those that dnsplan makes, with what Cloudflare's
// SDK, which is generated from the API's OpenAPI document, says of its query and
// its body; nil is neither.
type operation struct {
	method, path string
	params       reflect.Type
}

func operations() []operation {
	return []operation{
		{http.MethodGet, "zones", reflect.TypeFor[zones.ZoneListParams]()},
		{http.MethodGet, "zones/*", nil},
		{http.MethodGet, "zones/*/dns_records", reflect.TypeFor[dns.RecordListParams]()},
		{http.MethodPost, "zones/*/dns_records/batch", reflect.TypeFor[dns.RecordBatchParams]()},
		{http.MethodGet, "user/tokens/verify", nil},
	}
}

// forms returns what an operation of a batch may be: one of several objects. Of
// the many that Cloudflare knows, these are dnsplan's: it posts and patches
// addresses, and puts nothing.
func forms(union reflect.Type) []reflect.Type {
	switch union {
	case reflect.TypeFor[dns.BatchPatchUnionParam]():
		return []reflect.Type{reflect.TypeFor[dns.BatchPatchARecordParam](), reflect.TypeFor[dns.BatchPatchAAAARecordParam]()}
	case reflect.TypeFor[dns.RecordBatchParamsPostUnion]():
		return []reflect.Type{reflect.TypeFor[dns.ARecordParam](), reflect.TypeFor[dns.AAAARecordParam]()}
	}
	return nil
}

// required tells whether an object has to say a field. The description of a
// patch takes name, ttl and type from that of a whole record, where they have to
// be said; a patch leaves what it does not say as it is, so that the id is enough
// (https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/).
func required(object reflect.Type, f reflect.StructField) bool {
	if slices.Contains(forms(reflect.TypeFor[dns.BatchPatchUnionParam]()), object) {
		return f.Tag.Get("json") == "id"
	}
	return f.Tag.Get("api") == "required"
}

// Unchecked is for what is no request of dnsplan's: from now on, none is held
// against Cloudflare's description.
func (s *Server) Unchecked() { s.watch.Off() }

// byDescription watches the requests to the API. One that is outside of it comes
// of a wrong base URL.
func byDescription() *description.Watch {
	return description.New("Cloudflare's description", func(method, path, query string, body []byte) []string {
		if !strings.HasPrefix(path, root+"/") {
			return nil
		}
		return breaches(method, path, query, body)
	})
}

// find returns the operation that a request is.
func find(method, urlPath string) (operation, bool) {
	rest, ok := strings.CutPrefix(urlPath, root+"/")
	if !ok {
		return operation{}, false
	}
	all := operations()
	i := slices.IndexFunc(all, func(o operation) bool {
		match, err := path.Match(o.path, rest)
		return err == nil && match && o.method == method && !strings.Contains(rest, "//")
	})
	if i < 0 {
		return operation{}, false
	}
	return all[i], true
}
