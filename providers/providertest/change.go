package providertest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
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
		{"upper case in the source", "WWW 300 IN A 192.0.2.1\n", "www 300 A 192.0.2.1", "www 300 A 203.0.113.11"},
		{"name server", "", "ns1 3600 A 192.0.2.53", "ns1 300 A 203.0.113.53"},
		{"glue", "", "ns.sub 3600 A 192.0.2.54", "ns.sub 3600 A 203.0.113.54"},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := open(t, h, c.seed)
			check := z.watch(t)
			ch := z.change(t, c.before, c.after)
			if r := z.write(t, ch); r.Requests < 1 {
				t.Errorf("%d requests for a change", r.Requests)
			}
			check(ch)
		})
	}
}

const two = "www 300 IN A 192.0.2.1\nwww 300 IN A 192.0.2.2\n"

// testMembers swaps one of two values with the sets as they were read, as apply
// does, and looks at what the provider keeps beside the other.
func testMembers(t *testing.T, h Harness) {
	z := open(t, h, two)
	check := z.watch(t)
	before, ok := z.read(t).Find(z.set(t, "www 300 A 192.0.2.1").Key)
	if !ok {
		t.Fatal("seeded set not found")
	}
	if before.Members == nil {
		t.Skip("the provider keeps nothing beside a value")
	}
	after := before.Clone()
	after.Addrs = z.set(t, "www 300 A 192.0.2.1 203.0.113.11").Addrs
	after.Members = nil // members are the provider's, a caller need not know them
	c := providers.Change{Before: &before, After: &after}
	z.write(t, c)
	check(c)
	live, _ := z.read(t).Find(before.Key)
	if len(live.Members) != 2 || !sameMember(live.Members[0], before.Members[0]) {
		t.Errorf("members of a value that stays: %+v, want %+v", live.Members, before.Members[0])
	}
}

func sameMember(a, b zone.Member) bool {
	return a.ID == b.ID && a.Comment == b.Comment && slices.Equal(a.Tags, b.Tags)
}

func testBatch(t *testing.T, h Harness) {
	z := open(t, h, two+"www 300 IN AAAA 2001:db8::1\nold 300 IN A 192.0.2.9\n")
	check := z.watch(t)
	changes := []providers.Change{
		z.change(t, "www 300 A 192.0.2.1 192.0.2.2", "www 60 A 203.0.113.1"),
		z.change(t, "www 300 AAAA 2001:db8::1", "www 60 AAAA 2001:db8::2 2001:db8::3"),
		z.change(t, "", "new 60 A 203.0.113.1"),
		z.change(t, "", "new 60 AAAA 2001:db8::2"),
		z.change(t, "old 300 A 192.0.2.9", ""),
	}
	z.write(t, changes...)
	check(changes...)
}

func testMany(t *testing.T, h Harness) {
	n := h.Sets
	if n == 0 {
		n = 1200
	}
	z := open(t, h, "")
	check := z.watch(t)
	var create, update []providers.Change
	for i := range n {
		first := fmt.Sprintf("h%d 300 A 10.0.%d.%d", i, i>>8, i&255)
		second := fmt.Sprintf("h%d 60 A 10.1.%d.%d", i, i>>8, i&255)
		create = append(create, z.change(t, "", first))
		update = append(update, z.change(t, first, second))
	}
	z.write(t, create...)
	check(create...)
	z.write(t, update...)
	check(update...)
}

// testRepeat writes what is there already, as a step does that runs twice.
func testRepeat(t *testing.T, h Harness) {
	z := open(t, h, two)
	check := z.watch(t)
	line := "www 300 A 192.0.2.1 192.0.2.2"
	z.write(t, z.change(t, line, line))
	check()
}

func testCNAME(t *testing.T, h Harness) {
	t.Run("without Replaces", func(t *testing.T) {
		z := open(t, h, "")
		check := z.watch(t)
		_, err := z.Provider.Write(t.Context(), z.Name, []providers.Change{z.change(t, "", "alias 300 A 192.0.2.1")})
		if !isRefused(err) {
			t.Errorf("error %v, want a RefusedError", err)
		}
		check()
	})
	t.Run("other target", func(t *testing.T) {
		z := open(t, h, "")
		check := z.watch(t)
		c := z.change(t, "", "alias 300 A 192.0.2.1")
		c.Replaces = "elsewhere." + z.Name
		_, err := z.Provider.Write(t.Context(), z.Name, []providers.Change{c})
		wantConflict(t, err, c.Key())
		check()
	})
	t.Run("with Replaces", func(t *testing.T) {
		z := open(t, h, "")
		before, others := z.read(t), z.others(t)
		a, aaaa := z.change(t, "", "alias 300 A 192.0.2.1"), z.change(t, "", "alias 300 AAAA 2001:db8::1")
		a.Replaces, aaaa.Replaces = "mail."+z.Name, "mail."+z.Name
		z.write(t, a, aaaa)
		wantLines(t, "address sets", sets(z.read(t)), applied(before, a, aaaa))
		wantLines(t, "other records", z.others(t), slices.DeleteFunc(others, isCNAME))
	})
}
