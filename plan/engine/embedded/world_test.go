package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

const org, net zone.Name = "example.org.", "example.net."

// world is a model of everything that a run meets: a provider in memory,
// authoritative servers that lag behind it, and caching resolvers. It is an
// execute.World and an execute.Asker, and safe for concurrent use.
type world struct {
	provider *memory.Provider
	services *services
	now      func() time.Time

	mu        sync.Mutex
	history   map[zone.Name][]version
	servers   map[zone.Name][]*authority
	resolvers []*cache
	asked     []asked
	saved     []plan.ZoneRef
	down      bool // the provider does not answer
	unnamed   bool // no server is to be asked
	onWrite   func(zone.Name, []providers.Change)
	wholesale bool // the provider reads whole zones only
	// late says how long after it was sent a write is applied whose answer is lost, and
	// whether this is one.
	late func() (after time.Duration, lost bool)
}

// lateness is the Late of the provider of every world.
const lateness = 30 * time.Second

// asked is a question that the run put to a resolver.
type asked struct {
	at  time.Time
	key zone.Key
}

// newWorld has two authoritative servers a zone, of which the second lags by
// five seconds, and three resolvers.
func newWorld(t testing.TB, zones ...*zone.Snapshot) *world {
	t.Helper()
	w := &world{services: newServices(), now: time.Now, history: map[zone.Name][]version{}, servers: map[zone.Name][]*authority{}}
	w.provider = memory.New(memory.Options{Now: func() time.Time { return w.now() }, Limits: providers.Limits{Proxy: true, Comments: true, Late: lateness}})
	for i, s := range zones {
		w.provider.Put(s)
		w.note(s.Zone)
		w.servers[s.Zone] = []*authority{
			{name: "ns1." + string(s.Zone), addrs: addrsOf(i, 1)},
			{name: "ns2." + string(s.Zone), addrs: addrsOf(i, 2), lag: 5 * time.Second},
		}
	}
	for n := range 3 {
		w.resolvers = append(w.resolvers, newCache(n+1))
	}
	return w
}

// addrsOf are the two addresses of a server.
func addrsOf(z, n int) []netip.AddrPort {
	return []netip.AddrPort{
		netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(z >> 8), byte(n)}), uint16(1000+z%256)),
		netip.MustParseAddrPort(fmt.Sprintf("[2001:db8::%x:%x]:53", z+1, n)),
	}
}

// note keeps what the provider holds now.
func (w *world) note(z zone.Name) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history[z] = append(w.history[z], version{w.now(), w.provider.Snapshot(z)})
}

// edit changes the zone as somebody else would.
func (w *world) edit(t testing.TB, z zone.Name, text string) {
	t.Helper()
	w.provider.Edit(z, func(s *zone.Snapshot) {
		for _, l := range parseLines(t, z, text) {
			s.RRsets = slices.DeleteFunc(s.RRsets, func(r zone.RRset) bool { return r.Key == l.key })
			s.RRsets = append(s.RRsets, zone.RRset{Key: l.key, TTL: l.ttl, Addrs: l.addrs})
		}
	})
	w.note(z)
}

// set changes the world under its lock.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *world) Provider(plan.ZoneRef) (providers.Provider, error) {
	if w.wholesale {
		return struct{ providers.Provider }{watched{w}}, nil
	}
	return watched{w}, nil
}

func (w *world) NameServers(_ context.Context, z plan.ZoneRef) (out []resolver.NameServer, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unnamed {
		return nil, nil
	}
	for _, a := range w.servers[z.Zone] {
		out = append(out, a.nameServer())
	}
	return out, nil
}

func (w *world) Resolvers() (out []resolver.Server) {
	for _, c := range w.resolvers {
		out = append(out, c.server())
	}
	return out
}

func (w *world) Save(z plan.ZoneRef, _ *zone.Snapshot) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.saved = append(w.saved, z)
	return "backups/" + z.Zone.Display(), nil
}

// Ask answers at once, on the bubble's clock.
func (w *world) Ask(ctx context.Context, queries []resolver.Query) []resolver.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]resolver.Answer, len(queries))
	for i, q := range queries {
		out[i] = w.answer(ctx, q)
	}
	return out
}

func (w *world) answer(ctx context.Context, q resolver.Query) resolver.Answer {
	now := w.now()
	a := resolver.Answer{Query: q, At: now}
	z := w.zoneOf(q.Key.Name)
	var r reply
	switch {
	case ctx.Err() != nil:
		r.status = resolver.Cancelled
	case q.Recurse:
		w.asked = append(w.asked, asked{now, q.Key})
		r = w.recursive(q.Server.Addr, q.Key)
	default:
		r = w.authoritative(z, q.Server.Addr, q.Key)
		a.Authoritative = r.status.Definite()
	}
	a.Status, a.Addrs = r.status, r.addrs
	if r.status == resolver.Answered {
		a.TTL = r.ttl
	} else if r.status.Definite() {
		a.NegativeTTL = r.ttl
	} else {
		a.Err = errors.New(r.status.String())
	}
	return a
}

func (w *world) zoneOf(name zone.Name) zone.Name {
	for n := name; n != zone.Root; n = n.Parent() {
		if _, ok := w.history[n]; ok {
			return n
		}
	}
	return zone.Root
}

func (w *world) recursive(addr netip.AddrPort, key zone.Key) reply {
	i := slices.IndexFunc(w.resolvers, func(c *cache) bool { return c.addr == addr })
	if s := w.resolvers[i].status(); s != resolver.Answered {
		return reply{status: s}
	}
	z := w.zoneOf(key.Name)
	return w.resolvers[i].resolve(key, w.now(), w.servers[z], w.history[z])
}

func (w *world) authoritative(z zone.Name, addr netip.AddrPort, key zone.Key) reply {
	i := slices.IndexFunc(w.servers[z], func(a *authority) bool { return slices.Contains(a.addrs, addr) })
	a := w.servers[z][i]
	if s := a.status(addr); s != resolver.Answered {
		return reply{status: s}
	}
	r := lookup(a.content(w.history[z], w.now()), key)
	r.ttl = max(r.ttl, a.atLeast)
	return r
}

func (w *world) SOA(_ context.Context, s resolver.Server, z zone.Name, recurse bool) resolver.SOAAnswer {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := resolver.SOAAnswer{Server: s, Zone: z, At: w.now()}
	if recurse {
		i := slices.IndexFunc(w.resolvers, func(c *cache) bool { return c.addr == s.Addr })
		a.Status = w.resolvers[i].status()
		return a
	}
	i := slices.IndexFunc(w.servers[z], func(a *authority) bool { return slices.Contains(a.addrs, s.Addr) })
	a.Status = w.servers[z][i].status(s.Addr)
	return a
}

// watched is the provider, with its history kept.
type watched struct{ w *world }

var errDown = errors.New("the provider does not answer")

func (p watched) isDown() bool {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.w.down
}

func (p watched) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	if p.isDown() {
		return nil, errDown
	}
	return p.w.provider.Read(ctx, z)
}

func (p watched) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	if p.isDown() {
		return nil, errDown
	}
	return p.w.provider.Look(ctx, z, keys)
}

func (p watched) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	if p.isDown() {
		return providers.Receipt{}, errDown
	}
	if p.w.onWrite != nil {
		p.w.onWrite(z, changes)
	}
	if p.w.late != nil {
		if after, lost := p.w.late(); lost {
			p.w.landsIn(after, z, changes)
			return providers.Receipt{}, fmt.Errorf("%w: the connection was closed", providers.ErrUnknown)
		}
	}
	r, err := p.w.provider.Write(ctx, z, changes)
	p.w.note(z)
	return r, err
}

// landsIn has the provider apply a write after a while, which nobody waits for; none
// that it never applies.
func (w *world) landsIn(after time.Duration, z zone.Name, changes []providers.Change) {
	if after == 0 {
		return
	}
	time.AfterFunc(after, func() {
		_, _ = w.provider.Write(context.Background(), z, changes) // nobody hears of it
		w.note(z)
	})
}

func (p watched) Limits(z zone.Name) providers.Limits { return p.w.provider.Limits(z) }

// writes are the provider's log, a batch a line, with what came back instead of
// a receipt.
func (w *world) writes() (out []string) {
	for _, call := range w.provider.Writes() {
		var sets []string
		for _, c := range call.Changes {
			sets = append(sets, setOf(c))
		}
		text := strings.Join(sets, "; ")
		switch {
		case errors.Is(call.Err, providers.ErrUnknown):
			text += " ! unknown"
		case call.Err != nil:
			text += " ! not written"
		}
		out = append(out, text)
	}
	return out
}

func setOf(c providers.Change) string {
	text := ""
	if c.After == nil {
		text = fmt.Sprintf("delete %s", c.Key())
	} else {
		text = c.After.String()
	}
	if c.Replaces != "" {
		text += " for CNAME " + string(c.Replaces)
	}
	return text
}

// landed are the calls that changed the zone.
func (w *world) landed() []memory.Call {
	return slices.DeleteFunc(w.provider.Writes(), func(c memory.Call) bool {
		return c.Err != nil && !errors.Is(c.Err, providers.ErrUnknown)
	})
}

// live is the zone's address sets, a line each.
func (w *world) live(z zone.Name) (out []string) {
	for _, r := range w.provider.Snapshot(z).RRsets {
		out = append(out, r.String())
	}
	return out
}
