package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

func sumOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

const wantZone = `; dnsplan backup of example.org., view internal, taken 2026-11-23T06:00:00Z, provider cf, run 01K0A
; It is not the whole zone, only names that were asked for: names that were not asked for
; The JSON file beside this one holds what a zone file cannot.
$ORIGIN example.org.
example.org. 3600 IN SOA ns1.example.org. host.example.org. 7 3600 600 86400 60
example.org. 3600 IN NS ns1.example.org.
example.org. 3600 IN MX 10 ns1.example.org.
txt.example.org. 0 IN TXT "a;b (c \"d\" \\ \195\164" "two"
raw.example.org. 60 IN TXT "m\195\188ller\010x\009"
x.example.org. 60 IN TYPE65280 \# 2 abcd
example.org. 60 IN CAA 0 issue "ca.example.org"
; not standard: own.example.org. 60 IN ALIAS target.example.com.
; not standard: open.example.org. 60 IN TXT "open (
example.org. 300 IN A 192.0.2.1 ; proxied, automatic TTL, comment: primary; "web" line two, tag: team:ops, tag: 
example.org. 300 IN A 192.0.2.2 ; proxied, automatic TTL, comment: müller </script>
example.org. 3600 IN AAAA 2001:db8::1
\036ttl.example.org. 60 IN A 192.0.2.5
*.example.org. 60 IN A 192.0.2.3
a\032b\059c.example.org. 60 IN A 192.0.2.6
a\.b.example.org. 60 IN A 192.0.2.4
; cdn.example.org. 60 IN A ; foreign: alias, alias to lb.example.net. in Z1
many.example.org. 60 IN A 192.0.2.7 ; foreign: weighted
many.example.org. 60 IN A 192.0.2.8 ; foreign: weighted
ns1.example.org. 60 IN A 192.0.2.53
; off.example.org. 60 IN A 192.0.2.9 ; foreign: disabled
`

func TestZoneFile(t *testing.T) {
	info := mustSave(t, t.TempDir(), sample(), meta)
	b, err := os.ReadFile(info.ZonePath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantZone, string(b)); diff != "" {
		t.Error(diff)
	}
	if n := countRecords(t, string(b)); n != zoneRecords(sample()) {
		t.Errorf("a parser reads %d records, want %d", n, zoneRecords(sample()))
	}
}

// countRecords reads a zone file as a DNS server would.
func countRecords(t interface{ Fatalf(string, ...any) }, text string) int {
	p := dns.NewZoneParser(strings.NewReader(text), "", "")
	n := 0
	for _, ok := p.Next(); ok; _, ok = p.Next() {
		n++
	}
	if err := p.Err(); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return n
}

func TestNamedLoadsTheZoneFile(t *testing.T) {
	program := needs.Program(t, "named-checkzone", "bind9-utils")
	info := mustSave(t, t.TempDir(), sample(), meta)
	compiled := filepath.Join(t.TempDir(), "compiled")
	out, err := exec.CommandContext(t.Context(), program, "-i", "local", "-D", "-o", compiled, "example.org", info.ZonePath).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(compiled)
	if err != nil {
		t.Fatal(err)
	}
	if n := countRecords(t, string(b)); n != zoneRecords(sample()) {
		t.Errorf("BIND loaded %d records, want %d:\n%s%s", n, zoneRecords(sample()), out, b)
	}
	for _, line := range []string{"192.0.2.5", "192.0.2.6", `"m\195\188ller\010x\009"`, "TYPE65280"} {
		if !strings.Contains(string(b), line) {
			t.Errorf("BIND lost %s:\n%s", line, b)
		}
	}
}

func TestIsWhole(t *testing.T) {
	for data, want := range map[string]bool{
		"192.0.2.1":            true,
		`"a" "b"`:              true,
		`"a;b"`:                true,
		`"a\"b"`:               true,
		`a\;b`:                 true,
		"ns1 host ( 1 2 3 )":   true,
		"":                     false,
		`"a`:                   false,
		`"a\"`:                 false,
		"a ; b":                false,
		"( 1":                  false,
		"1 )":                  false,
		`a\`:                   false,
		`"v=DKIM1; p=(" "x\\"`: true,
	} {
		if got := isWhole(data); got != want {
			t.Errorf("isWhole(%q) = %v", data, got)
		}
	}
}

// labels are written as they are escaped in a Name.
var labels = rapid.SampledFrom([]string{
	"www", "*", "_dmarc", "xn--ndaaa", `a\.b`, `sp\032ace`, `\036origin`, `\@`, `q\"`, `\\`, "0/25", "a-b", "$x", "a(b", "a;b", `\200`,
})

func names(t *rapid.T, what string) zone.Name {
	var n strings.Builder
	for _, l := range rapid.SliceOfN(labels, 0, 3).Draw(t, what) {
		n.WriteString(l + ".")
	}
	return zone.Name(n.String() + "example.org.")
}

func snapshots(t *rapid.T) *zone.Snapshot {
	s := &zone.Snapshot{Zone: "example.org.", Blind: rapid.SampledFrom([]string{"", "why"}).Draw(t, "blind")}
	for range rapid.IntRange(0, 8).Draw(t, "sets") {
		s.RRsets = append(s.RRsets, sets(t))
	}
	for range rapid.IntRange(0, 4).Draw(t, "texts") {
		s.Others = append(s.Others, zone.Record{
			Name: names(t, "other"), Type: "TXT", TTL: zone.TTL(rapid.Uint32Range(0, 1<<31-1).Draw(t, "ttl")),
			Data: txtData(rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 1, 3).Draw(t, "strings")),
		})
	}
	s.Sort()
	return s
}

func sets(t *rapid.T) zone.RRset {
	r := zone.RRset{
		Key: key(names(t, "name"), rapid.SampledFrom([]zone.Type{zone.A, zone.AAAA}).Draw(t, "type")),
		TTL: zone.TTL(rapid.Uint32Range(1, 1<<31-1).Draw(t, "ttl")), Auto: rapid.Bool().Draw(t, "auto"),
		Proxied: rapid.Bool().Draw(t, "proxied"),
		Foreign: rapid.SampledFrom([]string{"", "", "", "alias", "weighted", "disabled", "generated"}).Draw(t, "foreign"),
		Detail:  rapid.SampledFrom([]string{"", "weighted one=10\n two=\"20\"; x"}).Draw(t, "detail"),
	}
	members := rapid.Bool().Draw(t, "members")
	for range rapid.IntRange(0, 4).Draw(t, "addresses") {
		if b := rapid.SliceOfN(rapid.Byte(), 15, 15).Draw(t, "address"); r.Type == zone.A {
			r.Addrs = append(r.Addrs, netip.AddrFrom4([4]byte(b)))
		} else {
			r.Addrs = append(r.Addrs, netip.AddrFrom16([16]byte(append([]byte{0x20}, b...))))
		}
		if members {
			r.Members = append(r.Members, zone.Member{
				ID: rapid.StringMatching("[0-9a-f]{0,8}").Draw(t, "id"), Comment: rapid.String().Draw(t, "comment"),
				Tags: rapid.SliceOfN(rapid.String(), 0, 2).Draw(t, "tags"),
			})
		}
	}
	return r
}

// txtData is the presentation form of character strings.
func txtData(list [][]byte) string {
	var parts []string
	for _, s := range list {
		b := []byte{'"'}
		for _, c := range s {
			switch {
			case c == '"' || c == '\\':
				b = append(b, '\\', c)
			case c < ' ' || c > '~':
				b = appendDDD(b, c)
			default:
				b = append(b, c)
			}
		}
		parts = append(parts, string(append(b, '"')))
	}
	return strings.Join(parts, " ")
}

// What was saved is loaded, and the zone file holds each record that is served.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := snapshots(t)
		info := Info{Meta: meta, Taken: now, Zone: s.Zone, Counts: countOf(s)}
		doc := appendJSON(nil, info, s)
		got, h, err := decode(doc)
		if err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		if diff := cmp.Diff(s, got, asSaved); diff != "" || h.meta() != meta || !h.Taken.Equal(now) {
			t.Fatal(diff, h)
		}
		text := appendZone(nil, info, s)
		if n := countRecords(t, string(text)); n != zoneRecords(s) || countZone(text) != n {
			t.Fatalf("a parser reads %d records, %d lines are counted, want %d in\n%s", n, countZone(text), zoneRecords(s), text)
		}
	})
}

// Whatever a provider returns, a record stays on its line and strings are JSON.
func FuzzEncode(f *testing.F) {
	f.Add("www.example.org.", "TXT", `"a;b"`, "a comment")
	f.Add("\n$INCLUDE x", "A\n", "\"\n\xff\\\n", "c\n$ORIGIN x")
	f.Add("$\\", "\x00", "( ;", "\x7f\r")
	f.Fuzz(func(t *testing.T, name, typ, data, comment string) {
		s := &zone.Snapshot{
			Zone: "example.org.", Blind: comment,
			RRsets: []zone.RRset{{
				Key: key(zone.Name(name), zone.A), TTL: 60, Addrs: addrs("192.0.2.1"), Foreign: comment,
				Members: []zone.Member{{ID: comment, Comment: comment, Tags: []string{comment}}},
			}},
			Others: []zone.Record{{Name: zone.Name(name), Type: typ, TTL: 60, Data: data}},
		}
		info := Info{Meta: Meta{View: comment, Provider: comment, Run: comment}, Taken: now, Zone: s.Zone, Counts: countOf(s)}
		text := appendZone(nil, info, s)
		lines := 5
		if comment != "" { // the zone is not whole, which has a line of its own
			lines++
		}
		if n := countZone(text); n != zoneRecords(s) || strings.Count(string(text), "\n") != lines {
			t.Fatalf("%d records, want %d in\n%s", n, zoneRecords(s), text)
		}
		got, _, err := decode(appendJSON(nil, info, s))
		if err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(name) && utf8.ValidString(data) && (string(got.Others[0].Name) != name || got.Others[0].Data != data) {
			t.Fatalf("%q %q came back as %+v", name, data, got.Others[0])
		}
		var back string
		if err := json.Unmarshal(appendString(nil, comment), &back); err != nil || back != got.Blind {
			t.Fatalf("%q came back as %q, %v", comment, back, err)
		}
	})
}

func FuzzLoad(f *testing.F) {
	s := sample()
	doc := appendJSON(nil, Info{Zone: s.Zone, Taken: now, Counts: countOf(s)}, s)
	f.Add(doc)
	f.Add(doc[:len(doc)/2])
	f.Add([]byte("{\"format_version\":1,\n],\"sha256\":\"\"}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, h, err := decode(b)
		if err == nil && countOf(s) != h.Counts {
			t.Fatalf("%+v where the head says %+v", countOf(s), h.Counts)
		}
	})
}

func TestInvalidUTF8IsKeptAsEscapes(t *testing.T) {
	got := string(appendDNS(nil, "a\xff\"ü"))
	if want := `"a\\255\"ü"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
