package cloudflare_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// Names come in any spelling, and read in one.
func TestNames(t *testing.T) {
	s, p := start(t, "free", "")
	s.Put(org,
		cloudflaretest.Record{Type: "A", Name: "WWW.Example.ORG", Content: "192.0.2.1", TTL: 300},
		cloudflaretest.Record{Type: "A", Name: "bücher.example.org", Content: "192.0.2.2", TTL: 300},
		cloudflaretest.Record{Type: "A", Name: "*.example.org", Content: "192.0.2.3", TTL: 300},
		cloudflaretest.Record{Type: "A", Name: "example.org", Content: "192.0.2.4", TTL: 300},
		cloudflaretest.Record{Type: "AAAA", Name: "v6", Content: "2001:DB8:0::1", TTL: 300})
	wantLines(t, lines(read(t, p)),
		"example.org. 300 A 192.0.2.4", "*.example.org. 300 A 192.0.2.3", "v6.example.org. 300 AAAA 2001:db8::1",
		"www.example.org. 300 A 192.0.2.1", "xn--bcher-kva.example.org. 300 A 192.0.2.2")
	write(t, p, change("www 300 A 192.0.2.1", "www 60 A 192.0.2.1"), change("bücher 300 A 192.0.2.2", "bücher 60 A 192.0.2.2"))
	wantLines(t, lines(read(t, p))[3:], "www.example.org. 60 A 192.0.2.1", "xn--bcher-kva.example.org. 60 A 192.0.2.2")
}

// Records of other types read in presentation form, with absolute names; one
// that cannot be read is kept as it came, and hides nothing.
func TestOthers(t *testing.T) {
	ten := 10
	long := strings.Repeat("x", 300)
	for _, tt := range []struct {
		record cloudflaretest.Record
		want   string
	}{
		{cloudflaretest.Record{Type: "CNAME", Name: "a", Content: "b.example.net", TTL: 1, Proxied: true}, "a 300 CNAME b.example.net."},
		{cloudflaretest.Record{Type: "MX", Name: "@", Content: "mail.example.org", Priority: &ten, TTL: 300}, "@ 300 MX 10 mail.example.org."},
		{cloudflaretest.Record{Type: "NS", Name: "sub", Content: "ns.example.net", TTL: 300}, "sub 300 NS ns.example.net."},
		{cloudflaretest.Record{Type: "PTR", Name: "p", Content: "host.example.net", TTL: 300}, "p 300 PTR host.example.net."},
		{cloudflaretest.Record{Type: "TXT", Name: "@", Content: `"v=spf1 -all" "two"`, TTL: 300}, `@ 300 TXT "v=spf1 -all" "two"`},
		{cloudflaretest.Record{Type: "TXT", Name: "@", Content: `v=DKIM1; p="q" \`, TTL: 300}, `@ 300 TXT "v=DKIM1; p=\"q\" \\"`},
		{cloudflaretest.Record{Type: "TXT", Name: "@", Content: "müller\n", TTL: 300}, `@ 300 TXT "m\195\188ller\010"`},
		{cloudflaretest.Record{Type: "TXT", Name: "@", Content: long, TTL: 300}, `@ 300 TXT "` + long[:255] + `" "` + long[:45] + `"`},
		{cloudflaretest.Record{Type: "CAA", Name: "@", Content: `0 issue "ca.example.net; validationmethods=http-01"`, TTL: 300}, `@ 300 CAA 0 issue "ca.example.net; validationmethods=http-01"`},
		{cloudflaretest.Record{Type: "SRV", Name: "_sip._tcp", Content: "60\t5060\tsip.example.org", Priority: &ten, TTL: 300}, "_sip._tcp 300 SRV 10 60 5060 sip.example.org."},
		{cloudflaretest.Record{
			Type: "SRV", Name: "_sip._udp", Content: "60\t5060\tsip.example.org", TTL: 300,
			Data: json.RawMessage(`{"priority":5,"weight":60,"port":5060,"target":"sip.example.org"}`),
		}, "_sip._udp 300 SRV 5 60 5060 sip.example.org."},
		{cloudflaretest.Record{Type: "HTTPS", Name: "@", Content: `1 . alpn="h2,h3"`, TTL: 300}, `@ 300 HTTPS 1 . alpn="h2,h3"`},
		{cloudflaretest.Record{Type: "URI", Name: "u", Content: `1 "https://example.org/"`, Priority: &ten, TTL: 300}, `u 300 URI 10 1 "https://example.org/"`},
		{cloudflaretest.Record{Type: "TLSA", Name: "_443._tcp", Content: "3 1 1 abcdef", TTL: 300}, "_443._tcp 300 TLSA 3 1 1 abcdef"},
		{cloudflaretest.Record{Type: "NAPTR", Name: "n", Content: `100 10 "S" "SIP+D2U" "" _sip._udp.example.org`, TTL: 300}, `n 300 NAPTR 100 10 "S" "SIP+D2U" "" _sip._udp.example.org.`},
		{cloudflaretest.Record{Type: "TYPE65280", Name: "odd", Content: `\# 4 c0000201`, TTL: 300}, `odd 300 TYPE65280 \# 4 c0000201`},
		{cloudflaretest.Record{Type: "NEWTYPE", Name: "odd", Content: "whatever it holds", TTL: 300}, "odd 300 NEWTYPE whatever it holds"},
		{cloudflaretest.Record{Type: "MX", Name: "bad", Content: "two words", Priority: &ten, TTL: 300}, "bad 300 MX 10 two words"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			s, p := start(t, "free", "www 300 IN A 192.0.2.1\n")
			s.Put(org, tt.record)
			live := read(t, p)
			wantLines(t, lines(live), "www.example.org. 300 A 192.0.2.1")
			if len(live.Others) != 1 {
				t.Fatalf("%v", live.Others)
			}
			r := live.Others[0]
			wantLines(t, []string{fmt.Sprintf("%s %s %s %s", r.Name.Relative(orgName), r.TTL, r.Type, r.Data)}, tt.want)
		})
	}
}

// Records that make no sense are kept word for word. An address that cannot be
// read is none.
func TestUnreadable(t *testing.T) {
	for _, tt := range []struct{ record, want string }{
		{`{"id":"x","type":"A","name":"bad.example.org","content":"nonsense","ttl":300}`, "bad A"},
		{`{"id":"x","type":"A","name":"bad.example.org","content":"2001:db8::1","ttl":300}`, "bad A"},
		{`{"id":"x","type":"AAAA","name":"bad.example.org","content":"::ffff:192.0.2.1","ttl":300}`, "bad AAAA"},
		{`{"id":"x","type":"AAAA","name":"bad.example.org","content":"fe80::1%eth0","ttl":300}`, "bad AAAA"},
		{`{"id":"x","type":"A","name":"bad.example.org","content":"192.0.2.9","ttl":"soon"}`, "bad A"},
		{`{"id":"x","type":"A","name":"bad.example.org","content":["192.0.2.9"],"ttl":300}`, "bad A"},
		{`{"id":"x","type":"A","name":"a..example.org","content":"192.0.2.9","ttl":300}`, "@ A"},
		{`{"id":"x","type":"A","name":"www.example.net","content":"192.0.2.9","ttl":300}`, "www.example.net. A"},
		{`{"id":"x","name":"bad.example.org","content":"192.0.2.9","ttl":300}`, "bad TYPE0"},
		{`{"id":"x","type":"a b","name":"bad.example.org"}`, "bad TYPE0"},
		{`{}`, "@ TYPE0"},
		{`"what"`, "@ TYPE0"},
		{`null`, "@ TYPE0"},
	} {
		t.Run(tt.record, func(t *testing.T) {
			_, p := wrapped(t, "free", "", func(s *cloudflaretest.Server) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					if !strings.HasSuffix(r.URL.Path, "/dns_records") {
						s.ServeHTTP(w, r)
						return
					}
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprintf(w, `{"success":true,"errors":[],"result":[%s,`+
						`{"id":"y","type":"A","name":"www.example.org","content":"192.0.2.1","ttl":300}],"result_info":{"page":1,"per_page":100,"count":2,"total_count":2,"total_pages":1}}`, tt.record)
				}
			})
			live := read(t, p)
			wantLines(t, lines(live), "www.example.org. 300 A 192.0.2.1")
			if len(live.Others) != 1 {
				t.Fatalf("%v", live.Others)
			}
			r := live.Others[0]
			wantLines(t, []string{r.Name.Relative(orgName) + " " + r.Type, r.Data}, tt.want, tt.record)
		})
	}
}

// What one of Cloudflare's products holds is not written, whatever it is.
func TestReadOnly(t *testing.T) {
	s, p := start(t, "free", "")
	s.Put(org,
		cloudflaretest.Record{Type: "AAAA", Name: "worker", Content: "100::", TTL: 1, Proxied: true, Meta: json.RawMessage(`{"read_only":true}`)},
		cloudflaretest.Record{Type: "A", Name: "locked", Content: "192.0.2.1", TTL: 300, Locked: true})
	for _, tt := range []struct {
		key    zone.Key
		detail string
	}{
		{zone.Key{Name: "worker." + orgName, Type: zone.AAAA}, "100::: Cloudflare holds it for one of its products"},
		{zone.Key{Name: "locked." + orgName, Type: zone.A}, "192.0.2.1: it is locked at Cloudflare"},
	} {
		r, _ := read(t, p).Find(tt.key)
		if r.Foreign != "read-only" || r.Detail != tt.detail {
			t.Errorf("%+v", r)
		}
	}
}
