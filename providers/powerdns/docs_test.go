package powerdns_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest/description"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// docs is the OpenAPI document (version 2.0) that a PowerDNS server has of its
// own API, at /api/docs.
type docs struct {
	BasePath    string
	Paths       map[string]map[string]json.RawMessage // path and method in lower case to an operation
	Definitions map[string]schema
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       string // empty for an object
	Required   []string
	Properties map[string]schema
	Items      *schema
	Enum       []string
}

type parameter struct {
	Name, In, Type string
	Required       bool
	Schema         schema
}

// docsOf asks the server for its document.
func docsOf(t *testing.T, s *dnsd.Server) docs {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.API()+"/api/docs", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-API-Key", dnsd.TestAPIKey)
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var d docs
	if err := json.NewDecoder(resp.Body).Decode(&d); err != nil || resp.StatusCode != http.StatusOK || len(d.Paths) == 0 {
		t.Fatalf("/api/docs: %d, %v", resp.StatusCode, err)
	}
	return d
}

// watched is the URL of next, which is before a server of those docs. Requests
// that break the docs fail the test.
func (d docs) watched(t *testing.T, next http.Handler) string {
	t.Helper()
	w := description.New("PowerDNS's docs", d.breaches)
	front := httptest.NewServer(w.Before(next))
	t.Cleanup(func() {
		front.Close()
		w.Tell(t)
	})
	return front.URL
}

// proxy passes requests on to the server.
func proxy(t *testing.T, s *dnsd.Server) http.Handler {
	t.Helper()
	behind, err := url.Parse(s.API())
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) }}
}

// breaches returns what a request has against the docs.
func (d docs) breaches(method, path, query string, body []byte) []string {
	known, ok := d.operation(method, path)
	if !ok {
		return []string{"no such operation"}
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	takesBody := false
	for _, p := range known {
		switch {
		case p.In == "body":
			takesBody = true
			all = append(all, d.body(p.Schema, body)...)
		case p.In == "query" && p.Required && !values.Has(p.Name):
			all = append(all, fmt.Sprintf("query: no %q", p.Name))
		case p.In == "query" && p.Type == "boolean" && values.Has(p.Name):
			if _, err := strconv.ParseBool(values.Get(p.Name)); err != nil {
				all = append(all, fmt.Sprintf("query: %s: %q is no boolean", p.Name, values.Get(p.Name)))
			}
		}
	}
	if !takesBody && len(body) > 0 {
		all = append(all, "a body, where there is none")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.ContainsFunc(known, func(p parameter) bool { return p.In == "query" && p.Name == name }) {
			all = append(all, fmt.Sprintf("query: unknown parameter %q", name))
		}
	}
	return all
}

// operation finds the parameters of what a request is.
func (d docs) operation(method, path string) ([]parameter, bool) {
	given := strings.Split(path, "/")
	for route, methods := range d.Paths {
		equal := slices.EqualFunc(strings.Split(d.BasePath+route, "/"), given, func(r, g string) bool {
			return r == g || strings.HasPrefix(r, "{") && g != ""
		})
		raw, ok := methods[strings.ToLower(method)]
		var o struct{ Parameters []parameter }
		if equal && ok && json.Unmarshal(raw, &o) == nil {
			return o.Parameters, true
		}
	}
	return nil, false
}

func (d docs) body(s schema, body []byte) []string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return []string{"body: " + err.Error()}
	}
	return d.value("body", s, document)
}

// value compares a value of JSON with its schema.
func (d docs) value(path string, s schema, v any) []string {
	name := strings.TrimPrefix(s.Ref, "#/definitions/")
	if name != "" {
		s = d.Definitions[name]
	}
	ok := false
	switch s.Type {
	case "":
		if object, isObject := v.(map[string]any); isObject {
			return d.object(path, name, s, object)
		}
	case "array":
		if list, isList := v.([]any); isList {
			var all []string
			for i, item := range list {
				all = append(all, d.value(fmt.Sprintf("%s[%d]", path, i), *s.Items, item)...)
			}
			return all
		}
	case "string":
		var text string
		text, ok = v.(string)
		ok = ok && (len(s.Enum) == 0 || slices.Contains(s.Enum, text))
	case "boolean":
		_, ok = v.(bool)
	case "integer":
		var n json.Number
		if n, ok = v.(json.Number); ok {
			_, err := n.Int64()
			ok = err == nil
		}
	}
	if !ok {
		return []string{fmt.Sprintf("%s: %v is no %s", path, v, s.Type)}
	}
	return nil
}

// object compares the fields. The document requires the TTL and the records of
// every RRset; its words on a deletion, which are held here, forbid the one and
// want the other empty.
func (d docs) object(path, name string, s schema, object map[string]any) (all []string) {
	deletes := name == "RRSet" && object["changetype"] == "DELETE"
	for _, field := range slices.Sorted(maps.Keys(object)) {
		value, known := s.Properties[field]
		switch {
		case !known:
			all = append(all, fmt.Sprintf("%s: unknown field %q", path, field))
		case deletes && slices.Contains([]string{"ttl", "records", "comments"}, field):
			all = append(all, fmt.Sprintf("%s: a deletion with %q", path, field))
		default:
			all = append(all, d.value(path+"."+field, value, object[field])...)
		}
	}
	for _, field := range s.Required {
		_, said := object[field]
		if !said && !(deletes && (field == "ttl" || field == "records")) {
			all = append(all, fmt.Sprintf("%s: no %q", path, field))
		}
	}
	return all
}

// What the docs allow, and what they do not: were the check blind to one of
// these, requests of that kind would pass.
func TestDocs(t *testing.T) {
	d := docsOf(t, start(t, exampleZone))
	const org = "/api/v1/servers/localhost/zones/example.org."
	for _, tt := range []struct {
		name, request, body string
		want                string // a part of the only breach; empty: none
	}{
		{"servers", "GET /api/v1/servers", "", ""},
		{"zones", "GET /api/v1/servers/localhost/zones?dnssec=false", "", ""},
		{"a zone", "GET " + org, "", ""},
		{"create or replace", "PATCH " + org, `{"rrsets":[{"name":"www.example.org.","type":"A","ttl":300,"changetype":"REPLACE","records":[{"content":"192.0.2.1","disabled":true}]}]}`, ""},
		{"delete", "PATCH " + org, `{"rrsets":[{"name":"www.example.org.","type":"A","changetype":"DELETE"}]}`, ""},

		{"another version", "GET /api/v2/servers", "", "no such operation"},
		{"another path", "GET " + org + "/rrsets", "", "no such operation"},
		{"another method", "POST " + org, "", "no such operation"},
		{"an unknown parameter", "GET " + org + "?rrset=www", "", `unknown parameter "rrset"`},
		{"a boolean that is none", "GET /api/v1/servers/localhost/zones?dnssec=no", "", `dnssec: "no" is no boolean`},
		{"a parameter left out", "PUT /api/v1/servers/localhost/cache/flush", "", `query: no "domain"`},
		{"a body to a read", "GET " + org, "{}", "a body, where there is none"},
		{"no body", "PATCH " + org, "", "body: EOF"},
		{"a list", "PATCH " + org, "[]", "body: [] is no"},
		{"an unknown field", "PATCH " + org, `{"rrset":[]}`, `body: unknown field "rrset"`},
		{"sets that are no list", "PATCH " + org, `{"rrsets":{}}`, "body.rrsets: map[] is no array"},
		{"a kind that is none", "PATCH " + org, `{"kind":"native"}`, "body.kind: native is no string"},
		{"a set without its name", "PATCH " + org, `{"rrsets":[{"type":"A","changetype":"DELETE"}]}`, `body.rrsets[0]: no "name"`},
		{"a set without its TTL", "PATCH " + org, `{"rrsets":[{"name":"a.","type":"A","changetype":"REPLACE","records":[]}]}`, `body.rrsets[0]: no "ttl"`},
		{"a deletion with a TTL", "PATCH " + org, `{"rrsets":[{"name":"a.","type":"A","changetype":"DELETE","ttl":60}]}`, `a deletion with "ttl"`},
		{"a TTL that is a text", "PATCH " + org, `{"rrsets":[{"name":"a.","type":"A","changetype":"REPLACE","ttl":"60","records":[]}]}`, "ttl: 60 is no integer"},
		{"a TTL with a fraction", "PATCH " + org, `{"rrsets":[{"name":"a.","type":"A","changetype":"REPLACE","ttl":1.5,"records":[]}]}`, "ttl: 1.5 is no integer"},
		{"a record without content", "PATCH " + org, `{"rrsets":[{"name":"a.","type":"A","changetype":"REPLACE","ttl":60,"records":[{"disabled":true}]}]}`, `records[0]: no "content"`},
		{"a record that is a text", "PATCH " + org, `{"rrsets":[{"name":"a.","type":"A","changetype":"REPLACE","ttl":60,"records":["192.0.2.1"]}]}`, "records[0]: 192.0.2.1 is no"},
		{"a flag that is a number", "PATCH " + org, `{"rrsets":[{"name":"a.","type":"A","changetype":"REPLACE","ttl":60,"records":[{"content":"192.0.2.1","disabled":0}]}]}`, "disabled: 0 is no boolean"},
	} {
		t.Run(tt.name, func(t *testing.T) { description.Want(t, d.breaches, tt.request, tt.body, tt.want) })
	}
}

// Beside the requests of the suites: zones listed, a zone that is not there, a
// CNAME record that gives way, disabled records and comments that stay, what
// doctor asks.
func TestRequestsByDocs(t *testing.T) {
	s := start(t, exampleZone)
	p := provider(t, config(docsOf(t, s).watched(t, proxy(t, s))))
	if zones, err := p.ListZones(t.Context()); err != nil || len(zones) != 1 {
		t.Errorf("%v, %v", zones, err)
	}
	if _, err := p.Read(t.Context(), "example.net."); err == nil {
		t.Error("a zone that is not there was read")
	}
	for _, f := range p.Examine(t.Context(), []zone.Name{origin}) {
		if f.Verdict == providers.Bad {
			t.Errorf("%+v", f)
		}
	}
	replaced := change("", "alias.example.org. 300 A 192.0.2.4")
	replaced.Replaces = "www.example.org."
	patched(t, s, "www.example.org.", "A", "192.0.2.1 192.0.2.2", "the front")
	if err := write(t, p, replaced, change("www.example.org. 300 A 192.0.2.1 192.0.2.2", "www.example.org. 60 A 192.0.2.3"), change("www.example.org. 3600 AAAA 2001:db8::1", "")); err != nil {
		t.Error(err)
	}
}
