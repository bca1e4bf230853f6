package providers_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// set reads "www 300 A 192.0.2.1 192.0.2.2"; nil for an empty line. A TTL of
// "auto" is the provider's choice, "proxied" that of a set behind a proxy. Another
// type than A and AAAA is TXT.
func set(t *testing.T, line string) *zone.RRset {
	t.Helper()
	f := strings.Fields(line)
	if len(f) == 0 {
		return nil
	}
	name := zone.Name(f[0])
	if !strings.HasSuffix(f[0], ".") {
		name += "." + org
	}
	r := &zone.RRset{Key: zone.Key{Name: name, Type: 16}}
	if typ, err := zone.ParseType(f[2]); err == nil {
		r.Type = typ
	}
	switch f[1] {
	case "auto", "proxied":
		r.TTL, r.Auto, r.Proxied = zone.AutoTTL, true, f[1] == "proxied"
	case "0":
	case "2147483648":
		r.TTL = zone.MaxTTL + 1
	default:
		ttl, err := zone.ParseTTL(f[1])
		if err != nil {
			t.Fatal(err)
		}
		r.TTL = ttl
	}
	for _, a := range f[3:] {
		r.Addrs = append(r.Addrs, netip.MustParseAddr(a))
	}
	return r
}

// change reads "before > after", or "before > after replaces target.", either
// side of which may be empty.
func change(t *testing.T, line string) providers.Change {
	t.Helper()
	sides, replaces, _ := strings.Cut(line, "replaces ")
	before, after, _ := strings.Cut(sides, ">")
	return providers.Change{Before: set(t, before), After: set(t, after), Replaces: zone.Name(replaces)}
}

func changes(t *testing.T, lines []string) []providers.Change {
	t.Helper()
	var out []providers.Change
	for _, l := range lines {
		out = append(out, change(t, l))
	}
	return out
}

func foreignChange(t *testing.T, line string) providers.Change {
	t.Helper()
	c := change(t, line)
	c.Before.Foreign, c.Before.Addrs = "alias", nil
	return c
}

// What a batch is refused for before anything is asked; the last of its changes
// is the culprit.
func TestNewBatchRefuses(t *testing.T) {
	proxy := providers.Rules{Limits: providers.Limits{Proxy: true, MinTTL: 60, MaxTTL: 86400}}
	for _, tt := range []struct {
		name  string
		rules providers.Rules
		lines []string
		want  string // empty: nothing
	}{
		{"what fits", providers.Rules{}, []string{"> www 300 A 192.0.2.1", "www 300 AAAA 2001:db8::1 > www 60 AAAA 2001:db8::2", "old 300 A 192.0.2.1 >"}, ""},
		{"the apex", providers.Rules{}, []string{"> example.org. 300 A 192.0.2.1"}, ""},
		{"another zone", providers.Rules{}, []string{"> www.example.net. 300 A 192.0.2.1"}, "the name lies outside the zone example.org."},
		{"a name that only ends alike", providers.Rules{}, []string{"> myexample.org. 300 A 192.0.2.1"}, "outside the zone"},
		{"a deletion outside", providers.Rules{}, []string{"www.example.net. 300 A 192.0.2.1 >"}, "outside the zone"},
		{"another type", providers.Rules{}, []string{"> www 300 TXT 192.0.2.1"}, "only A and AAAA are written"},
		{"no address", providers.Rules{}, []string{"> www 300 A"}, "no address"},
		{"an address of the other family", providers.Rules{}, []string{"> www 300 A 2001:db8::1"}, "2001:db8::1 is no address of type A"},
		{"an IPv4 address in an AAAA set", providers.Rules{}, []string{"> www 300 AAAA 192.0.2.1"}, "192.0.2.1 is no address of type AAAA"},
		{"an IPv4-mapped address", providers.Rules{}, []string{"> www 300 AAAA ::ffff:192.0.2.1"}, "192.0.2.1 is no address of type AAAA"},
		{"an IPv4-mapped address where it may be", providers.Rules{Mapped: true}, []string{"> www 300 AAAA ::ffff:192.0.2.1"}, ""},
		{"the other family where mapped ones may be", providers.Rules{Mapped: true}, []string{"> www 300 A 2001:db8::1"}, "no address of type A"},
		{"an address with a zone", providers.Rules{}, []string{"> www 300 AAAA fe80::1%eth0"}, "fe80::1%eth0 is no address of type AAAA"},
		{"two keys", providers.Rules{}, []string{"www 300 A 192.0.2.1 > api 300 A 192.0.2.1"}, "before and after have different keys"},
		{"one set twice", providers.Rules{}, []string{"> www 300 A 192.0.2.1", "> www 60 A 192.0.2.2"}, "two changes of one RRset in one write"},
		{"a deletion that replaces", providers.Rules{}, []string{"www 300 A 192.0.2.1 > replaces x."}, "a deletion replaces no CNAME record"},
		{"A and AAAA replace the same", providers.Rules{}, []string{"> www 300 A 192.0.2.1 replaces x.", "> www 300 AAAA 2001:db8::1 replaces x."}, ""},
		{"A and AAAA at odds", providers.Rules{}, []string{"> www 300 A 192.0.2.1 replaces x.", "> www 300 AAAA 2001:db8::1 replaces y."}, "A and AAAA replace different CNAME records"},
		{"a proxy where there is none", providers.Rules{}, []string{"> www proxied A 192.0.2.1"}, "the provider has no proxy"},
		{"an automatic TTL where there is none", providers.Rules{}, []string{"> www auto A 192.0.2.1"}, "the provider has no automatic TTL"},
		{"a proxy", proxy, []string{"> www proxied A 192.0.2.1", "> api auto A 192.0.2.1"}, ""},
		{"the TTL 0", providers.Rules{}, []string{"> www 0 A 192.0.2.1"}, ""},
		{"above what the DNS has", providers.Rules{}, []string{"> www 2147483648 A 192.0.2.1"}, "TTL 2147483648 is not from 0 to 2147483647, which the provider takes"},
		{"below the minimum", proxy, []string{"> www 59 A 192.0.2.1"}, "TTL 59 is not from 60 to 86400"},
		{"above the maximum", proxy, []string{"www 300 A 192.0.2.1 > www 86401 A 192.0.2.1"}, "TTL 86401 is not from 60 to 86400"},
		{"a low TTL that is there", proxy, []string{"www 30 A 192.0.2.1 > www 30 A 192.0.2.2"}, ""},
		{"a low TTL out of an automatic one", proxy, []string{"www proxied A 192.0.2.1 > www 30 A 192.0.2.1"}, "TTL 30 is not"},
		{"a reason of the provider's own", providers.Rules{Also: func(c providers.Change) string { return "not " + string(c.Key().Name) }}, []string{"> www 300 A 192.0.2.1"}, "not www.example.org."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := append(changes(t, []string{"> other 300 A 192.0.2.9"}), changes(t, tt.lines)...)
			if tt.rules.Also != nil {
				all = all[1:]
			}
			_, err := providers.NewBatch(org, all, tt.rules)
			refused, ok := errors.AsType[*providers.RefusedError](err)
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (!ok || !strings.Contains(refused.Reason, tt.want) || refused.Culprit != all[len(all)-1].Key() || len(refused.Keys) != len(all)):
				t.Errorf("%v, want a refusal of %d sets: %q", err, len(all), tt.want)
			}
		})
	}
	if b, err := providers.NewBatch(org, []providers.Change{{}}, providers.Rules{}); b != nil || err == nil {
		t.Errorf("nothing into nothing: %v, %v", b, err)
	}
	if b, err := providers.NewBatch(org, nil, providers.Rules{}); err != nil || len(b.Changes) != 0 {
		t.Errorf("no change: %v, %v", b, err)
	}
}

// A set that calls itself foreign is not judged by its values, but a batch that
// can never be is refused first.
func TestNewBatchForeign(t *testing.T) {
	foreign := foreignChange(t, "www 300 A > www 60 A")
	if _, err := providers.NewBatch(org, []providers.Change{foreign}, providers.Rules{}); !errors.Is(err, providers.ErrForeign) || !strings.Contains(err.Error(), "www.example.org. A (alias)") {
		t.Errorf("%v, want ErrForeign", err)
	}
	_, err := providers.NewBatch(org, []providers.Change{foreign, change(t, "> api 300 A")}, providers.Rules{})
	if _, ok := errors.AsType[*providers.RefusedError](err); !ok {
		t.Errorf("%v, want the refusal", err)
	}
}

// A batch shares no memory with the caller's changes, has values in order and
// names together, and parts and reasons of it name what is theirs.
func TestBatchCopies(t *testing.T) {
	in := changes(t, []string{"> www 300 A 192.0.2.2 192.0.2.1 192.0.2.2", "> api 300 A 192.0.2.3", "> www 300 AAAA 2001:db8::1 replaces x."})
	in[0].After.Members = []zone.Member{{Comment: "two", Tags: []string{"t"}}, {Comment: "one"}, {}}
	in[1].After.Members = []zone.Member{{}, {Comment: "of no address"}}
	b, err := providers.NewBatch(org, in, providers.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	in[0].After.Addrs[0], in[0].After.Members[0].Tags[0] = netip.MustParseAddr("203.0.113.1"), "changed"
	var got []string
	for _, g := range b.Groups {
		line := []string{string(g.Name)}
		for _, c := range g.Changes {
			line = append(line, c.After.String())
		}
		got = append(got, strings.Join(append(line, string(g.Replaces)), " | "))
	}
	want := []string{
		"www.example.org. | www.example.org. 300 A 192.0.2.1 192.0.2.2 | www.example.org. 300 AAAA 2001:db8::1 | x.",
		"api.example.org. | api.example.org. 300 A 192.0.2.3 | ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if m := b.Changes[0].After.Members; len(m) != 2 || m[0].Comment != "one" || m[1].Comment != "two" || m[1].Tags[0] != "t" {
		t.Errorf("members %+v", m)
	}
	if m := b.Changes[2].After.Members; m != nil {
		t.Errorf("members of no address: %+v", m)
	}
	keys := []zone.Key{{Name: www, Type: zone.A}, {Name: www, Type: zone.AAAA}, {Name: api, Type: zone.A}}
	if !slices.Equal(b.Keys(), keys) {
		t.Errorf("keys %v", b.Keys())
	}
	part := b.Part(b.Groups[1])
	if r := part.Refuse(keys[2], "quota"); !slices.Equal(r.Keys, keys[2:]) || r.Culprit != keys[2] || r.Reason != "quota" || part.Zone != org {
		t.Errorf("%+v", r)
	}
	if part.Add(b.Groups[0]); len(part.Changes) != 3 || len(b.Groups) != 2 {
		t.Errorf("%d changes", len(part.Changes))
	}
}

// checked is the zone that TestCheck compares with. Its CNAME records at "many"
// are those of a routing policy.
func checked(t *testing.T) *zone.Snapshot {
	t.Helper()
	s := &zone.Snapshot{Zone: org, RRsets: []zone.RRset{*set(t, "www 300 A 192.0.2.1 192.0.2.2"), *set(t, "cdn proxied A 192.0.2.1"), *set(t, "off 300 A 192.0.2.5"), *set(t, "both 300 A 192.0.2.6")}}
	s.RRsets[2].Foreign, s.RRsets[2].Detail = "disabled", "its records are disabled"
	s.Sort()
	for name, target := range map[string]string{"alias": "Mail.example.net", "locked": "mail.example.net.", "both": "mail.example.net."} {
		s.Others = append(s.Others, zone.Record{Name: zone.Name(name) + "." + org, Type: "CNAME", TTL: 300, Data: target})
	}
	for _, target := range []string{"a.", "a.", "b."} {
		s.Others = append(s.Others, zone.Record{Name: "many." + org, Type: "CNAME", Data: target})
	}
	s.Others = append(s.Others, zone.Record{Name: "text." + org, Type: "TXT", Data: `"x"`})
	return s
}

func TestCheck(t *testing.T) {
	const (
		foreign  = "foreign"
		conflict = "conflict"
		refused  = "refused"
	)
	for _, tt := range []struct {
		name    string
		lines   []string
		kind    string // empty: nothing is wrong
		culprit string
		says    string
	}{
		{"as seen", []string{"www 300 A 192.0.2.2 192.0.2.1 > www 60 A 192.0.2.1", "> new 60 A 192.0.2.1", "> www 60 AAAA 2001:db8::1"}, "", "", ""},
		{"beside other types", []string{"> text 60 A 192.0.2.1"}, "", "", ""},
		{"an automatic TTL", []string{"cdn proxied A 192.0.2.1 >"}, "", "", ""},
		{"other values", []string{"www 300 A 192.0.2.1 > www 60 A 192.0.2.1"}, conflict, "www A", "seen www.example.org. 300 A 192.0.2.1, now www.example.org. 300 A 192.0.2.1 192.0.2.2"},
		{"another TTL", []string{"www 60 A 192.0.2.1 192.0.2.2 >"}, conflict, "www A", "now www.example.org. 300 A"},
		{"another proxy", []string{"cdn auto A 192.0.2.1 > cdn 60 A 192.0.2.1"}, conflict, "cdn A", "(proxied)"},
		{"gone", []string{"gone 300 A 192.0.2.1 >"}, conflict, "gone A", "now nothing"},
		{"there already", []string{"> www 300 A 192.0.2.1 192.0.2.2"}, conflict, "www A", "seen nothing, now www"},
		{"foreign", []string{"off 300 A 192.0.2.5 >"}, foreign, "", "off.example.org. A (its records are disabled)"},
		{"foreign comes before moved and CNAME", []string{"gone 300 A 192.0.2.1 >", "> alias 300 A 192.0.2.1", "> off 60 A 192.0.2.5"}, foreign, "", "off.example.org. A"},
		{"moved comes before CNAME", []string{"> alias 300 A 192.0.2.1", "gone 300 A 192.0.2.1 >"}, conflict, "gone A", "now nothing"},
		{"a CNAME record in the way", []string{"> new 60 A 192.0.2.1", "> alias 60 AAAA 2001:db8::1"}, refused, "alias AAAA", "there is a CNAME record to mail.example.net."},
		{"a CNAME record beside what is there", []string{"both 300 A 192.0.2.6 > both 60 A 192.0.2.6"}, "", "", ""},
		{"a CNAME record goes", []string{"> alias 60 A 192.0.2.1 replaces mail.example.net."}, "", "", ""},
		{"a CNAME record goes, as one of the two says", []string{"> alias 60 A 192.0.2.1", "> alias 60 AAAA 2001:db8::1 replaces mail.example.net."}, "", "", ""},
		{"a CNAME record has moved", []string{"> alias 60 A 192.0.2.1 replaces x."}, conflict, "alias A", "the CNAME record to replace points to x., now to mail.example.net."},
		{"a CNAME record has gone", []string{"> new 60 A 192.0.2.1", "> gone 60 A 192.0.2.1 replaces x."}, conflict, "gone A", "points to x., now to nothing"},
		{"several CNAME records", []string{"> many 60 A 192.0.2.1 replaces a."}, conflict, "many A", "points to a., now to a., b."},
		{"a CNAME record that is not dnsplan's", []string{"gone 300 A 192.0.2.1 >", "> locked 60 A 192.0.2.1 replaces mail.example.net."}, foreign, "", "locked.example.org. CNAME (it is locked)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := providers.NewBatch(org, changes(t, tt.lines), providers.Rules{Limits: providers.Limits{Proxy: true}})
			if err != nil {
				t.Fatal(err)
			}
			err = b.Check(checked(t), func(name zone.Name) string {
				if name == "locked."+org {
					return "it is locked"
				}
				return ""
			})
			moved, isConflict := errors.AsType[*providers.ConflictError](err)
			refusal, isRefused := errors.AsType[*providers.RefusedError](err)
			kind, culprit := "", zone.Key{}
			switch {
			case errors.Is(err, providers.ErrForeign):
				kind = foreign
			case isConflict && len(moved.Keys) == 1:
				kind, culprit = conflict, moved.Keys[0]
			case isRefused && len(refusal.Keys) == len(tt.lines):
				kind, culprit = refused, refusal.Culprit
			case err != nil:
				kind = err.Error()
			}
			if kind != tt.kind || tt.kind != "" && !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%v, want %s: %q", err, tt.kind, tt.says)
			}
			if name, typ, ok := strings.Cut(tt.culprit, " "); ok && (culprit.Name.Relative(org) != name || culprit.Type.String() != typ) {
				t.Errorf("%v, want %s", culprit, tt.culprit)
			}
		})
	}
}

// A conflict may be kept and changed: it is a copy.
func TestConflictIsACopy(t *testing.T) {
	s := checked(t)
	e := providers.Conflict(s, change(t, "> www 300 A 192.0.2.9"))
	e.Live.Addrs[0] = netip.MustParseAddr("203.0.113.1")
	if r := providers.Live(s, zone.Key{Name: www, Type: zone.A}); r == nil || !providers.Same(r, set(t, "www 300 A 192.0.2.1 192.0.2.2")) {
		t.Errorf("live is %v", r)
	}
}

func TestWithin(t *testing.T) {
	b, err := providers.NewBatch(org, changes(t, []string{"> www 300 A 192.0.2.1", "> api 30 A 192.0.2.1"}), providers.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Within(providers.Limits{MinTTL: 30}); err != nil {
		t.Error(err)
	}
	refused, ok := errors.AsType[*providers.RefusedError](b.Within(providers.Limits{MinTTL: 60}))
	if !ok || refused.Culprit.Name != api || refused.Reason != "TTL 30 is not from 60 to 2147483647, which the provider takes" {
		t.Errorf("%v", refused)
	}
}

func TestOnly(t *testing.T) {
	s := checked(t)
	s.Blind = "no transfer"
	got := providers.Only(s, []zone.Key{{Name: www, Type: zone.A}, {Name: "alias." + org, Type: zone.AAAA}, {Name: "text." + org, Type: zone.A}})
	if len(got.RRsets) != 1 || got.RRsets[0].Name != www || len(got.Others) != 1 || got.Others[0].Name != "alias."+org || got.Zone != org || got.Blind != s.Blind {
		t.Errorf("%+v", got)
	}
}

// Callers of one zone go one after the other, those of another one beside them,
// and who has waited long enough goes away.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns providers.Turns
		var wg sync.WaitGroup
		start := time.Now()
		for i := range 6 {
			z := []zone.Name{org, "example.net."}[i%2]
			wg.Go(func() {
				done, err := turns.Take(t.Context(), z)
				if err != nil {
					t.Error(err)
					return
				}
				defer done()
				time.Sleep(time.Minute)
			})
		}
		wg.Wait()
		if took := time.Since(start); took != 3*time.Minute {
			t.Errorf("three turns of a minute in each of two zones took %s", took)
		}
		done, err := turns.Take(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, enough)
		defer cancel()
		if _, err := turns.Take(ctx, org); !errors.Is(err, enough) {
			t.Errorf("%v, want the context's cause", err)
		}
		done()
		if _, err := turns.Take(ctx, org); !errors.Is(err, enough) {
			t.Errorf("%v: a turn that is free is not taken with a context that has ended", err)
		}
		if done, err = turns.Take(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		done()
	})
}
