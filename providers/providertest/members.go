package providertest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// testMembers changes sets of two values and looks at what the provider keeps
// beside those that stay: with the sets as they were read, and as they come out
// of a saved plan, which knows no members.
func testMembers(t *testing.T, h Harness) {
	for _, c := range []struct{ name, after string }{
		{"TTL only", "www 60 A 192.0.2.1 192.0.2.2"},
		{"swap the second", "www 300 A 192.0.2.1 203.0.113.11"},
		{"swap the first", "www 300 A 192.0.2.2 203.0.113.11"},
		{"swap the first by a lower one", "www 300 A 10.0.0.1 192.0.2.2"},
		{"swap and TTL", "www 60 A 192.0.2.2 203.0.113.11"},
		{"add two", "www 300 A 10.0.0.1 192.0.2.1 192.0.2.2 203.0.113.11"},
		{"remove one", "www 300 A 192.0.2.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Run("as read", func(t *testing.T) { keepMembers(t, h, c.after, false) })
			t.Run("as saved", func(t *testing.T) { keepMembers(t, h, c.after, true) })
		})
	}
}

// testComments restores a set out of a backup: to other comments and tags alone,
// beside other values, and after it was deleted. What is there costs no write.
func testComments(t *testing.T, h Harness) {
	if z := open(t, h, two); !z.Provider.Limits(z.Name).Comments || h.Annotate == nil {
		t.Skip("the provider keeps no comments")
	}
	key := open(t, h, two).set("www 300 A").Key
	for _, c := range []struct {
		name string
		edit func(t *testing.T, z Zone, live *zone.RRset)
	}{
		{"nothing", func(*testing.T, Zone, *zone.RRset) {}},
		{"other comments", func(t *testing.T, z Zone, live *zone.RRset) {
			for _, a := range live.Addrs {
				h.Annotate(t, z, live.Key, a, zone.Member{Comment: "late", Tags: []string{"late:1"}})
			}
		}},
		{"no comments", func(t *testing.T, z Zone, live *zone.RRset) {
			for _, a := range live.Addrs {
				h.Annotate(t, z, live.Key, a, zone.Member{})
			}
		}},
		{"another value", func(t *testing.T, z Zone, live *zone.RRset) {
			z.write(t, providers.Change{Before: live, After: z.set("www 600 A 192.0.2.1 203.0.113.11")})
		}},
		{"deleted", func(t *testing.T, z Zone, live *zone.RRset) { z.write(t, providers.Change{Before: live}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := open(t, h, two)
			was := z.annotated(t, h, "www 300 A 192.0.2.1 192.0.2.2")
			c.edit(t, z, &was)
			check := z.watch(t)
			change := providers.Change{After: &was}
			if live, ok := z.read(t).Find(key); ok {
				live.Members = nil
				change.Before = &live
			}
			z.write(t, change)
			check(change)
			live, _ := z.read(t).Find(key)
			if !live.Equal(was) || !live.SameBeside(was) {
				t.Errorf("restored %v with %+v, want %v with %+v", live, live.Members, was, was.Members)
			}
		})
	}
}

func keepMembers(t *testing.T, h Harness, line string, saved bool) {
	z := open(t, h, two)
	before := z.annotated(t, h, "www 300 A 192.0.2.1 192.0.2.2")
	if before.Members == nil {
		t.Skip("the provider keeps nothing beside a value")
	}
	check := z.watch(t)
	seen := before.Clone()
	if saved {
		seen.Members = nil
	}
	c := providers.Change{Before: &seen, After: z.set(line)}
	z.write(t, c)
	check(c)
	z.wantMembers(t, before)
}

// annotated gives each value of a set a comment and a tag of its own, where the
// provider keeps them, and reads the set.
func (z Zone) annotated(t *testing.T, h Harness, line string) zone.RRset {
	t.Helper()
	want := z.set(line)
	if h.Annotate != nil {
		for _, a := range want.Addrs {
			h.Annotate(t, z, want.Key, a, zone.Member{Comment: "rack of " + a.String(), Tags: []string{"addr:" + a.String()}})
		}
	}
	live, ok := z.read(t).Find(want.Key)
	if !ok || !live.SameValues(*want) {
		t.Fatalf("seeded %v, read %v", want, live)
	}
	for i, a := range live.Addrs {
		if h.Annotate != nil && (live.Members == nil || live.Members[i].Comment != "rack of "+a.String()) {
			t.Fatalf("%s was given a comment, read %+v", a, live.Members)
		}
	}
	return live
}

// wantMembers checks that the values of before which are still there have kept
// everything beside them.
func (z Zone) wantMembers(t *testing.T, before zone.RRset) {
	t.Helper()
	live, _ := z.read(t).Find(before.Key)
	if len(live.Members) != len(live.Addrs) {
		t.Fatalf("%d members of %d values", len(live.Members), len(live.Addrs))
	}
	for i, a := range before.Addrs {
		j := slices.Index(live.Addrs, a)
		if j >= 0 && !sameMember(live.Members[j], before.Members[i]) {
			t.Errorf("beside %s: %+v, want %+v", a, live.Members[j], before.Members[i])
		}
	}
}

func sameMember(a, b zone.Member) bool {
	return a.ID == b.ID && a.Comment == b.Comment && slices.Equal(a.Tags, b.Tags)
}

// counted counts the writes of a provider.
type counted struct {
	providers.Provider
	writes int
}

func (c *counted) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	c.writes++
	return c.Provider.Write(ctx, z, changes)
}

func (c *counted) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	return providers.Look(ctx, c.Provider, z, keys)
}

func (c *counted) setProxied(t *testing.T, z Zone, on bool) []providers.Change {
	t.Helper()
	restore, err := providers.SetProxied(t.Context(), c, z.Name, []zone.Name{"www." + z.Name}, on)
	if err != nil {
		t.Fatalf("proxy on=%t: %v", on, err)
	}
	return restore
}

func testProxied(t *testing.T, h Harness) {
	if z := open(t, h, ""); !z.Provider.Limits(z.Name).Proxy {
		t.Skip("the provider has no proxy")
	}
	t.Run("toggle", func(t *testing.T) { testToggle(t, h) })
	t.Run("swap behind the proxy", func(t *testing.T) { testSwapProxied(t, h) })
	t.Run("automatic TTL", func(t *testing.T) { testAuto(t, h) })
	t.Run("refused", func(t *testing.T) { testToggleRefused(t, h) })
}

const dual = two + "www 300 IN AAAA 2001:db8::1\napi 300 IN A 192.0.2.3\n"

// testToggle turns the proxy of a name on, again, and back.
func testToggle(t *testing.T, h Harness) {
	z := open(t, h, dual)
	v4, v6 := z.annotated(t, h, "www 300 A 192.0.2.1 192.0.2.2"), z.annotated(t, h, "www 300 AAAA 2001:db8::1")
	check := z.watch(t)
	p := &counted{Provider: z.Provider}

	restore := p.setProxied(t, z, true)
	check(toProxied(v4), toProxied(v6))
	if p.writes != 1 || len(restore) != 2 {
		t.Errorf("%d writes, %d changes to restore: want 1 and both sets", p.writes, len(restore))
	}
	if again := p.setProxied(t, z, true); again != nil || p.writes != 1 {
		t.Errorf("a second time: %d writes, restore %v", p.writes, again)
	}
	for i := range restore { // as a journal keeps them
		b, a := restore[i].Before.Clone(), restore[i].After.Clone()
		b.Members, a.Members = nil, nil
		restore[i].Before, restore[i].After = &b, &a
	}
	z.write(t, restore...)
	check()
	if v4.Members != nil {
		z.wantMembers(t, v4)
		z.wantMembers(t, v6)
	}
}

// toProxied is the change of r that turns its proxy on.
func toProxied(r zone.RRset) providers.Change {
	after := r.Clone()
	after.Proxied, after.Auto, after.TTL = true, true, zone.AutoTTL
	return providers.Change{Before: &r, After: &after}
}

// testSwapProxied changes a value behind the proxy, with a TTL that says nothing.
func testSwapProxied(t *testing.T, h Harness) {
	z := open(t, h, dual)
	check := z.watch(t)
	(&counted{Provider: z.Provider}).setProxied(t, z, true)
	v4, _ := z.read(t).Find(z.set("www 300 A").Key)
	v6, _ := z.read(t).Find(z.set("www 300 AAAA").Key)
	before, after := *z.set("www 3600 A 192.0.2.1 192.0.2.2"), *z.set("www 60 A 192.0.2.1 203.0.113.11")
	for _, r := range []*zone.RRset{&before, &after} {
		r.Proxied, r.Auto = true, true
	}
	z.write(t, providers.Change{Before: &before, After: &after})
	after.TTL = zone.AutoTTL
	check(providers.Change{Before: &v4, After: &after}, providers.Change{Before: &v6, After: &v6})
	if v4.Members != nil {
		z.wantMembers(t, v4)
	}
}

// testAuto sets an automatic TTL without a proxy, and a TTL again.
func testAuto(t *testing.T, h Harness) {
	z := open(t, h, two)
	check := z.watch(t)
	auto := z.change("www 300 A 192.0.2.1 192.0.2.2", "www 300 A 192.0.2.1 192.0.2.2")
	auto.After.Auto, auto.After.TTL = true, zone.AutoTTL
	wantAuto := func(want bool) {
		t.Helper()
		if live, _ := z.read(t).Find(auto.Key()); live.Auto != want {
			t.Errorf("%v: automatic is %t, want %t", live, live.Auto, want)
		}
	}
	z.write(t, auto)
	check(auto)
	wantAuto(true)
	back := z.change("", "www 600 A 192.0.2.1 192.0.2.2")
	back.Before = auto.After
	z.write(t, back)
	check(back)
	wantAuto(false)
}

func testToggleRefused(t *testing.T, h Harness) {
	z := open(t, h, dual)
	check := z.watch(t)
	p := &counted{Provider: z.Provider}
	for _, name := range []zone.Name{"gone", "alias"} {
		restore, err := providers.SetProxied(t.Context(), p, z.Name, []zone.Name{"www." + z.Name, name + "." + z.Name}, true)
		if err == nil || restore != nil || p.writes != 0 {
			t.Errorf("%s has no address: restore %v, error %v, %d writes", name, restore, err, p.writes)
		}
	}
	check()
	if h.Foreign == nil {
		return
	}
	z, key := h.Foreign(t)
	check = z.watch(t)
	p = &counted{Provider: z.Provider}
	restore, err := providers.SetProxied(t.Context(), p, z.Name, []zone.Name{key.Name}, true)
	if !errors.Is(err, providers.ErrForeign) || restore != nil || p.writes != 0 {
		t.Errorf("foreign: restore %v, error %v, %d writes", restore, err, p.writes)
	}
	check()
}
