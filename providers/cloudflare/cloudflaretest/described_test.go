package cloudflaretest

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7/dns"

	"github.com/dnsplan/dnsplan/providers/providertest/description"
)

// What Cloudflare describes, and what it does not: were the check blind to one
// of these, requests of that kind would pass.
func TestDescription(t *testing.T) {
	const zones, records, batch = "GET /client/v4/zones", "GET /client/v4/zones/z1/dns_records", "POST /client/v4/zones/z1/dns_records/batch"
	for _, tt := range []struct {
		name, request, body string
		want                string // a part of the only breach; empty: none
	}{
		{"find a zone", zones + "?name=example.org&page=1&per_page=50", "", ""},
		{"zones of an account", zones + "?account.id=a1&status=active&type=full,partial", "", ""},
		{"a zone", zones + "/z1", "", ""},
		{"records", records + "?page=1&per_page=5000&order=name&direction=asc", "", ""},
		{"records of a name", records + "?name.exact=www.example.org&type=AAAA&proxied=true", "", ""},
		{"the token", "GET /client/v4/user/tokens/verify", "", ""},
		{"patches", batch, `{"patches":[{"id":"a1","ttl":300},{"id":"a2","content":"2001:db8::1"},{"id":"a3","proxied":false,"comment":"","tags":["a:b"]}]}`, ""},
		{"all at once", batch, `{"deletes":[{"id":"a1"}],"patches":[{"id":"a2","ttl":1}],"posts":[{"name":"www.example.org","type":"AAAA","content":"2001:db8::1","ttl":1,"proxied":true}]}`, ""},

		{"another path", zones + "/z1/records", "", "no operation"},
		{"another method", "DELETE /client/v4/zones/z1", "", "no operation"},
		{"one record by itself", "PATCH /client/v4/zones/z1/dns_records/a1", `{"ttl":300}`, "no operation"},
		{"no id", zones + "//dns_records", "", "no operation"},
		{"an unknown parameter", records + "?perpage=100", "", `query: unknown parameter "perpage"`},
		{"a filter of old", records + "?name=www.example.org", "", `query: unknown parameter "name"`},
		{"a parameter of records", zones + "?name.exact=example.org", "", `query: unknown parameter "name.exact"`},
		{"a parameter to a zone", zones + "/z1?page=1", "", `query: unknown parameter "page"`},
		{"a parameter twice", records + "?page=1&page=2", "", `query: "page" twice`},
		{"a page that is no number", records + "?page=x", "", "query: page: x is no float64"},
		{"a boolean that is none", records + "?proxied=1", "", "query: proxied: 1 is no bool"},
		{"an unknown type", records + "?type=TYPE65", "", `query: type: "TYPE65" is no dns.RecordListParamsType`},
		{"an order that is none", records + "?order=age", "", `query: order: "age" is no`},
		{"one of a list that is none", zones + "?type=full,half", "", `query: type: "half" is no`},
		{"a query with a semicolon", records + "?a;b", "", "semicolon"},

		{"a body to a list", records, "{}", "a body, where there is none"},
		{"no body", batch, "", "body: EOF"},
		{"half a body", batch, `{"patches":[`, "body: unexpected EOF"},
		{"two documents", batch, `{"deletes":[{"id":"a1"}]}{}`, "more than one document"},
		{"a list", batch, `[]`, "body: [] is no struct"},
		{"an unknown operation", batch, `{"patch":[]}`, `body: unknown field "patch"`},
		{"an operation that is no list", batch, `{"deletes":{"id":"a1"}}`, "body.deletes: map[id:a1] is no slice"},
		{"a delete without an id", batch, `{"deletes":[{}]}`, `body.deletes[0]: no "id"`},
		{"a delete with more", batch, `{"deletes":[{"id":"a1","name":"www"}]}`, `body.deletes[0]: unknown field "name"`},
		{"an id that is a number", batch, `{"deletes":[{"id":1}]}`, "body.deletes[0].id: 1 is no string"},
		{"an id that is null", batch, `{"deletes":[{"id":null}]}`, "body.deletes[0].id: <nil> is no string"},
		{"a patch without an id", batch, `{"patches":[{"ttl":60}]}`, `body.patches[0]: no "id"`},
		{"an unknown field", batch, `{"patches":[{"id":"a1"},{"id":"a1","Ttl":60}]}`, `body.patches[1]: unknown field "Ttl"`},
		{"a field that is read-only", batch, `{"patches":[{"id":"a1","zone_id":"z1"}]}`, `body.patches[0]: unknown field "zone_id"`},
		{"a TTL that is a text", batch, `{"patches":[{"id":"a1","ttl":"60"}]}`, "body.patches[0].ttl: 60 is no float64"},
		{"a proxy that is a text", batch, `{"patches":[{"id":"a1","proxied":"on"}]}`, "body.patches[0].proxied: on is no bool"},
		{"tags that are a text", batch, `{"patches":[{"id":"a1","tags":"a:b"}]}`, "body.patches[0].tags: a:b is no slice"},
		{"a tag that is an object", batch, `{"patches":[{"id":"a1","tags":[{"a":"b"}]}]}`, "body.patches[0].tags[0]: map[a:b] is no string"},
		{"a setting that is none", batch, `{"patches":[{"id":"a1","settings":{"ipv5_only":true}}]}`, `body.patches[0].settings: unknown field "ipv5_only"`},
		{"no address", batch, `{"patches":[{"id":"a1","content":"www.example.net"}]}`, `"www.example.net" is no ipv`},
		{"no IPv4 address", batch, `{"posts":[{"name":"www","type":"A","content":"2001:db8::1","ttl":1}]}`, `body.posts[0].content: "2001:db8::1" is no ipv4`},
		{"no IPv6 address", batch, `{"posts":[{"name":"www","type":"AAAA","content":"192.0.2.1","ttl":1}]}`, `body.posts[0].content: "192.0.2.1" is no ipv6`},
		{"a post without a name", batch, `{"posts":[{"type":"AAAA","content":"2001:db8::1","ttl":1}]}`, `body.posts[0]: no "name"`},
		{"a post without a TTL", batch, `{"posts":[{"name":"www","type":"A","content":"192.0.2.1"}]}`, `body.posts[0]: no "ttl"`},
		{"a post without a type", batch, `{"posts":[{"name":"www","content":"192.0.2.1","ttl":1}]}`, `body.posts[0]: no "type"`},
		{"another type of records", batch, `{"posts":[{"name":"www","type":"CNAME","content":"192.0.2.1","ttl":1}]}`, `body.posts[0].type: "CNAME" is no`},
		{"a put", batch, `{"puts":[{"id":"a1","name":"www","type":"A","content":"192.0.2.1","ttl":1}]}`, "body.puts[0]: dnsplan sends no dns.BatchPutUnionParam"},
	} {
		t.Run(tt.name, func(t *testing.T) { description.Want(t, breaches, tt.request, tt.body, tt.want) })
	}
}

// The exception for patches goes when the description says itself that the id is
// enough.
func TestPatchNeedsMore(t *testing.T) {
	patch := reflect.TypeFor[dns.BatchPatchARecordParam]()
	for _, name := range []string{"Name", "TTL", "Type"} {
		f, ok := patch.FieldByName(name)
		if !ok || f.Tag.Get("api") != "required" {
			t.Errorf("%s: the description has changed; drop the exception", name)
		}
	}
}

// A test that sends the fake what Cloudflare does not describe fails at its end,
// unless it says that it is meant; also when something before the fake has
// answered.
func TestDescriptionFailsTests(t *testing.T) {
	pass := func(s *Server) http.Handler { return http.HandlerFunc(s.ServeHTTP) }
	refuse := func(*Server) http.Handler { return http.NotFoundHandler() }
	itself := func(s *Server) http.Handler { return s }
	for _, tt := range []struct {
		path  string
		h     func(*Server) http.Handler
		meant bool
		want  int
	}{
		{"/client/v4/zones?page=1", itself, false, 0},
		{"/client/v4/zones?max=1", itself, false, 1},
		{"/client/v4/zones?max=1", refuse, false, 1},
		{"/client/v4/zones?max=1", pass, false, 1},
		{"/client/v4/zones?max=1", itself, true, 0},
		{"/cleint/v4/zones", itself, false, 0},
	} {
		inner, s := &description.Ending{T: t}, New()
		s.Serve(inner, tt.h(s))
		if tt.meant {
			s.Unchecked()
		}
		resp, err := http.Get(s.url + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		inner.End()
		if len(inner.Errors) != tt.want || tt.want > 0 && !strings.Contains(inner.Errors[0], `unknown parameter "max"`) {
			t.Errorf("%s: %q, want %d errors", tt.path, inner.Errors, tt.want)
		}
	}
}
