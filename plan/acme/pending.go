package acme

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Pending is what runs have to do with an RRset: what one is to bring yet, and what
// all have left in the world's caches.
type Pending struct {
	Type zone.Type
	// Run is the run that has not ended and is not through with the RRset; empty
	// where all have ended.
	Run string
	// Stands is how Run stands where it does not go on by itself: "interrupted",
	// "holding". Empty where it does.
	Stands string
	// Phase are the sets of addresses that Run has the RRset at for now, an empty
	// one for none; nil where that is not known.
	Phase [][]netip.Addr
	// TTL is the change TTL, as long as Run has every server give that; else 0.
	TTL zone.TTL
	// Waits is when the wait of Run for caches ends, as it has written down; zero
	// where it waits for none at this moment.
	Waits time.Time
	// Until is when resolvers have forgotten what stood before a write; zero where
	// they have nothing to forget.
	Until time.Time
	// Held are what they may hold, and until when.
	Held []Held
}

// Held is what resolvers may hold of an RRset because it was there before.
type Held struct {
	// Addrs are its addresses, ascending; none where they are not known.
	Addrs []netip.Addr
	// Proxied says that they hold addresses of a CDN's proxy in place of these.
	Proxied bool
	Until   time.Time
}

// holds tells whether resolvers may hold anything of before.
func (p Pending) holds(now time.Time) bool {
	return slices.ContainsFunc(p.Held, func(h Held) bool { return h.Until.After(now) })
}

// goesOn tells whether a run has the RRset in hand, and goes on by itself.
func (p Pending) goesOn() bool { return p.Run != "" && p.Stands == "" }

// onward is what to do with a run that does not go on by itself.
func (p Pending) onward() []Remedy {
	return []Remedy{
		{Do: "Have the run go on; it waits as long as it must by itself:", Paste: "dnsplan resume " + p.Run},
		{Do: "Or take back what it has not finished:", Paste: "dnsplan cancel " + p.Run},
	}
}

// inHand tells whether it is the run that has the RRset at the addresses, as far as
// its plan is known, and will change them yet.
func (p Pending) inHand(addrs []netip.Addr) bool {
	return p.Run != "" && (p.Phase == nil || p.planned(addrs))
}

// planned tells whether the run has the RRset at the addresses for now.
func (p Pending) planned(addrs []netip.Addr) bool {
	return p.Run != "" && slices.ContainsFunc(p.Phase, func(set []netip.Addr) bool { return slices.Equal(set, addrs) })
}

// phaseWords reads "8.8.4.9", or "8.8.4.9 or 8.8.4.10" while it is written.
func (p Pending) phaseWords() string {
	words := make([]string, len(p.Phase))
	for i, set := range p.Phase {
		words[i] = addressWords(set)
	}
	return strings.Join(words, " or ")
}

// pending is what runs have left of a family.
func (s *Subject) pending(t zone.Type) (Pending, bool) {
	i := slices.IndexFunc(s.Pending, func(p Pending) bool { return p.Type == t })
	if i < 0 {
		return Pending{}, false
	}
	return s.Pending[i], true
}

// stands is a family as it is live, or, where nobody knows, as it is wanted.
func (s *Subject) stands(t zone.Type) zone.RRset {
	if s.Zone.Live == nil {
		want, _ := s.Wanted(t)
		return want.RRset
	}
	live, _ := s.Live(t)
	return live
}

// former are the addresses that resolvers may still lead to although they are not
// live any more, and until when; zero where there are none. No addresses with a time
// are some that are not known.
func (s *Subject) former(p Pending, now time.Time) (addrs []netip.Addr, until time.Time) {
	live := s.stands(p.Type)
	for _, h := range p.Held {
		if h.Proxied || !h.Until.After(now) {
			continue
		}
		gone := lacking(live.Addrs, h.Addrs)
		if len(gone) == 0 && len(h.Addrs) > 0 {
			continue
		}
		addrs = append(addrs, lacking(addrs, gone)...)
		if h.Until.After(until) {
			until = h.Until
		}
	}
	return addrs, until
}

// lacking are those of a list that another one lacks.
func lacking(in, of []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(of), func(a netip.Addr) bool { return slices.Contains(in, a) })
}
