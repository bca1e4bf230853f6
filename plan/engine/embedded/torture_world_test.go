package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// atomic makes the provider one that writes a batch whole, or one that writes
// value by value.
func (w *world) atomic(yes bool) {
	old := w.provider
	w.provider = memory.New(memory.Options{
		Now: func() time.Time { return w.now() }, Limits: providers.Limits{Proxy: true, Comments: true, Atomic: yes, Conditional: yes, Late: lateness},
	})
	for z := range w.history {
		w.provider.Put(old.Snapshot(z))
	}
}

// mutation is a change of one RRset as the provider has seen it; nil is no RRset.
type mutation struct {
	at       time.Time
	zone     zone.Name
	key      zone.Key
	from, to *zone.RRset
	theirs   bool // someone else's
	part     bool // the provider stopped halfway
}

func (m mutation) String() string {
	return fmt.Sprintf("%s: %s -> %s", m.key, present(m.from), present(m.to))
}

func present(r *zone.RRset) string {
	if r == nil {
		return "nothing"
	}
	return r.String()
}

// misfortune lets something happen in the world, within the budget.
func (v *victim) misfortune() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.quiet || v.budget == 0 || v.rng.IntN(30) > 0 {
		return
	}
	v.budget--
	var what string
	switch v.rng.IntN(5) {
	case 0:
		what = "a resolver dies"
		c := v.w.resolvers[v.rng.IntN(len(v.w.resolvers))]
		v.w.set(func() { c.dead = true })
	case 1:
		what, v.impaired = "a server is frozen for good", true
		v.w.set(v.w.servers[org][1].freeze)
	case 2:
		what = "a server is frozen for a while"
		v.w.set(v.w.servers[org][v.rng.IntN(2)].freeze)
		time.AfterFunc(time.Duration(v.rng.IntN(300))*time.Second, func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.mend()
		})
	case 3:
		what, v.impaired = "a server dies", true
		v.w.set(func() { v.w.servers[org][1].dead = true })
	case 4:
		c := &v.plan.Changes[v.rng.IntN(len(v.plan.Changes))]
		what = "someone else sets " + c.Key.String()
		v.edit(c)
	}
	v.faults = append(v.faults, what)
	v.note("%s", what)
}

// edit has someone else set the RRset of a change, now and then to what the run
// wants. The caller holds mu.
func (v *victim) edit(c *plan.Change) {
	v.theirs[c.Key] = true
	set := theirsOf(c)
	if v.plan.Window != nil {
		set = v.theirsInWindow(c, set)
	} else if v.ahead[c.Key] = c.Replaces == "" && v.rng.IntN(3) == 0; v.ahead[c.Key] {
		set = c.After.RRset(c.Key)
	}
	before := v.w.provider.Snapshot(c.Zone)
	v.w.provider.Edit(c.Zone, func(s *zone.Snapshot) {
		s.RRsets = slices.DeleteFunc(s.RRsets, func(r zone.RRset) bool { return r.Key == c.Key })
		if set != nil {
			s.RRsets = append(s.RRsets, set.Clone())
			s.Sort()
		}
	})
	v.w.note(c.Zone)
	v.compare(c.Zone, before, mutation{theirs: true})
}

// theirsOf is what neither the plan nor live has.
func theirsOf(c *plan.Change) *zone.RRset {
	addr := "198.51.100.66"
	if c.Type == zone.AAAA {
		addr = "2001:db8::66"
	}
	return &zone.RRset{Key: c.Key, TTL: 17, Addrs: []netip.Addr{netip.MustParseAddr(addr)}}
}

// compare takes in what has become of a zone, and returns how much. The caller
// holds mu.
func (v *victim) compare(z zone.Name, before *zone.Snapshot, like mutation) (changed int) {
	after := v.w.provider.Snapshot(z)
	for _, c := range v.plan.Changes {
		if c.Zone != z {
			continue
		}
		m := like
		m.at, m.zone, m.key, m.from, m.to = time.Now(), z, c.Key, found(before, c.Key), found(after, c.Key)
		if same(m.from, m.to) {
			continue
		}
		changed++
		v.seen = append(v.seen, m)
		v.note("  %v%s", m, map[bool]string{true: " (theirs)"}[m.theirs])
		if !m.theirs {
			v.judgeMutation(&c, m)
		}
	}
	return changed
}

func found(s *zone.Snapshot, k zone.Key) *zone.RRset {
	if r, ok := s.Find(k); ok {
		return &r
	}
	return nil
}

func same(a, b *zone.RRset) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// shaken is the victim's provider, as one of its processes sees it: replies are
// lost, writes fail or are made in part, and the process may die in each.
type shaken struct{ *process }

func (p *process) Provider(plan.ZoneRef) (providers.Provider, error) { return shaken{p}, nil }

func (s shaken) Limits(z zone.Name) providers.Limits { return s.v.w.provider.Limits(z) }

func (s shaken) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	s.touch("read")
	defer s.touch("have read")
	return s.v.w.provider.Read(ctx, z)
}

func (s shaken) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	s.v.misfortune()
	s.touch("look")
	defer s.touch("have looked")
	return s.v.w.provider.Look(ctx, z, keys)
}

// What may befall a write.
const (
	well = iota
	diesBefore
	diesAfter
	diesHalfway
	unreachable
	timesOut
	limited
	refused
	replyLost
	halfwayOnly
	landsLate
	misfortunes
)

var namesOfWrites = [...]string{
	"well", "dies before it writes", "dies after it wrote", "dies halfway", "cannot be reached", "times out",
	"limits the rate", "refuses", "loses the reply", "stops halfway", "applies it late",
}

// draw says what befalls a write. Someone who is to die in it may, also without
// a budget of faults.
func (s shaken) draw() int {
	s.v.mu.Lock()
	defer s.v.mu.Unlock()
	if s.v.quiet || s.v.kills+len(s.v.faults) > 12 || s.v.rng.IntN(3) > 0 {
		return well
	}
	how := 1 + s.v.rng.IntN(misfortunes-1)
	if (how == halfwayOnly || how == diesHalfway) && s.v.w.provider.Limits(org).Atomic {
		how = replyLost
	}
	if how > diesHalfway {
		if s.v.budget == 0 {
			return well
		}
		s.v.budget--
	}
	if how != well {
		s.v.faults = append(s.v.faults, namesOfWrites[how])
		s.v.note("the provider, or its caller, %s", namesOfWrites[how])
	}
	return how
}

func (s shaken) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	s.touch("write")
	switch how := s.draw(); how {
	case diesBefore:
		s.die(namesOfWrites[how])
	case diesAfter:
		_, _ = s.land(ctx, z, changes) // nobody is left to hear of it
		s.die(namesOfWrites[how])
	case diesHalfway:
		s.halfway(z, changes)
		s.die(namesOfWrites[how])
	case unreachable:
		return providers.Receipt{}, errors.New("connection refused")
	case timesOut:
		return providers.Receipt{}, fmt.Errorf("%w: timed out", providers.ErrUnknown)
	case landsLate:
		s.late(z, changes)
		if s.v.mortal() {
			s.die(namesOfWrites[how])
		}
		return providers.Receipt{}, fmt.Errorf("%w: the connection was closed", providers.ErrUnknown)
	case limited:
		return providers.Receipt{}, &providers.RateLimitError{Until: time.Now().Add(20 * time.Second)}
	case refused:
		s.v.mu.Lock()
		s.v.refused = true
		s.v.mu.Unlock()
		return providers.Receipt{}, &providers.RefusedError{Keys: []zone.Key{changes[0].Key()}, Reason: "quota"}
	case replyLost:
		if _, err := s.land(ctx, z, changes); err != nil {
			return providers.Receipt{}, err
		}
		return providers.Receipt{}, fmt.Errorf("%w: the connection was closed", providers.ErrUnknown)
	case halfwayOnly:
		if s.halfway(z, changes) {
			return providers.Receipt{}, fmt.Errorf("%w: the connection was closed", providers.ErrPartial)
		}
	}
	r, err := s.land(ctx, z, changes)
	s.touch("have written")
	return r, err
}

// late lets a write land when it can just still come, whoever lives then.
func (s shaken) late(z zone.Name, changes []providers.Change) {
	s.v.mu.Lock()
	defer s.v.mu.Unlock()
	s.v.landing = true
	time.AfterFunc(time.Duration(1+s.v.rng.Int64N(int64(lateness)-1)), func() { _, _ = s.land(context.Background(), z, changes) })
}

// mortal tells, now and then, that the process is to die with a write under way.
func (v *victim) mortal() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.rng.IntN(2) == 0
}

// land writes, and sees what has come of it.
func (s shaken) land(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	v := s.v
	v.mu.Lock()
	defer v.mu.Unlock()
	before := v.w.provider.Snapshot(z)
	r, err := v.w.provider.Write(ctx, z, changes)
	v.w.note(z)
	if v.compare(z, before, mutation{}) == 0 && err == nil && !besideChanged(before, v.w.provider.Snapshot(z)) {
		v.noops = append(v.noops, setOf(changes[0]))
	}
	return r, err
}

// halfway makes the first change of a write in part, value by value: one has
// come, and the one in whose place it comes is gone or not. It is false where no
// change has a half.
func (s shaken) halfway(z zone.Name, changes []providers.Change) bool {
	v := s.v
	v.mu.Lock()
	defer v.mu.Unlock()
	before := v.w.provider.Snapshot(z)
	c := changes[0]
	if c.Before == nil || c.After == nil || c.Replaces != "" || !same(found(before, c.Key()), c.Before) || slices.Equal(c.Before.Addrs, c.After.Addrs) {
		return false
	}
	mid := c.Before.Clone()
	for _, a := range c.After.Addrs {
		if !slices.Contains(mid.Addrs, a) {
			mid.Addrs = append(mid.Addrs, a)
			break
		}
	}
	goes := slices.DeleteFunc(slices.Clone(c.Before.Addrs), func(a netip.Addr) bool { return slices.Contains(c.After.Addrs, a) })
	if len(goes) > 0 && v.rng.IntN(2) == 0 {
		mid.Addrs = slices.DeleteFunc(mid.Addrs, func(a netip.Addr) bool { return a == goes[0] })
	}
	mid.Normalize()
	if same(&mid, c.Before) || same(&mid, c.After) {
		return false
	}
	v.w.provider.Edit(z, func(snap *zone.Snapshot) {
		for i := range snap.RRsets {
			if snap.RRsets[i].Key == c.Key() {
				snap.RRsets[i] = mid
			}
		}
	})
	v.w.note(z)
	v.compare(z, before, mutation{part: true})
	return true
}
