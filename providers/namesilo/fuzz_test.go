package namesilo

import (
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// FuzzDecode reads any answer and makes a zone of it. A success has the code of
// one, and each record is found again: as an address under a name of the zone,
// or among the others.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"reply":{"code":300,"detail":"success","resource_record":[{"record_id":"1","type":"A","host":"www.example.org","value":"192.0.2.1","ttl":"3600","distance":0}]}}`,
		`{"reply":{"code":"300","resource_record":{"type":"TXT","host":"","value":"\"x","ttl":7207}}}`,
		`{"reply":{"code":300,"domains":{"domain":["example.org",{"domain":"example.net"}]}}}`,
		`{"reply":{"code":110,"detail":"Invalid API Key"}}`,
		`<namesilo><reply><code>300</code><resource_record><type>MX</type><host>example.org</host><value>mail</value><distance>10</distance></resource_record></reply></namesilo>`,
		`<namesilo><reply><code>300</code><domains><domain a="b">example.org</domain></domains></reply></namesilo>`,
		`{"reply":{"code":3e2,"resource_record":""}}`, "", "null", "<", "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b)
		if err != nil {
			if r.code != 0 || r.records != nil {
				t.Errorf("%+v beside %v", r, err)
			}
			return
		}
		const z zone.Name = "example.org."
		s := snapshot(z, r.records)
		n := len(s.Others)
		for _, set := range s.RRsets {
			if !set.Name.IsSubdomainOf(z) || len(set.Addrs) == 0 || len(set.Members) != len(set.Addrs) {
				t.Errorf("%+v", set)
			}
		}
		for _, rec := range r.records {
			key, addr, ok := rec.address(z)
			if !ok {
				n--
				continue
			}
			if set, found := s.Find(key); !found || !slices.Contains(set.Addrs, addr) {
				t.Errorf("%+v is lost", rec)
			}
		}
		if n != 0 {
			t.Errorf("%d records among the others too many", n)
		}
	})
}

// FuzzQuote quotes any text: what comes out is a TXT record's data on one line.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "v=spf1 -all", `"a" "b"`, `"`, `\`, "a\nb", strings.Repeat("é", 200), `"a\"`, "\"a\" ; b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := quote(s)
		if !isText(q) {
			t.Errorf("%q is quoted as %s", s, q)
		}
	})
}
