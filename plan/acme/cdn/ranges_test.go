package cdn_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func list(v cdn.Vendor, date string, p ...string) cdn.List {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return cdn.List{Vendor: v, Date: day, Source: "http://127.0.0.1/", Prefixes: prefixes(p...)}
}

// TestBuiltIn: what comes with the program is whole, and Encode gives it again.
func TestBuiltIn(t *testing.T) {
	ranges, damage := cdn.Load(nil)
	if len(damage) > 0 {
		t.Fatal(damage)
	}
	want := map[cdn.Vendor]int{cdn.Cloudflare: 22, cdn.CloudFront: 243, cdn.Fastly: 21}
	for _, l := range ranges.Lists() {
		if len(l.Prefixes) != want[l.Vendor] {
			t.Errorf("%s: %d prefixes, want %d", l.Vendor, len(l.Prefixes), want[l.Vendor])
		}
		delete(want, l.Vendor)
		text, err := os.ReadFile(filepath.Join("data", string(l.Vendor)+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(l.Encode(), text) {
			t.Errorf("%s: Encode does not give the file", l.Vendor)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestLookup(t *testing.T) {
	ranges, _ := cdn.Load(fstest.MapFS{
		"fastly.txt": {Data: list(cdn.Fastly, "2026-11-01", "198.51.100.0/24", "198.51.100.128/25", "2001:db8::/32").Encode()},
	})
	tests := map[string]string{
		"198.51.100.1":        "fastly 198.51.100.0/24",
		"198.51.100.129":      "fastly 198.51.100.128/25",
		"::ffff:198.51.100.1": "fastly 198.51.100.0/24",
		"2001:db8:1::1":       "fastly 2001:db8::/32",
		"131.0.72.0":          "cloudflare 131.0.72.0/22",
		"131.0.75.255":        "cloudflare 131.0.72.0/22",
		"131.0.76.0":          "",
		"131.0.71.255":        "",
		"151.101.1.1":         "", // the newer list counts alone
	}
	for addr, want := range tests {
		got := ""
		if l, p, ok := ranges.Lookup(netip.MustParseAddr(addr)); ok {
			got = string(l.Vendor) + " " + p.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	if _, _, ok := (cdn.Ranges{}).Lookup(netip.Addr{}); ok {
		t.Error("no address is in a range")
	}
}

// TestLoad: the newer list counts; a damaged one is told, and counts for nothing.
func TestLoad(t *testing.T) {
	good := list(cdn.Fastly, "2026-11-01", "198.51.100.0/24").Encode()
	edited := func(old, text string) []byte { return bytes.Replace(good, []byte(old), []byte(text), 1) }
	const builtIn = 21
	tests := map[string]struct {
		text  []byte
		count int
		told  string
	}{
		"newer":               {good, 1, ""},
		"of the same day":     {edited("2026-11-01", "2026-08-16"), 1, ""},
		"older":               {edited("2026-11-01", "2026-08-15"), builtIn, ""},
		"empty":               {nil, builtIn, "no list of address ranges"},
		"of another program":  {[]byte("hello\n"), builtIn, "no list of address ranges"},
		"cut off in its head": {good[:58], builtIn, `the field "source" is missing`},
		"cut off":             {edited("prefixes: 1", "prefixes: 2"), builtIn, "1 prefixes in place of 2"},
		"without a prefix":    {edited("prefixes: 1\n198.51.100.0/24", "prefixes: 0"), builtIn, "0 prefixes"},
		"no number":           {edited("prefixes: 1", "prefixes: one"), builtIn, "no number"},
		"no date":             {edited("2026-11-01", "yesterday"), builtIn, "no date"},
		"another field":       {edited("source:", "sauce:"), builtIn, `in place of the field "source"`},
		"no prefix":           {edited("198.51.100.0/24", "198.51.100.0"), builtIn, "no prefix"},
		"bits behind a mask":  {edited("198.51.100.0/24", "198.51.100.1/24"), builtIn, "bits behind its mask"},
		"everything":          {edited("198.51.100.0/24", "0.0.0.0/0"), builtIn, "wider"},
		"all of IPv6":         {edited("198.51.100.0/24", "2000::/3"), builtIn, "wider"},
		"a private network":   {edited("198.51.100.0/24", "10.0.0.0/24"), builtIn, "not of the public internet"},
		"loopback":            {edited("198.51.100.0/24", "127.0.0.0/24"), builtIn, "not of the public internet"},
		"IPv4 as IPv6":        {edited("198.51.100.0/24", "::ffff:198.51.100.0/120"), builtIn, "not of the public internet"},
		"of another vendor":   {edited("fastly", "cloudflare"), builtIn, "it is a list of cloudflare"},
		"of nobody":           {edited("fastly", "acme"), builtIn, "no vendor"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ranges, damage := cdn.Load(fstest.MapFS{"fastly.txt": {Data: tt.text}})
			l, ok := ranges.List(cdn.Fastly)
			if !ok || len(l.Prefixes) != tt.count {
				t.Errorf("%d prefixes, want %d", len(l.Prefixes), tt.count)
			}
			if l.Refreshed != (tt.count != builtIn) {
				t.Errorf("refreshed: %v", l.Refreshed)
			}
			switch {
			case tt.told == "":
				if len(damage) > 0 {
					t.Error(damage)
				}
			case len(damage) != 1 || !strings.Contains(damage[0].Error(), tt.told):
				t.Errorf("%v, want %q", damage, tt.told)
			default:
				if d, ok := errors.AsType[*cdn.DamageError](damage[0]); !ok || d.File != "fastly.txt" {
					t.Errorf("%v names no file", damage[0])
				}
			}
		})
	}
}

func TestSave(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "cdn")
	want := list(cdn.Cloudflare, "2026-11-02", "2001:db8::/32", "198.51.100.0/24", "198.51.100.0/24")
	if err := cdn.Save(folder, want); err != nil {
		t.Fatal(err)
	}
	ranges, damage := cdn.Load(os.DirFS(folder))
	got, _ := ranges.List(cdn.Cloudflare)
	if len(damage) > 0 || !slices.Equal(got.Prefixes, prefixes("198.51.100.0/24", "2001:db8::/32")) || !got.Date.Equal(want.Date) {
		t.Errorf("%v, %v", got, damage)
	}
	info, err := os.Stat(filepath.Join(folder, "cloudflare.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %s, want 0600", info.Mode())
	}
	if err := cdn.Save(folder, cdn.List{Vendor: cdn.Cloudflare}); err == nil {
		t.Error("an empty list was saved")
	}
	if err := cdn.Save(filepath.Join(folder, "no", "where"), want); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want that there is no such folder", err)
	}
	if again, _ := cdn.Load(os.DirFS(folder)); len(again.Lists()) != len(ranges.Lists()) {
		t.Error("a refused list has left something behind")
	}
}

func TestCompare(t *testing.T) {
	two := list(cdn.Fastly, "2026-11-01", "198.51.100.0/24", "203.0.113.0/24")
	tests := map[string]struct {
		before, after  cdn.List
		added, removed string
		shrunk         bool
	}{
		"equal":       {two, two, "", "", false},
		"one more":    {two, list(cdn.Fastly, "2026-11-02", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"), "2001:db8::/32", "", false},
		"half":        {two, list(cdn.Fastly, "2026-11-02", "192.0.2.0/24"), "192.0.2.0/24", "198.51.100.0/24 203.0.113.0/24", false},
		"none before": {cdn.List{}, two, "198.51.100.0/24 203.0.113.0/24", "", false},
		"less than half": {
			list(cdn.Fastly, "2026-11-01", "198.51.100.0/24", "203.0.113.0/24", "192.0.2.0/24"),
			list(cdn.Fastly, "2026-11-02", "192.0.2.0/24"), "", "198.51.100.0/24 203.0.113.0/24", true,
		},
	}
	text := func(list []netip.Prefix) string {
		var out []string
		for _, p := range list {
			out = append(out, p.String())
		}
		return strings.Join(out, " ")
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := cdn.Compare(tt.before, tt.after)
			if text(c.Added) != tt.added || text(c.Removed) != tt.removed || c.Empty() != (tt.added+tt.removed == "") {
				t.Errorf("added %s, removed %s", text(c.Added), text(c.Removed))
			}
			if err := c.Check(); errors.Is(err, cdn.ErrShrunk) != tt.shrunk || (err != nil) != tt.shrunk {
				t.Errorf("check: %v", err)
			}
		})
	}
}

func TestOlder(t *testing.T) {
	c := cdn.Compare(list(cdn.Fastly, "2026-11-02", "192.0.2.0/24"), list(cdn.Fastly, "2026-11-01", "192.0.2.0/24"))
	if err := c.Check(); !errors.Is(err, cdn.ErrOlder) || errors.Is(err, cdn.ErrShrunk) {
		t.Errorf("%v, want that it is older", err)
	}
}

// FuzzParseList: what can be read can be written, and read again.
func FuzzParseList(f *testing.F) {
	f.Add(list(cdn.Fastly, "2026-11-01", "198.51.100.0/24", "2001:db8::/32").Encode())
	f.Add([]byte("# dnsplan address ranges 1\nvendor: fastly\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := cdn.ParseList(text)
		if err != nil {
			return
		}
		again, err := cdn.ParseList(l.Encode())
		if err != nil {
			t.Fatalf("%v: %s", err, l.Encode())
		}
		if !slices.Equal(again.Prefixes, l.Prefixes) || again.Source != l.Source || !again.Date.Equal(l.Date) {
			t.Fatalf("%v, want %v", again, l)
		}
	})
}
