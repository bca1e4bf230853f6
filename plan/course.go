package plan

import "github.com/dnsplan/dnsplan/inventory/zone"

// course is what one change goes through under the staged strategy. It is the
// table of the design, one row a kind of change:
//
//	change            first write  expire  gate  second write  expire behind it        settle  raise
//	update            lower-ttl*   old     yes   switch        change TTL              yes     if after > change TTL
//	create            -            -       -     switch        negative, wildcard TTL  yes     if after > change TTL
//	replace CNAME     -            -       -     switch        CNAME, negative TTL     yes     if after > change TTL
//	delete            -            -       -     switch        old                     -       -
//	TTL only          lower-ttl or raise-ttl, propagate; no waits
//	proxied value     -            -       -     switch        -                       -       -
//	proxied off, on   -            -       -     proxy-*       300 s, old              -       -
//	comments, tags    -            -       -     switch        -                       -       -
//
// Comments and tags alone, which only a restore changes, are nothing that a
// server could be asked about.
//
// An update that also turns the proxy on has no change TTL: it is not lowered,
// and there is nothing that its gate could look for.
//
// * where the live TTL is above the change TTL. Where an earlier run's journal
// shows that resolvers may still hold something longer, that is "old".
type course struct {
	// write is the kind of the step that brings the new state.
	write Kind
	lower bool
	gate  bool
	// old and behind are the seconds that resolvers may hold what was there
	// before the first and the second write.
	old, behind zone.TTL
	settle      bool
	raise       bool
	// readBack says that the provider's own word is enough: servers answer with
	// the proxy's addresses before and after.
	readBack bool
	// beside says that nothing changes that anybody could be asked about.
	beside bool
}

func courseOf(c *Change, negative zone.TTL) course {
	switch {
	case c.Action == TTL && c.After.TTL < c.Before.TTL:
		return course{write: StepLower}
	case c.Action == TTL:
		return course{write: StepRaise}
	case c.Action == Proxied && c.After.Proxied:
		return course{write: StepProxyOn, behind: c.Before.TTL}
	case c.Action == Proxied:
		return course{write: StepProxyOff, behind: zone.AutoTTL}
	case c.Action == Delete:
		return course{write: StepSwitch, behind: max(c.Before.TTL, c.Cached)}
	case c.Action == Create:
		behind := max(negative, c.Wildcard, c.Cached)
		if c.Replaces != "" {
			behind = max(negative, c.ReplacesTTL, c.Cached)
		}
		return course{write: StepSwitch, behind: behind, settle: true, raise: c.Raised()}
	case c.besideOnly():
		return course{write: StepSwitch, readBack: true, beside: true}
	case c.Before.Proxied && c.After.Proxied:
		return course{write: StepSwitch, readBack: true}
	}
	out := course{write: StepSwitch, gate: c.ChangeTTL != 0, settle: true, behind: c.Before.TTL, raise: c.Raised()}
	if c.Lowered() {
		out.lower, out.old, out.behind = true, c.Before.TTL, c.ChangeTTL
	}
	if c.Cached > out.behind {
		out.old = max(out.old, c.Cached)
	}
	return out
}

// besideOnly tells whether comments and tags are all that changes.
func (c *Change) besideOnly() bool {
	return c.Action == Update && len(c.Add) == 0 && len(c.Remove) == 0
}

// changeTTL is the TTL of the RRset while the change is under way:
// max(provider's minimum, min(live TTL, desired TTL, policy's change TTL)). It
// is 0 where the TTL plays no part.
func changeTTL(c *Change, policy, minimum zone.TTL) zone.TTL {
	if c.Strategy != Staged || c.After == nil || c.After.Proxied || c.Action == TTL || c.Action == Proxied || c.besideOnly() {
		return 0
	}
	low := min(c.After.TTL, policy)
	if c.Before != nil && !c.Before.Auto {
		low = min(low, c.Before.TTL)
	}
	return max(low, minimum)
}
