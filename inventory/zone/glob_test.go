package zone_test

import (
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no string // names relative to example.org
	}{
		{"@", "@", "www * a.b"},
		{"www", "www", "@ ww wwww a.www www.a"},
		{"WWW", "www", "w"},
		{"dyn-*", "dyn-1 dyn- dyn-a-b", "dyn dyn-1.lab x.dyn-1 adyn-1"},
		{"*", "www * _dmarc", "@ a.b *.a"},
		{"*.lab", "a.lab *.lab", "lab a.b.lab a.lab.x"},
		{"**", "www a.b *.c.d", "@"},
		{"**.lab", "a.lab a.b.lab *.lab", "lab alab a.lab.x @"},
		{"**lab", "alab a.lab", "lab a.lab.x @"},
		{"a**", "ab a.b abc.d.e", "a @"},
		{`\*`, "*", "www a.* *.a @"},
		{`\*.lab`, "*.lab", "a.lab *"},
		{`\042`, "*", "www"},
		{"*.*", "a.b", "a a.b.c"},
		{"a.b", "a.b", `axb a\.b`},
		{`a\.b`, `a\.b`, "a.b"},
		{`*`, `a\.b`, "a.b"},
		{`**.b`, "a.b", `a\.b`},
		{"ööö", "xn--ndaaa", "ooo"},
		{"*.bücher", "a.xn--bcher-kva", "xn--bcher-kva"},
		{"a+b", "a+b", "aab"},
		{`a\ b\[`, `a\032b\[`, "ab a b"},
		{"0/25", "0/25", "0 25"},
		{"_acme-challenge*", "_acme-challenge", "_acme-challenge.www"},
	}
	const z zone.Name = "example.org."
	for _, tt := range tests {
		g, err := zone.ParseGlob(tt.pattern)
		if err != nil {
			t.Errorf("ParseGlob(%q): %v", tt.pattern, err)
			continue
		}
		if g.String() != tt.pattern {
			t.Errorf("%q is written %q", tt.pattern, g)
		}
		for rel := range strings.FieldsSeq(tt.yes) {
			if !g.Match(absolute(rel, z), z) {
				t.Errorf("%q does not match %s", tt.pattern, rel)
			}
		}
		for rel := range strings.FieldsSeq(tt.no) {
			if g.Match(absolute(rel, z), z) {
				t.Errorf("%q matches %s", tt.pattern, rel)
			}
		}
	}
}

func absolute(rel string, z zone.Name) zone.Name {
	if rel == "@" {
		return z
	}
	return zone.MustParseName(rel + "." + string(z))
}

func TestParseGlobRefuses(t *testing.T) {
	tests := []struct{ pattern, why string }{
		{"", "empty pattern"},
		{"www.", "without the final dot"},
		{"a..b", "empty label"},
		{".a", "empty label"},
		{`a\`, "an escape is"},
		{`a\300`, "an escape is"},
		{"bü*", "an asterisk in one label"},
		{"a b", `' ' is not allowed in a name; if it is meant, write \032`},
		{"@@", `'@' is not allowed in a name; if it is meant, write \@`},
		{"@.lab", "'@' is not allowed"},
		{"[a]", `'[' is not allowed in a name; if it is meant, write \[`},
		{"dyn-?", "'?' is not allowed"},
		{"!www", "'!' is not allowed"},
		{"a,b", "',' is not allowed"},
		{"a\tb", `'\t' is not allowed in a name; if it is meant, write \009`},
		{"a\u3000b", "is not allowed"},
		{`ü\.b`, "an escape beside a letter"},
	}
	for _, tt := range tests {
		if g, err := zone.ParseGlob(tt.pattern); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("ParseGlob(%q) = %v, %v; want %q", tt.pattern, g, err, tt.why)
		}
	}
}

func TestMatchAny(t *testing.T) {
	var globs []zone.Glob
	for _, s := range []string{"dyn-*", "**.lab"} {
		g, err := zone.ParseGlob(s)
		if err != nil {
			t.Fatal(err)
		}
		globs = append(globs, g)
	}
	for name, want := range map[zone.Name]bool{
		"dyn-1.example.org.": true, "a.b.lab.example.org.": true, "lab.example.org.": false, "example.org.": false,
	} {
		if got := zone.MatchAny(globs, name, "example.org."); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if zone.MatchAny(nil, "example.org.", "example.org.") || (zone.Glob{}).Match("example.org.", "example.org.") {
		t.Error("no pattern matches something")
	}
}

func FuzzParseGlob(f *testing.F) {
	for _, s := range []string{"@", "dyn-*", "**.lab", `\*`, "***", `a\.b`, "ööö", "[a-", `\`} {
		f.Add(s, "www.lab")
	}
	const z zone.Name = "example.org."
	f.Fuzz(func(t *testing.T, pattern, rel string) {
		g, err := zone.ParseGlob(pattern)
		if err != nil {
			return
		}
		if g.Match(z, z) != (pattern == "@") {
			t.Errorf("%q and the apex: %t", pattern, g.Match(z, z))
		}
		name, err := zone.ParseName(rel)
		if err != nil || name == zone.Root || pattern == "@" {
			return
		}
		name = zone.Canonical(string(name) + string(z))
		matched := g.Match(name, z)
		if plain, err := zone.ParseName(pattern); err == nil && !strings.ContainsAny(pattern, "*") {
			if want := zone.Canonical(string(plain)+string(z)) == name; matched != want {
				t.Errorf("%q and %s: %t", pattern, name, matched)
			}
		}
	})
}
