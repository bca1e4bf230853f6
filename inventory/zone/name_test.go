package zone_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func TestParseName(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	long255 := strings.Repeat(label63+".", 3) + strings.Repeat("b", 61) // 3*64 + 62 + 1 octets
	tests := []struct{ in, want string }{
		{"www.example.org", "www.example.org."},
		{"WWW.Example.ORG.", "www.example.org."},
		{"ööö", "xn--ndaaa."},
		{"ÖÖÖ.example.org", "xn--ndaaa.example.org."},
		{"XN--NDAAA.example.org", "xn--ndaaa.example.org."},
		{"www.faß.de", "www.xn--fa-hia.de."},
		{"bücher。example", "xn--bcher-kva.example."}, // an ideographic full stop
		{"_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example."},
		{"*.bücher.example", "*.xn--bcher-kva.example."},
		{"*.example.org", "*.example.org."},
		{`\*.example.org`, "*.example.org."},
		{`\042.example.org`, "*.example.org."},
		{`a\.b.example.org`, `a\.b.example.org.`},
		{`a\046b.example.org`, `a\.b.example.org.`},
		{`a@b.example.org`, `a\@b.example.org.`},
		{`\087ww.example.org`, "www.example.org."},
		{`a b.example.org`, `a\ b.example.org.`},
		{`a\000\255.example.org`, `a\000\255.example.org.`},
		{`a\.`, `a\..`},
		{`a\\.`, `a\\.`},
		{`a\\\.`, `a\\\..`},
		{"0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa."},
		{".", "."},
		{"org", "org."},
		{label63 + ".org", label63 + ".org."},
		{long255, long255 + "."},
		{strings.Repeat(`\097`, 63) + ".org", label63 + ".org."},
	}
	for _, tt := range tests {
		if got, err := zone.ParseName(tt.in); err != nil || string(got) != tt.want {
			t.Errorf("ParseName(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestParseNameRefuses(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	tests := []struct{ in, why string }{
		{"", "empty name"},
		{"..", "empty label"},
		{".org", "empty label"},
		{"www..org", "empty label"},
		{"www.org..", "empty label"},
		{label63 + "a.org", "longer than 63 octets"},
		{strings.Repeat(label63+".", 3) + strings.Repeat("b", 62), "longer than 255 octets"},
		{strings.Repeat("ö", 70) + ".org", ""},
		{`www\`, `an escape is \X or \DDD`},
		{`a\256.org`, `an escape is \X or \DDD`},
		{`a\12.org`, `an escape is \X or \DDD`},
		{`ö\.b.org`, "an escape beside a letter outside ASCII"},
	}
	for _, tt := range tests {
		got, err := zone.ParseName(tt.in)
		if err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("ParseName(%q) = %q, %v; want %q", tt.in, got, err, tt.why)
		}
	}
}

func TestCanonical(t *testing.T) {
	tests := []struct{ in, want string }{
		{"WWW.example.org", "www.example.org."},
		{"www.example.org.", "www.example.org."},
		{"", "."},
		{".", "."},
		{`\042.Example.org.`, "*.example.org."},
		{"a\xc3\xb6.org.", `a\195\182.org.`},
		{`a\`, `a\\.`},
		{`a\999.org`, `a999.org.`},
	}
	for _, tt := range tests {
		if got := zone.Canonical(tt.in); string(got) != tt.want {
			t.Errorf("Canonical(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestIsSubdomainOf(t *testing.T) {
	tests := []struct {
		name, zone zone.Name
		want       bool
		relative   string
	}{
		{"example.org.", "example.org.", true, "@"},
		{"www.example.org.", "example.org.", true, "www"},
		{"a.b.example.org.", "example.org.", true, "a.b"},
		{"*.example.org.", "example.org.", true, "*"},
		{"badexample.org.", "example.org.", false, "badexample.org."},
		{"example.org.", "www.example.org.", false, "example.org."},
		{"org.", "example.org.", false, "org."},
		{`bad\.example.org.`, "example.org.", false, `bad\.example.org.`},
		{`bad\\.example.org.`, "example.org.", true, `bad\\`},
		{"example.org.", ".", true, "example.org."},
		{".", ".", true, "@"},
		{".", "org.", false, "."},
	}
	for _, tt := range tests {
		if got := tt.name.IsSubdomainOf(tt.zone); got != tt.want {
			t.Errorf("%s below %s: %t", tt.name, tt.zone, got)
		}
		if got := tt.name.Relative(tt.zone); got != tt.relative {
			t.Errorf("%s relative to %s: %q, want %q", tt.name, tt.zone, got, tt.relative)
		}
	}
}

func TestNameParts(t *testing.T) {
	tests := []struct {
		name     zone.Name
		labels   []string
		parent   zone.Name
		display  string
		wildcard bool
	}{
		{"www.example.org.", []string{"www", "example", "org"}, "example.org.", "www.example.org", false},
		{"*.example.org.", []string{"*", "example", "org"}, "example.org.", "*.example.org", true},
		{"a*.example.org.", []string{"a*", "example", "org"}, "example.org.", "a*.example.org", false},
		{`a\.b.org.`, []string{`a\.b`, "org"}, "org.", `a\.b.org`, false},
		{`a\\.b.org.`, []string{`a\\`, "b", "org"}, "b.org.", `a\\.b.org`, false},
		{"org.", []string{"org"}, ".", "org", false},
		{".", nil, ".", ".", false},
	}
	for _, tt := range tests {
		if got := tt.name.Labels(); !slices.Equal(got, tt.labels) {
			t.Errorf("labels of %s: %q", tt.name, got)
		}
		if got := tt.name.Parent(); got != tt.parent {
			t.Errorf("parent of %s: %s", tt.name, got)
		}
		if got := tt.name.Display(); got != tt.display {
			t.Errorf("%s is displayed as %s", tt.name, got)
		}
		if got := tt.name.IsWildcard(); got != tt.wildcard {
			t.Errorf("%s is a wildcard: %t", tt.name, got)
		}
	}
}

// TestCompareNames orders the example of RFC 4034, section 6.1.
func TestCompareNames(t *testing.T) {
	order := []string{
		".",
		"example",
		"a.example",
		"yljkjljk.a.example",
		"Z.a.example",
		"zABC.a.EXAMPLE",
		"z.example",
		`\001.z.example`,
		"*.z.example",
		`\200.z.example`,
		"examplea",
	}
	names := make([]zone.Name, len(order))
	for i, s := range order {
		names[i] = zone.MustParseName(s)
	}
	for i, a := range names {
		for j, b := range names {
			if got := zone.CompareNames(a, b); sign(got) != sign(i-j) {
				t.Errorf("CompareNames(%s, %s) = %d", a, b, got)
			}
			if got := strings.Compare(a.SortKey(), b.SortKey()); got != sign(i-j) {
				t.Errorf("the sort keys of %s and %s compare as %d", a, b, got)
			}
		}
	}
}

func sign(n int) int { return max(-1, min(1, n)) }

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"www.example.org", "ööö", `a\.b\046\000.org.`, "*.x", ".", `\`, "a..b", "xn--ndaaa", "ß。de"} {
		f.Add(s, "example.org")
	}
	f.Fuzz(func(t *testing.T, s, other string) {
		n, err := zone.ParseName(s)
		if err != nil {
			return
		}
		if again, err := zone.ParseName(string(n)); err != nil || again != n {
			t.Errorf("%q is parsed as %q, and that as %q, %v", s, n, again, err)
		}
		if zone.Canonical(string(n)) != n {
			t.Errorf("Canonical(%q) = %q", n, zone.Canonical(string(n)))
		}
		labels := n.Labels()
		if n != zone.Root && strings.Join(labels, ".")+"." != string(n) {
			t.Errorf("labels of %q: %q", n, labels)
		}
		if !n.IsSubdomainOf(n.Parent()) {
			t.Errorf("%q is not below its parent %q", n, n.Parent())
		}
		o, err := zone.ParseName(other)
		if err != nil {
			return
		}
		if a, b := zone.CompareNames(n, o), zone.CompareNames(o, n); sign(a) != -sign(b) || (a == 0) != (n == o) || sign(strings.Compare(n.SortKey(), o.SortKey())) != sign(a) {
			t.Errorf("CompareNames(%q, %q) = %d, the other way %d", n, o, a, b)
		}
		if r := n.Relative(o); n.IsSubdomainOf(o) && n != o && o != zone.Root && zone.Canonical(r+"."+string(o)) != n {
			t.Errorf("%q relative to %q is %q", n, o, r)
		}
	})
}
