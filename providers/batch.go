package providers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

var errNothing = errors.New("a change needs a before or an after")

// Batch is the changes of one write as an adapter works on them: copies, with
// their values in order, and all changes of a name together. Every Write begins
// so, which gives all adapters the same checks in the same order:
//
//	b, err := providers.NewBatch(z, changes, rules)    // what can never be
//	live := ...                                        // one read
//	err = b.Check(live, nil)                           // foreign, moved, CNAME
type Batch struct {
	Zone zone.Name
	// Changes are name by name, the names in the order in which they first came.
	// Members of their sets run parallel to Addrs, or are nil.
	Changes []Change
	// Groups are the same changes by name.
	Groups []Group
}

// Group is the changes of one name, which are never written apart.
type Group struct {
	Name    zone.Name
	Changes []Change
	// Replaces is the target of the CNAME record that goes; empty for none.
	Replaces zone.Name
}

// Rules are what a provider can hold. The zero value is what the DNS can: no
// proxy, TTLs as RFC 2181, section 8 has them, and 0, which a set may go back to,
// whatever Limits say of new ones.
type Rules struct {
	// Limits bound the TTLs that change, and say whether there is a proxy.
	Limits
	// Mapped says that an AAAA set may hold IPv4-mapped addresses.
	Mapped bool
	// Also returns why the provider cannot make a change that fits the other
	// rules; empty when it can. nil knows no further reason.
	Also func(Change) string
}

// NewBatch copies changes. What no provider of these rules could hold is a
// *RefusedError, and a set that says itself that it is foreign an ErrForeign;
// with both the batch is returned too, for a log.
func NewBatch(z zone.Name, changes []Change, r Rules) (*Batch, error) {
	var groups []Group
	place := map[zone.Name]int{}
	for _, c := range changes {
		if c.Before == nil && c.After == nil {
			return nil, errNothing
		}
		i, ok := place[c.Key().Name]
		if !ok {
			i = len(groups)
			place[c.Key().Name] = i
			groups = append(groups, Group{Name: c.Key().Name})
		}
		g := &groups[i]
		after := normal(c.After)
		if after != nil {
			after.Mixed = false // as was before a change that is taken back
		}
		g.Changes = append(g.Changes, Change{Before: normal(c.Before), After: after, Replaces: c.Replaces})
		g.Replaces = cmp.Or(g.Replaces, c.Replaces)
	}
	b := (&Batch{Zone: z}).Part(groups...)
	return b, b.validate(r)
}

// Part returns a batch of some groups of b, for one of several requests.
func (b *Batch) Part(groups ...Group) *Batch {
	part := &Batch{Zone: b.Zone}
	for _, g := range groups {
		part.Add(g)
	}
	return part
}

// Add puts a further group into a part.
func (b *Batch) Add(g Group) {
	b.Groups = append(b.Groups, g)
	b.Changes = append(b.Changes, g.Changes...)
}

// normal is a copy of r in order.
func normal(r *zone.RRset) *zone.RRset {
	if r == nil {
		return nil
	}
	c := r.Clone()
	if len(c.Members) != len(c.Addrs) {
		c.Members = nil
	}
	for i := range c.Members {
		c.Members[i].Tags = slices.Clone(c.Members[i].Tags)
	}
	c.Normalize()
	return &c
}

// Keys returns the keys of all changes, in their order.
func (b *Batch) Keys() []zone.Key {
	keys := make([]zone.Key, len(b.Changes))
	for i, c := range b.Changes {
		keys[i] = c.Key()
	}
	return keys
}

// Refuse is the refusal of the whole batch because of one set; a zero culprit is
// none that could be told.
func (b *Batch) Refuse(culprit zone.Key, reason string) *RefusedError {
	return &RefusedError{Keys: b.Keys(), Culprit: culprit, Reason: reason}
}

func (b *Batch) validate(r Rules) error {
	seen := make(map[zone.Key]bool, len(b.Changes))
	for _, g := range b.Groups {
		for _, c := range g.Changes {
			reason := r.impossible(b.Zone, c)
			switch {
			case reason != "":
			case seen[c.Key()]:
				reason = "two changes of one RRset in one write"
			case c.Replaces != "" && c.Replaces != g.Replaces:
				reason = "A and AAAA replace different CNAME records"
			}
			if reason != "" {
				return b.Refuse(c.Key(), reason)
			}
			seen[c.Key()] = true
		}
	}
	for _, c := range b.Changes {
		if why := foreignMark(c); why != "" {
			return foreignError(c.Key().String(), why)
		}
	}
	return nil
}

// impossible says why the rules forbid c; empty when they do not.
func (r Rules) impossible(z zone.Name, c Change) string {
	key := c.Key()
	switch {
	case !key.Name.IsSubdomainOf(z):
		return "the name lies outside the zone " + string(z)
	case key.Type != zone.A && key.Type != zone.AAAA:
		return "only A and AAAA are written"
	case c.After == nil && c.Replaces != "":
		return "a deletion replaces no CNAME record"
	case c.After == nil:
		return ""
	case c.After.Key != key:
		return "before and after have different keys"
	case foreignMark(c) != "":
		return ""
	}
	reason := cmp.Or(r.unfit(*c.After), r.bounds(c))
	if reason == "" && r.Also != nil {
		reason = r.Also(c)
	}
	return reason
}

// unfit says why the provider cannot hold a set, whatever was there before.
func (r Rules) unfit(after zone.RRset) string {
	switch {
	case len(after.Addrs) == 0:
		return "no address"
	case after.Proxied && !r.Proxy:
		return "the provider has no proxy"
	case after.Auto && !r.Proxy:
		return "the provider has no automatic TTL"
	}
	for _, a := range after.Addrs {
		mapped := r.Mapped && after.Type == zone.AAAA && a.Is4()
		if !a.IsValid() || a.Zone() != "" || zone.TypeOf(a) != after.Type && !mapped {
			return fmt.Sprintf("%s is no address of type %s", a, after.Type)
		}
	}
	return ""
}

// Within refuses TTLs outside of limits that only a read could tell.
func (b *Batch) Within(l Limits) error {
	for _, c := range b.Changes {
		if reason := l.bounds(c); reason != "" {
			return b.Refuse(c.Key(), reason)
		}
	}
	return nil
}

// bounds says why a TTL is not taken. One that is there may stay, and one that
// the provider chooses is not the caller's.
func (l Limits) bounds(c Change) string {
	after, low, high := c.After, l.MinTTL, cmp.Or(l.MaxTTL, zone.MaxTTL)
	switch {
	case after == nil || after.Auto || after.Proxied, after.TTL >= low && after.TTL <= high:
		return ""
	case c.Before != nil && !c.Before.Auto && c.Before.TTL == after.TTL:
		return ""
	}
	return fmt.Sprintf("TTL %d is not from %d to %d, which the provider takes", after.TTL, low, high)
}

// Check compares the batch with what is live at its keys, and with the CNAME
// records at its names. The first that is wrong is the error, in this order: a
// set or a CNAME record to replace that is not dnsplan's (ErrForeign), a set that
// is not as it was seen (*ConflictError), a CNAME record to replace that is not
// (*ConflictError), a CNAME record in the way of a new set (*RefusedError).
// readOnly, if not nil, says why the CNAME record at a name is not to be replaced.
func (b *Batch) Check(live *zone.Snapshot, readOnly func(zone.Name) string) error {
	targets := CNAMEs(live)
	if err := b.checkForeign(live, targets, readOnly); err != nil {
		return err
	}
	for _, c := range b.Changes {
		if r := Live(live, c.Key()); !Same(c.Before, r) || c.edited(r) {
			return Conflict(live, c)
		}
	}
	for _, g := range b.Groups {
		if err := b.checkCNAME(live, g, targets[g.Name]); err != nil {
			return err
		}
	}
	return nil
}

// edited tells whether the comments or tags that the change replaces are not as it
// has seen them, where it says how that was.
func (c Change) edited(live *zone.RRset) bool {
	return live != nil && c.Before.Members != nil && c.After != nil && c.After.Members != nil && !live.SameBeside(*c.Before)
}

func (b *Batch) checkForeign(live *zone.Snapshot, targets map[zone.Name][]zone.Name, readOnly func(zone.Name) string) error {
	for _, c := range b.Changes {
		if r := Live(live, c.Key()); r != nil && r.Foreign != "" {
			return foreignError(c.Key().String(), cmp.Or(r.Detail, r.Foreign))
		}
	}
	for _, g := range b.Groups {
		if g.Replaces == "" || readOnly == nil || len(targets[g.Name]) == 0 {
			continue
		}
		if why := readOnly(g.Name); why != "" {
			return foreignError(string(g.Name)+" CNAME", why)
		}
	}
	return nil
}

func (b *Batch) checkCNAME(live *zone.Snapshot, g Group, there []zone.Name) error {
	replacing := slices.IndexFunc(g.Changes, func(c Change) bool { return c.Replaces != "" })
	switch {
	case replacing >= 0 && (len(there) != 1 || there[0] != g.Replaces):
		return fmt.Errorf("the CNAME record to replace points to %s, now to %s: %w",
			g.Replaces, cmp.Or(joined(there), "nothing"), Conflict(live, g.Changes[replacing]))
	case replacing >= 0 || len(there) == 0:
		return nil
	}
	for _, c := range g.Changes {
		if c.Before == nil {
			return b.Refuse(c.Key(), "there is a CNAME record to "+joined(there))
		}
	}
	return nil
}

func joined(names []zone.Name) string {
	var text []string
	for _, n := range names {
		text = append(text, string(n))
	}
	return strings.Join(text, ", ")
}

// foreignMark is why one of a change's own sets is foreign; empty when none is.
func foreignMark(c Change) string {
	for _, r := range []*zone.RRset{c.Before, c.After} {
		if r != nil && r.Foreign != "" {
			return cmp.Or(r.Detail, r.Foreign)
		}
	}
	return ""
}

func foreignError(what, why string) error { return fmt.Errorf("%s (%s): %w", what, why, ErrForeign) }
