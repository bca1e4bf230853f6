package powerdns

import (
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// FuzzParseZone feeds the decoder answers that no server should give.
func FuzzParseZone(f *testing.F) {
	for _, seed := range []string{
		`{"name":"example.org.","kind":"Native","rrsets":[{"name":"www.example.org.","type":"A","ttl":300,` +
			`"records":[{"content":"192.0.2.1","disabled":false},{"content":"192.0.2.2","disabled":true}],"comments":[{"content":"x"}]}]}`,
		`{"name":"example.org","rrsets":[{"name":"WWW.example.org","type":"a","records":[{"content":"garbage"},{"content":"::1"}]},` +
			`{"name":"www.example.org.","type":"A","ttl":-5,"records":[{"content":"192.0.2.9"},{"content":"192.0.2.9"}]}]}`,
		`{"name":"example.org.","rrsets":[{"name":"m.example.org.","type":"AAAA","ttl":1e300,"records":[{"content":"::ffff:192.0.2.1"}]},` +
			`{"name":"out.example.net.","type":"A","records":[{"content":"192.0.2.1"}]},{"name":"","type":"","records":[{}]}]}`,
		`{"name":"example.org.","rrsets":[{"name":"a\\032b.example.org.","type":"MX","ttl":4294967296,"records":[{"content":"10 mail."}]}]}`,
		`[]`, `{"error":"Not Found"}`, `null`, ``,
	} {
		f.Add(seed)
	}
	const z = zone.Name("example.org.")
	f.Fuzz(func(t *testing.T, body string) {
		h, err := parseZone(z, []byte(body))
		if err != nil {
			return
		}
		s := h.snap
		if !slices.IsSortedFunc(s.RRsets, func(a, b zone.RRset) int { return zone.CompareKeys(a.Key, b.Key) }) {
			t.Error("not sorted")
		}
		for i, r := range s.RRsets {
			if len(r.Addrs) == 0 || !r.Name.IsSubdomainOf(z) || r.Members != nil && len(r.Members) != len(r.Addrs) {
				t.Errorf("%+v", r)
			}
			if i > 0 && s.RRsets[i-1].Key == r.Key {
				t.Errorf("%s twice", r.Key)
			}
			if _, off := h.kept[r.Key]; r.Foreign != "" && !off {
				t.Errorf("%s is foreign, and nothing of it is kept", r.Key)
			}
			for _, a := range r.Addrs { // what is written is read back
				back, ok := parseAddr(r.Type, formatAddr(r.Type, a))
				if !ok || back != a {
					t.Errorf("%s: %s becomes %s", r.Key, a, back)
				}
			}
		}
	})
}

func TestCulprit(t *testing.T) {
	key := func(name string, typ zone.Type) zone.Key { return zone.Key{Name: zone.Canonical(name), Type: typ} }
	keys := []zone.Key{
		key("www.example.org", zone.A), key("www.example.org", zone.AAAA), key(`a\032b.example.org`, zone.A), key("n.example.org", zone.A),
	}
	for reason, want := range map[string]zone.Key{
		"RRset www.example.org. IN A: Conflicts with pre-existing RRset":                                           key("www.example.org", zone.A),
		"RRset www.example.org. IN AAAA: Name is out of zone":                                                      key("www.example.org", zone.AAAA),
		"Record www.example.org./AAAA 'x': Parsing record content (try 'pdnsutil check-zone'): unable to parse IP": key("www.example.org", zone.AAAA),
		`Name 'a\032b.example.org.' contains unsupported characters`:                                               key(`a\032b.example.org`, zone.A),
		`Duplicate record in RRset n.example.org. IN A with content "192.0.2.3"`:                                   key("n.example.org", zone.A),
		"RRset other.example.org. IN A: Conflicts with pre-existing RRset":                                         {},
		"Hosting backend does not support editing records.":                                                        {},
	} {
		if got := culprit(reason, keys); got != want {
			t.Errorf("%s: %v, want %v", reason, got, want)
		}
	}
}

func TestZoneID(t *testing.T) {
	for name, want := range map[zone.Name]string{
		"example.org.":               "example.org.",
		"0/25.2.0.192.in-addr.arpa.": "0=2F25.2.0.192.in-addr.arpa.",
		"_a.xn--ndaaa.example.":      "=5Fa.xn--ndaaa.example.",
		`a\032b.example.`:            "a=5C032b.example.",
		".":                          "=2E",
	} {
		if got := zoneID(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// A database may hold one name in two spellings, which the API shows apart.
func TestSpellings(t *testing.T) {
	h, err := parseZone("example.org.", []byte(`{"name":"Example.ORG","kind":"Native","rrsets":[
		{"name":"WWW.example.org.","type":"A","ttl":60,"records":[{"content":"192.0.2.3","disabled":true}]},
		{"name":"www.example.org.","type":"A","ttl":300,"records":[{"content":"192.0.2.2"},{"content":"192.0.2.1"}],"comments":[{"content":"one"},{"content":"two"}]},
		{"name":"off.example.org.","type":"A","ttl":60,"records":[{"content":"192.0.2.9","disabled":true}]},
		{"name":"note.example.org.","type":"A","ttl":0,"records":[],"comments":[{"content":"left over"}]},
		{"name":"bad.example.org.","type":"A","ttl":60,"records":[{"content":"garbage"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range h.snap.RRsets {
		got = append(got, r.String())
	}
	want := []string{"off.example.org. 60 A 192.0.2.9 (disabled)", "www.example.org. 300 A 192.0.2.1 192.0.2.2"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if www, _ := h.snap.Find(zone.Key{Name: "www.example.org.", Type: zone.A}); www.Members[1].Comment != "one; two" || www.Detail == "" {
		t.Errorf("%+v", www)
	}
	if other := (zone.Record{Name: "bad.example.org.", Type: "A", TTL: 60, Data: "garbage"}); !slices.Equal(h.snap.Others, []zone.Record{other}) {
		t.Errorf("others %v", h.snap.Others)
	}
}

func TestPlainHTTPIsTold(t *testing.T) {
	for url, told := range map[string]bool{
		"https://dns.example.org": false, "http://127.0.0.1:8081": false, "http://[::1]:8081": false, "http://localhost:8081": false,
		"http://dns.example.org": true, "http://192.0.2.1:8081": true,
	} {
		p, err := New(Config{ServerURL: url, APIKey: "k"})
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := p.examineURL(); ok != told || ok && (f.Verdict != providers.Unclear || f.Remedy == "") {
			t.Errorf("%s: %+v %t", url, f, ok)
		}
	}
}
