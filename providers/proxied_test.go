package providers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

const (
	org  zone.Name = "example.org."
	www  zone.Name = "www.example.org."
	api  zone.Name = "api.example.org."
	seed           = `@ 3600 IN SOA ns1 hostmaster 1 7200 3600 1209600 300
www 300 IN A 192.0.2.1
www 300 IN A 192.0.2.2
www 600 IN AAAA 2001:db8::1
api 60 IN A 192.0.2.3
text 300 IN TXT "no address"
`
)

// proxying returns a provider with a proxy, each value annotated.
func proxying(t *testing.T) *memory.Provider {
	t.Helper()
	p := memory.New(memory.Options{IDs: true, Limits: providers.Limits{Proxy: true, Atomic: true, Conditional: true}})
	s, err := zonefile.Parse(t.Context(), org, "seed", seed)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range s.RRsets {
		for _, a := range r.Addrs {
			s.RRsets[i].Members = append(s.RRsets[i].Members, zone.Member{Comment: "at " + a.String(), Tags: []string{"t:" + a.String()}})
		}
	}
	p.Put(s)
	return p
}

// live returns the sets as lines with what stands beside the values.
func live(p *memory.Provider) []string {
	var out []string
	for _, r := range p.Snapshot(org).RRsets {
		out = append(out, fmt.Sprintf("%s auto=%t %v", r, r.Auto, r.Members))
	}
	return out
}

func TestSetProxied(t *testing.T) {
	p := proxying(t)
	before := live(p)
	restore, err := providers.SetProxied(t.Context(), p, org, []zone.Name{www, api, www}, true)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"api.example.org. 300 A 192.0.2.3 (proxied)",
		"www.example.org. 300 A 192.0.2.1 192.0.2.2 (proxied)",
		"www.example.org. 300 AAAA 2001:db8::1 (proxied)",
	}
	for i, line := range live(p) {
		if !strings.HasPrefix(line, want[i]+" auto=true ") {
			t.Errorf("%s, want %s", line, want[i])
		}
	}
	if n := len(p.Writes()); n != 1 || len(restore) != 3 {
		t.Errorf("%d writes, %d changes to restore, want 1 and 3", n, len(restore))
	}
	again, err := providers.SetProxied(t.Context(), p, org, []zone.Name{www, api}, true)
	if err != nil || again != nil || len(p.Writes()) != 1 {
		t.Errorf("again: %v, error %v, %d writes", again, err, len(p.Writes()))
	}
	if _, err := p.Write(t.Context(), org, restore); err != nil {
		t.Fatal(err)
	}
	if got := live(p); !slices.Equal(got, before) {
		t.Errorf("restored\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(before, "\n"))
	}
}

// A name that is proxied by half is made so whole, and restored to its half.
func TestSetProxiedHalf(t *testing.T) {
	p := proxying(t)
	p.Edit(org, func(s *zone.Snapshot) {
		for i, r := range s.RRsets {
			if r.Name == www && r.Type == zone.AAAA {
				s.RRsets[i].Proxied, s.RRsets[i].Auto, s.RRsets[i].TTL = true, true, zone.AutoTTL
			}
		}
	})
	before := live(p)
	for _, on := range []bool{true, false} {
		restore, err := providers.SetProxied(t.Context(), p, org, []zone.Name{www}, on)
		if err != nil || len(restore) != 1 || (restore[0].Key().Type == zone.A) != on {
			t.Fatalf("on=%t: restore %v, error %v", on, restore, err)
		}
		if _, err := p.Write(t.Context(), org, restore); err != nil {
			t.Fatal(err)
		}
		if got := live(p); !slices.Equal(got, before) {
			t.Errorf("on=%t: restored %q, want %q", on, got, before)
		}
	}
}

func TestSetProxiedRefuses(t *testing.T) {
	foreign := func(p *memory.Provider) {
		p.Edit(org, func(s *zone.Snapshot) { s.RRsets[0].Foreign = "disabled" })
	}
	for _, c := range []struct {
		name  string
		names []zone.Name
		setup func(*memory.Provider)
		is    error
		text  string
	}{
		{"no address", []zone.Name{www, "text.example.org."}, nil, nil, "set the proxy in example.org.: text.example.org.: no address there"},
		{"foreign", []zone.Name{www, api}, foreign, providers.ErrForeign, "api.example.org. A (disabled)"},
		{"the read fails", []zone.Name{www}, func(p *memory.Provider) { p.Inject(memory.FailPage(2)) }, nil, "page 2"},
		{"the write is refused", []zone.Name{www}, func(p *memory.Provider) { p.Inject(memory.RefuseWrite("plan", zone.Key{})) }, nil, "refused: plan"},
		{"live moves", []zone.Name{www}, func(p *memory.Provider) { p.Inject(memory.ConflictWrite()) }, providers.ErrConflict, "live has moved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := proxying(t)
			if c.setup != nil {
				c.setup(p)
			}
			before := live(p)
			restore, err := providers.SetProxied(t.Context(), p, org, c.names, true)
			if restore != nil || err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("restore %v, error %v, want %q", restore, err, c.text)
			}
			if got := live(p); !slices.Equal(got, before) {
				t.Errorf("now %q, want %q", got, before)
			}
		})
	}
	plain := memory.New(memory.Options{})
	if _, err := providers.SetProxied(t.Context(), plain, org, []zone.Name{www}, true); err == nil || plain.Reads() != 0 {
		t.Errorf("without a proxy: error %v, %d reads", err, plain.Reads())
	}
}

// Where something may have been written, what restores it is returned too.
func TestSetProxiedUncertain(t *testing.T) {
	for want, fault := range map[error]memory.Fault{
		providers.ErrUnknown: memory.LoseReply(),
		providers.ErrPartial: memory.PartWrite(2),
	} {
		p := proxying(t)
		p.Inject(fault)
		restore, err := providers.SetProxied(t.Context(), p, org, []zone.Name{www, api}, true)
		if !errors.Is(err, want) || len(restore) != 3 {
			t.Errorf("error %v with %d changes, want %v with 3", err, len(restore), want)
		}
	}
}

// unlisted is a provider that answers for names, but not for the zone.
type unlisted struct {
	*memory.Provider
	refusal error
}

func (p unlisted) Read(context.Context, zone.Name) (*zone.Snapshot, error) { return nil, p.refusal }

func (p unlisted) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	return p.Provider.Look(ctx, z, keys)
}

// listed is a provider that is no Looker.
type listed struct{ providers.Provider }

func TestReadOrLook(t *testing.T) {
	keys := []zone.Key{{Name: api, Type: zone.A}}
	noListing := fmt.Errorf("transfer of %s: %w", org, providers.ErrNoListing)
	broken := errors.New("broken")
	for _, c := range []struct {
		name  string
		open  func(*memory.Provider) providers.Provider
		sets  int
		blind string
		err   error
	}{
		{"listed", func(p *memory.Provider) providers.Provider { return p }, 3, "", nil},
		{"not listed", func(p *memory.Provider) providers.Provider { return unlisted{p, noListing} }, 1, noListing.Error(), nil},
		{"not listed, no Looker", func(p *memory.Provider) providers.Provider { return listed{unlisted{p, noListing}} }, 0, "", providers.ErrNoListing},
		{"another error", func(p *memory.Provider) providers.Provider { return unlisted{p, broken} }, 0, "", broken},
		{"not listed, and the look fails", func(p *memory.Provider) providers.Provider {
			p.Inject(memory.FailRead(broken))
			return unlisted{p, noListing}
		}, 0, "", broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := providers.ReadOrLook(t.Context(), c.open(proxying(t)), org, keys)
			if !errors.Is(err, c.err) || (s == nil) != (c.err != nil) {
				t.Fatalf("%v, error %v, want %v", s, err, c.err)
			}
			if s != nil && (len(s.RRsets) != c.sets || s.Blind != c.blind) {
				t.Errorf("%d sets, blind %q, want %d, %q", len(s.RRsets), s.Blind, c.sets, c.blind)
			}
		})
	}
}

func TestLook(t *testing.T) {
	keys := []zone.Key{{Name: api, Type: zone.A}, {Name: api, Type: zone.AAAA}}
	for name, p := range map[string]providers.Provider{"Looker": proxying(t), "read whole": listed{proxying(t)}} {
		s, err := providers.Look(t.Context(), p, org, keys)
		if err != nil {
			t.Fatal(err)
		}
		if r, ok := s.Find(keys[0]); !ok || len(r.Addrs) != 1 {
			t.Errorf("%s: %v", name, r)
		}
		if _, ok := s.Find(keys[1]); ok {
			t.Errorf("%s: a set that does not exist", name)
		}
	}
}

func TestVerdict(t *testing.T) {
	for v, want := range map[providers.Verdict]string{providers.Good: "ok", providers.Unclear: "unclear", providers.Bad: "wrong", 3: "verdict(3)", 255: "verdict(255)"} {
		text, err := v.MarshalText()
		if err != nil || string(text) != want || v.String() != want {
			t.Errorf("%d: %q, %q, error %v, want %q", v, v, text, err, want)
		}
	}
}

func TestRegistry(t *testing.T) {
	broken := errors.New("no key")
	r := providers.Registry{
		"memory": func(context.Context, providers.Settings) (providers.Provider, error) {
			return memory.New(memory.Options{}), nil
		},
		"broken": func(context.Context, providers.Settings) (providers.Provider, error) { return nil, broken },
	}
	if p, err := r.Open(t.Context(), "memory", providers.Settings{Name: "m"}); p == nil || err != nil {
		t.Errorf("%v, error %v", p, err)
	}
	for kind, want := range map[string]string{
		"broken": `provider "m": no key`,
		"foo":    `provider "m": this dnsplan has no adapter for type "foo" (it has broken, memory)`,
	} {
		if _, err := r.Open(t.Context(), kind, providers.Settings{Name: "m"}); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", kind, err, want)
		}
	}
}

// A proxy is turned off for a certificate, and put back as it was.
func ExampleSetProxied() {
	ctx := context.Background()
	p := memory.New(memory.Options{Limits: providers.Limits{Proxy: true}})
	s, err := zonefile.Parse(ctx, org, "example", "@ 60 IN SOA ns1 host 1 1h 1h 1h 60\nwww 300 IN A 192.0.2.1\n")
	if err != nil {
		panic(err)
	}
	s.RRsets[0].Proxied, s.RRsets[0].Auto = true, true
	p.Put(s)

	restore, err := providers.SetProxied(ctx, p, org, []zone.Name{www}, false)
	fmt.Println(p.Snapshot(org).RRsets[0], err)
	_, err = p.Write(ctx, org, restore)
	fmt.Println(p.Snapshot(org).RRsets[0], err)
	// Output:
	// www.example.org. 300 A 192.0.2.1 <nil>
	// www.example.org. 300 A 192.0.2.1 (proxied) <nil>
}
