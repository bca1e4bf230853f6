package providertest

import (
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/providers"
)

func testChange(t *testing.T, h Harness) {
	for _, c := range []struct{ name, seed, before, after string }{
		{"create", "", "", "www 300 A 192.0.2.1"},
		{"create IPv6", "", "", "www 300 AAAA 2001:db8::1"},
		{"create two values", "", "", "www 300 A 192.0.2.1 192.0.2.2"},
		{"create beside TXT", "txt 300 IN TXT \"x\"\n", "", "txt 300 A 192.0.2.1"},
		{"create at an empty non-terminal", "", "", "_tcp 300 A 192.0.2.1"},
		{"create deep", "", "", "a.b.c 300 A 192.0.2.1"},
		{"update", "www 300 IN A 192.0.2.1\n", "www 300 A 192.0.2.1", "www 300 A 203.0.113.11"},
		{"update IPv6", "www 300 IN AAAA 2001:db8::1\n", "www 300 AAAA 2001:db8::1", "www 300 AAAA 2001:db8::2"},
		{"update both", "www 300 IN A 192.0.2.1\n", "www 300 A 192.0.2.1", "www 60 A 203.0.113.11"},
		{"TTL", "www 3600 IN A 192.0.2.1\n", "www 3600 A 192.0.2.1", "www 300 A 192.0.2.1"},
		{"TTL of two", two, "www 300 A 192.0.2.1 192.0.2.2", "www 600 A 192.0.2.1 192.0.2.2"},
		{"swap one of two", two, "www 300 A 192.0.2.1 192.0.2.2", "www 300 A 192.0.2.1 203.0.113.11"},
		{"add a value", two, "www 300 A 192.0.2.1 192.0.2.2", "www 300 A 192.0.2.1 192.0.2.2 192.0.2.3"},
		{"remove a value", two, "www 300 A 192.0.2.1 192.0.2.2", "www 300 A 192.0.2.2"},
		{"two to three others", two, "www 300 A 192.0.2.1 192.0.2.2", "www 300 A 203.0.113.1 203.0.113.2 203.0.113.3"},
		{"delete", "www 300 IN A 192.0.2.1\n", "www 300 A 192.0.2.1", ""},
		{"delete two", two, "www 300 A 192.0.2.1 192.0.2.2", ""},
		{"apex create", "", "", "@ 300 A 192.0.2.1"},
		{"apex update", "@ 300 IN A 192.0.2.1\n", "@ 300 A 192.0.2.1", "@ 300 A 203.0.113.11"},
		{"apex delete", "@ 300 IN A 192.0.2.1\n", "@ 300 A 192.0.2.1", ""},
		{"wildcard create", "", "", "* 300 A 192.0.2.1"},
		{"wildcard update", "*.lab 300 IN A 192.0.2.1\n", "*.lab 300 A 192.0.2.1", "*.lab 300 A 203.0.113.11"},
		{"A-label", "xn--bcher-kva 300 IN A 192.0.2.1\n", "xn--bcher-kva 300 A 192.0.2.1", "xn--bcher-kva 300 A 203.0.113.11"},
		{"A-label in upper case", "XN--BCHER-KVA 300 IN A 192.0.2.1\n", "bücher 300 A 192.0.2.1", "bücher 60 A 192.0.2.1"},
		{"U-label", "xn--ndaaa.lab 300 IN AAAA 2001:db8::1\n", "ööö.lab 300 AAAA 2001:db8::1", "ööö.lab 300 AAAA 2001:db8::2"},
		{"create at a U-label", "", "", "bücher 300 A 192.0.2.1"},
		{"delete at a U-label", "xn--bcher-kva 300 IN A 192.0.2.1\n", "bücher 300 A 192.0.2.1", ""},
		{"upper case in the source", "WWW 300 IN A 192.0.2.1\n", "www 300 A 192.0.2.1", "www 300 A 203.0.113.11"},
		{"name server", "", "ns1 3600 A 192.0.2.53", "ns1 300 A 203.0.113.53"},
		{"glue", "", "ns.sub 3600 A 192.0.2.54", "ns.sub 3600 A 203.0.113.54"},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := open(t, h, c.seed)
			check := z.watch(t)
			ch := z.change(c.before, c.after)
			if r := z.write(t, ch); r.Requests < 1 {
				t.Errorf("%d requests for a change", r.Requests)
			}
			check(ch)
		})
	}
}

const two = "www 300 IN A 192.0.2.1\nwww 300 IN A 192.0.2.2\n"

func testBatch(t *testing.T, h Harness) {
	z := open(t, h, two+"www 300 IN AAAA 2001:db8::1\nold 300 IN A 192.0.2.9\n")
	check := z.watch(t)
	changes := []providers.Change{
		z.change("www 300 A 192.0.2.1 192.0.2.2", "www 60 A 203.0.113.1"),
		z.change("www 300 AAAA 2001:db8::1", "www 60 AAAA 2001:db8::2 2001:db8::3"),
		z.change("", "new 60 A 203.0.113.1"),
		z.change("", "new 60 AAAA 2001:db8::2"),
		z.change("old 300 A 192.0.2.9", ""),
	}
	z.write(t, changes...)
	check(changes...)
}

// testRepeat writes what is there already, as a step does that runs twice.
func testRepeat(t *testing.T, h Harness) {
	z := open(t, h, two)
	check := z.watch(t)
	line := "www 300 A 192.0.2.1 192.0.2.2"
	z.write(t, z.change(line, line))
	check()
}

func testCNAME(t *testing.T, h Harness) {
	t.Run("without Replaces", func(t *testing.T) {
		z := open(t, h, "")
		check := z.watch(t)
		_, err := z.Provider.Write(t.Context(), z.Name, []providers.Change{z.change("", "alias 300 A 192.0.2.1")})
		if !isRefused(err) {
			t.Errorf("error %v, want a RefusedError", err)
		}
		check()
	})
	t.Run("other target", func(t *testing.T) {
		z := open(t, h, "")
		check := z.watch(t)
		c := z.change("", "alias 300 A 192.0.2.1")
		c.Replaces = "elsewhere." + z.Name
		_, err := z.Provider.Write(t.Context(), z.Name, []providers.Change{c})
		wantConflict(t, err, c.Key())
		check()
	})
	t.Run("with Replaces", func(t *testing.T) {
		z := open(t, h, "")
		before, others := z.read(t), z.others(t)
		a, aaaa := z.change("", "alias 300 A 192.0.2.1"), z.change("", "alias 300 AAAA 2001:db8::1")
		a.Replaces, aaaa.Replaces = "mail."+z.Name, "mail."+z.Name
		z.write(t, a, aaaa)
		wantLines(t, "address sets", Sets(z.read(t)), applied(before, a, aaaa))
		wantLines(t, "other records", z.others(t), slices.DeleteFunc(others, isCNAME))
	})
}
