package zonefile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

// linesOf returns address sets and other records as lines.
func linesOf(s *zone.Snapshot) []string {
	return append(providertest.Sets(s), providertest.Others(s)...)
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"relative, absolute, apex", `
$TTL 1h
@ A 192.0.2.1
www A 192.0.2.2
api.example.org. A 192.0.2.3`, `
example.org. 3600 A 192.0.2.1
api.example.org. 3600 A 192.0.2.3
www.example.org. 3600 A 192.0.2.2`},
		{"inherited owner", `
$TTL 300
www A 192.0.2.1
    AAAA 2001:db8::1

 ; a comment
	A 192.0.2.2`, `
www.example.org. 300 A 192.0.2.1 192.0.2.2
www.example.org. 300 AAAA 2001:db8::1`},
		{"class and TTL in either order", `
a 1h30m IN A 192.0.2.1
b IN 2D A 192.0.2.2
c in 1w a 192.0.2.3
d CLASS1 5 TYPE1 192.0.2.4`, `
a.example.org. 5400 A 192.0.2.1
b.example.org. 172800 A 192.0.2.2
c.example.org. 604800 A 192.0.2.3
d.example.org. 5 A 192.0.2.4`},
		{"the last TTL", `
a 60 A 192.0.2.1
b A 192.0.2.2
$TTL 300
c A 192.0.2.3
d 5 A 192.0.2.4
e A 192.0.2.5`, `
a.example.org. 60 A 192.0.2.1
b.example.org. 60 A 192.0.2.2
c.example.org. 300 A 192.0.2.3
d.example.org. 5 A 192.0.2.4
e.example.org. 300 A 192.0.2.5`},
		{"SOA MINIMUM", `
@ SOA ns1 hostmaster ( 7 ; serial
    2h 1h 2w
    5m )
a A 192.0.2.1`, `
a.example.org. 300 A 192.0.2.1
example.org. 300 SOA ns1.example.org. hostmaster.example.org. 7 7200 3600 1209600 300`},
		{"origin", `
$TTL 60
$ORIGIN sub
a A 192.0.2.1
@ A 192.0.2.2
$ORIGIN deep
b A 192.0.2.3
$ORIGIN org.
example A 192.0.2.4
$ORIGIN .
x.example.org A 192.0.2.5`, `
example.org. 60 A 192.0.2.4
sub.example.org. 60 A 192.0.2.2
a.sub.example.org. 60 A 192.0.2.1
b.deep.sub.example.org. 60 A 192.0.2.3
x.example.org. 60 A 192.0.2.5`},
		{"parentheses", `
a ( 60
 IN ; the class
 A 192.0.2.1 )
( b 60 A
192.0.2.2 )`, `
a.example.org. 60 A 192.0.2.1
b.example.org. 60 A 192.0.2.2`},
		{"case and escapes", `
WWW 60 A 192.0.2.1
\065\066c 60 A 192.0.2.2
a\.b 60 A 192.0.2.3
a\032b 60 A 192.0.2.4
\$x 60 A 192.0.2.5
_f-o/o 60 A 192.0.2.6
* 60 A 192.0.2.7`, `
$x.example.org. 60 A 192.0.2.5
*.example.org. 60 A 192.0.2.7
_f-o/o.example.org. 60 A 192.0.2.6
a\ b.example.org. 60 A 192.0.2.4
a\.b.example.org. 60 A 192.0.2.3
abc.example.org. 60 A 192.0.2.2
www.example.org. 60 A 192.0.2.1`},
		{"generic data", `
a 60 A \# 4 c0000201
b 60 TYPE28 \# 16 20010db8000000000000 000000000001`, `
a.example.org. 60 A 192.0.2.1
b.example.org. 60 AAAA 2001:db8::1`},
		{"two TTLs, doubles", `
a 60 A 192.0.2.1
a 300 A 192.0.2.2
a 60 A 192.0.2.2`, `
a.example.org. 300 A 192.0.2.1 192.0.2.2`},
		{"an IPv4-mapped address", `
a 60 AAAA ::ffff:192.0.2.1`, `
a.example.org. 60 AAAA 192.0.2.1 (mapped)`},
		{"other types", `
t 60 TXT "a;b" c"d e" ; comment
m 60 MX 10 Mail
u 60 TYPE65280 \# 4 0A000001
w 60 wallet some ( data
 here ) ; comment
x 60 MX ten mail
h 60 HTTPS 1 . alpn=h2
c 60 CNAME x.y
c 60 CNAME X
c 60 CNAME a..b
c 60 PTR @`, `
t.example.org. 60 TXT "a;b" "c" "d e"
m.example.org. 60 MX 10 Mail.example.org.
u.example.org. 60 TYPE65280 \# 4 0A000001
w.example.org. 60 WALLET some data here
x.example.org. 60 MX ten mail
h.example.org. 60 HTTPS 1 . alpn="h2"
c.example.org. 60 CNAME x.y.example.org.
c.example.org. 60 CNAME X.example.org.
c.example.org. 60 CNAME a..b
c.example.org. 60 PTR example.org.`},
		{"generate", `
$TTL 60
$GENERATE 1-3/2 h${10,3}.$$ A 192.0.2.$
$GENERATE 1-2 ${0,1,d}.p 5m IN CNAME h$
$GENERATE 250-250 ${0,5,n}.v AAAA 2001:db8::${-249,2,x}`, `
h011.$.example.org. 60 A 192.0.2.1 (generated)
h013.$.example.org. 60 A 192.0.2.3 (generated)
a.f.0.v.example.org. 60 AAAA 2001:db8::1 (generated)
1.p.example.org. 300 CNAME h1.example.org.
2.p.example.org. 300 CNAME h2.example.org.`},
		{"byte order mark, CRLF", "\uFEFFa 60 A 192.0.2.1\r\n  60 A 192.0.2.2\r\n", `
a.example.org. 60 A 192.0.2.1 192.0.2.2`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, hasSOA := c.text, strings.Contains(c.text, "SOA")
			if !hasSOA {
				text += "\nexample.org. 1 IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n"
			}
			s, err := Parse(t.Context(), org, "f", text)
			if err != nil {
				t.Fatal(err)
			}
			got := linesOf(s)
			if !hasSOA {
				got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, " SOA ") })
			}
			if want := strings.Split(c.want, "\n")[1:]; !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	const head = "@ 60 A 192.0.2.1\n"
	for _, c := range []struct{ text, want string }{
		{"", "f: no record in the file"},
		{"; nothing\n\n", "f: no record in the file"},
		{head + "a 60 A 192.0.2.300", "f:2: a.example.org. A: "},
		{head + "a 60 A 2001:db8::1", "f:2: a.example.org. A 2001:db8::1: address of the other family"},
		{head + "a 60 AAAA 192.0.2.1", "f:2: a.example.org. AAAA 192.0.2.1: address of the other family"},
		{head + "a 60 AAAA fe80::1%eth0", "f:2: "},
		{head + "a 60 A 192.0.2.1 192.0.2.2", "f:2: more than one address on a line"},
		{head + "a 60 A", "f:2: no address"},
		{head + "a 60 A \\# 4 c00002", "f:2: a.example.org. A: bad generic data"},
		{head + "a 60 CH A 192.0.2.1", "f:2: class CH: only IN"},
		{head + "a 60 CLASS3 TXT x", "f:2: class CLASS3: only IN"},
		{head + "a 60 INN A 192.0.2.1", `f:2: "INN" is not a record type`},
		{head + "a 60 IN 60s A 192.0.2.1", `f:2: "60s" is not a record type`},
		{"hello world\n", `f:1: "world" is not a record type`},
		{head + "w AAAAA 192.0.2.1", `f:2: "AAAAA" is not a record type`},
		{head + "w 60 TYPE70000 \\# 0", `f:2: "TYPE70000" is not a record type`},
		{head + "w 60 TYPE0 \\# 0", `f:2: "TYPE0" is not a record type`},
		{head + "w 60 IN ANY x", `f:2: "ANY" is not a record type`},
		{head + "w 60 OPT x", `f:2: "OPT" is not a record type`},
		{head + "w 60 NONE x", `f:2: "NONE" is not a record type`},
		{head + "$GENERATE 1-2 h$ 60 FOO $", `f:2: "FOO" is not a record type`},
		{head + "m 60 MX 10 mail\n", "f: no SOA record: this is no zone file"},
		{head + "sub 60 SOA a b 1 2 3 4 5", "f:2: sub.example.org.: an SOA record stands at the apex only, which is example.org."},
		{"@ 60 SOA a b one 2 3 4 5", `f:1: SOA serial "one" is not a number`},
		{"@ 60 SOA a b 4294967296 2 3 4 5", `f:1: SOA serial "4294967296" is not a number`},
		{"@ 60 SOA a b -1 2 3 4 5", `f:1: SOA serial "-1" is not a number`},
		{"@ 60 SOA a b 1 2 3 4 soon", "f:1: SOA record that cannot be read"},
		{"@ 60 SOA a..b b 1 2 3 4 5", "f:1: SOA record that cannot be read"},
		{"@ 60 TYPE6 \\# 4 00000000", "f:1: SOA record without its seven fields"},
		{head + "a 1x A 192.0.2.1", `f:2: "1x" is not a TTL`},
		{head + "a 4294967295 A 192.0.2.1", `f:2: TTL "4294967295" is above`},
		{head + "\n\na.example.net. 60 A 192.0.2.1", "f:4: a.example.net. is outside the zone example.org."},
		{head + "aexample.org. 60 TXT x", "f:2: aexample.org. is outside"},
		{head + "a..b 60 A 192.0.2.1", `f:2: name "a..b": empty label`},
		{head + strings.Repeat("a", 64) + " 60 A 192.0.2.1", "label longer than 63 octets"},
		{head + strings.Repeat("a.", 125) + "b 60 A 192.0.2.1", "name longer than 255 octets"},
		{head + "a\\999 60 A 192.0.2.1", "escape above"},
		{head + "\"a\" 60 A 192.0.2.1", "f:2: name \"\\\"a\\\"\": quotes in a name"},
		{head + "a", "f:2: line ends before the type"},
		{head + "a 60 IN", "f:2: line ends before the type"},
		{"\n  60 A 192.0.2.1", "f:2: no owner name before this line"},
		{"a A 192.0.2.1", "f:1: no TTL"},
		{head + "a 60 MX ( 10\nmail\n", "f:2: parenthesis is not closed"},
		{head + "a 60 MX 10 mail )", "f:2: closing parenthesis"},
		{head + "a 60 TXT \"x\nb 60 A 192.0.2.1\"", "f:2: quote is not closed"},
		{head + "a 60 TXT x\\\n", "f:2: backslash at the end of a line"},
		{head + "$FOO x", "f:2: $FOO: unknown directive"},
		{head + "$TTL", "f:2: $TTL: wrong number of arguments"},
		{head + "$ORIGIN a..b", "f:2: $ORIGIN: "},
		{head + "$INCLUDE x", "f:2: $INCLUDE: included files cannot be read here"},
		{head + "$GENERATE 3-1 a$ A 192.0.2.$", "f:2: $GENERATE: \"3-1\": range"},
		{head + "$GENERATE 1-2 a${x} A 192.0.2.$", "f:2: $GENERATE: modifier"},
		{head + "$GENERATE 1-300 a$ 60 A 192.0.2.$", "f:2: a256.example.org. A: "},
		{head + "$GENERATE 0-9999999 a 60 A 192.0.2.1", "f:2: $GENERATE: more than"},
		{"@ 60 SOA a b 1 2 3 4 5\n@ 60 SOA a b 1 2 3 4 5", "f:2: second SOA record"},
		{"@ 60 SOA a b 1 2 3 4", "f:1: SOA record without its seven fields"},
	} {
		s, err := Parse(t.Context(), org, "f", c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || s != nil {
			t.Errorf("%q: error %v, want %s", c.text, err, c.want)
		}
	}
}

func TestParseCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Parse(ctx, org, "f", "a 60 A 192.0.2.1"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestInclude(t *testing.T) {
	p, path := seeded(t, soaLine+"$TTL 60\n$INCLUDE hosts/a.inc sub\nwww A 192.0.2.9\nmixed A 192.0.2.8\n")
	dir := filepath.Dir(path)
	if err := os.Mkdir(filepath.Join(dir, "hosts"), 0o700); err != nil {
		t.Fatal(err)
	}
	inc := filepath.Join(dir, "hosts", "a.inc")
	writeFile(t, inc, "$TTL 5\na A 192.0.2.1\nmixed.example.org. 60 A 192.0.2.7\nb CNAME a\n")
	want := []string{
		"mixed.example.org. 60 A 192.0.2.7 192.0.2.8 (included)",
		"a.sub.example.org. 5 A 192.0.2.1 (included)",
		"www.example.org. 60 A 192.0.2.9",
	}
	s, err := p.Read(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	if got := linesOf(s)[:3]; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	// The cache must see a change of the included file alone.
	writeFile(t, inc, "a A 192.0.2.2\n")
	s, err = p.Read(t.Context(), org)
	if err != nil || linesOf(s)[1] != "a.sub.example.org. 60 A 192.0.2.2 (included)" {
		t.Errorf("%v, error %v", s, err)
	}
	// A write leaves it alone.
	r, _ := s.Find(zone.Key{Name: "www.example.org.", Type: zone.A})
	after := r.Clone()
	after.TTL = 61
	if _, err := p.Write(t.Context(), org, []providers.Change{{Before: &r, After: &after}}); err != nil {
		t.Error(err)
	}
	writeFile(t, inc, "a 5 A 192.0.2.999\n")
	if _, err := p.Read(t.Context(), org); err == nil || !strings.Contains(err.Error(), inc+":1: ") {
		t.Errorf("error %v, want one with %s:1", err, inc)
	}
}

func TestIncludeErrors(t *testing.T) {
	p, path := seeded(t, "")
	dir := filepath.Dir(path)
	outside := filepath.Join(t.TempDir(), "outside.inc")
	writeFile(t, outside, "a 60 A 192.0.2.1\n")
	if err := os.Symlink(outside, filepath.Join(dir, "link.inc")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"../outside.inc":   "must lie in the folder",
		outside:            "must lie in the folder",
		"a/../../x":        "must lie in the folder",
		"link.inc":         "escapes",
		"missing.inc":      "no such file",
		".":                "not a regular file",
		"example.org.zone": "too many included files",
	} {
		writeFile(t, path, soaLine+"$INCLUDE "+name+"\n")
		_, err := p.Read(t.Context(), org)
		if name == "example.org.zone" && err != nil && strings.Contains(err.Error(), "second SOA") {
			continue // found even earlier
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ".zone:2: ") {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
		if errors.Is(err, providers.ErrZoneNotFound) {
			t.Errorf("%s: the zone is there: %v", name, err)
		}
	}
	writeFile(t, path, "$INCLUDE example.org.zone\n")
	if _, err := p.Read(t.Context(), org); err == nil || !strings.Contains(err.Error(), "too many included files") {
		t.Errorf("a file that includes itself: %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	p, path := seeded(t, soaLine)
	dir := filepath.Dir(path)
	if err := os.Mkdir(filepath.Join(dir, "folder.example.zone"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.example.zone")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		zone zone.Name
		want string
		is   error
	}{
		{"missing.example.", filepath.Join(dir, "missing.example.zone"), providers.ErrZoneNotFound},
		{"dangling.example.", filepath.Join(dir, "dangling.example.zone"), providers.ErrZoneNotFound},
		{"folder.example.", "folder.example.zone: not a regular file", errNotRegular},
		{"../x.", "cannot be a file's name", errFileName},
		{"0/25.2.0.192.in-addr.arpa.", "cannot be a file's name", errFileName},
		{".", "cannot be a file's name", errFileName},
		{"", "cannot be a file's name", errFileName},
	} {
		if _, err := p.Read(t.Context(), c.zone); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %s", c.zone, err, c.want)
		}
	}
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Read(t.Context(), org); os.Geteuid() != 0 && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("unreadable file: %v", err)
	}
}

func TestListZones(t *testing.T) {
	p, path := seeded(t, soaLine)
	dir := filepath.Dir(path)
	for _, name := range []string{"a.example.zone", "UPPER.zone", ".example.org.zone.lock", ".hidden.zone", "notes.txt", "b..zone"} {
		writeFile(t, filepath.Join(dir, name), "")
	}
	zones, err := p.ListZones(t.Context())
	if want := []zone.Name{"a.example.", "example.org."}; err != nil || !slices.Equal(zones, want) {
		t.Errorf("%v, error %v, want %v", zones, err, want)
	}
	if _, err := New(""); err == nil {
		t.Error("an empty folder name was taken")
	}
}
