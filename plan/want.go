package plan

import "github.com/dnsplan/dnsplan/inventory/zone"

// Move is what one write does to one RRset: it expects From and leaves To.
// nil stands for no RRset.
type Move struct {
	Key      zone.Key
	From, To *zone.RRset
	// Replaces is the target of the CNAME that goes in the same operation, and
	// ReplacesTTL its TTL.
	Replaces    zone.Name
	ReplacesTTL zone.TTL
	// End is the state that the whole change leads to, where To is one on the
	// way there; nil where it is not, and in an inverse, which leads back.
	End *zone.RRset
}

// Inverse is the move that takes m back. A CNAME that went does not come back:
// only address records are ever written.
func (m Move) Inverse() Move { return Move{Key: m.Key, From: m.To, To: m.From} }

// Move returns what a write step of kind k does to the RRset of c.
//
//	lower-ttl  before              -> before at the change TTL
//	switch     before, as lowered  -> after at the change TTL
//	raise-ttl  after at change TTL -> after
//	proxy-on   after -> before, where after is DNS-only: it closes an issuance window
//
// The End of the first two is after. A change of the TTL alone, and any under the
// direct strategy, goes from before to after in its one write.
func (c *Change) Move(k Kind) Move {
	m := Move{Key: c.Key, From: c.Before.RRset(c.Key), To: c.After.RRset(c.Key)}
	if k == StepProxyOn && c.opens() {
		return m.Inverse()
	}
	if c.single() {
		m.Replaces, m.ReplacesTTL = c.cname()
		return m
	}
	switch k {
	case StepLower:
		m.To = c.Before.at(c.Key, c.ChangeTTL)
		m.From.Members, m.To.Members = nil, nil // the switch brings comments and tags
		m.End = c.After.RRset(c.Key)
	case StepRaise:
		m.From = c.After.at(c.Key, c.ChangeTTL)
		m.From.Members, m.To.Members = nil, nil
	default:
		if c.Lowered() {
			m.From = c.Before.at(c.Key, c.ChangeTTL)
		}
		m.To = c.After.at(c.Key, c.ChangeTTL)
		if c.Raised() {
			m.End = c.After.RRset(c.Key)
		}
		m.Replaces, m.ReplacesTTL = c.cname()
	}
	return m
}

// single tells whether one write does the whole change.
func (c *Change) single() bool {
	return c.Strategy == Direct || c.Action == TTL || c.Action == Proxied || c.ChangeTTL == 0
}

// Lowered tells whether the TTL goes down before the switch: an update of live
// values whose TTL is above the change TTL.
func (c *Change) Lowered() bool {
	return c.Strategy == Staged && c.Action == Update && c.ChangeTTL != 0 &&
		!c.Before.Auto && c.Before.TTL > c.ChangeTTL
}

// Raised tells whether the TTL goes up after the switch.
func (c *Change) Raised() bool {
	return c.Strategy == Staged && (c.Action == Update || c.Action == Create) && c.ChangeTTL != 0 &&
		!c.After.Auto && c.After.TTL > c.ChangeTTL
}

func (c *Change) cname() (zone.Name, zone.TTL) {
	if len(c.Replaces) <= len(cnamePrefix) {
		return "", 0
	}
	return zone.Canonical(c.Replaces[len(cnamePrefix):]), c.ReplacesTTL
}

const cnamePrefix = "CNAME "

// at returns the state's RRset with another TTL, unless the provider chooses it.
func (s *State) at(key zone.Key, ttl zone.TTL) *zone.RRset {
	r := s.RRset(key)
	if r != nil && !r.Auto {
		r.TTL = ttl
	}
	return r
}
