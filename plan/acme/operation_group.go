package acme

import (
	"context"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// checkGroup is O-GROUP.
func checkGroup(ctx context.Context, e *examination) []Finding {
	out := e.judgeGroup()
	if c, ok := e.inUse(ctx); ok {
		out = append(out, e.judgeCovered(c)...)
	}
	if len(out) == 0 {
		return nil
	}
	return e.gathered(out, "they have the same addresses")
}

// judgeGroup compares the wanted addresses of the name's group.
func (e *examination) judgeGroup() (out []Finding) {
	s := e.subject
	for _, t := range families() {
		own, ok := s.Wanted(t)
		if !ok {
			continue
		}
		for _, other := range s.Siblings {
			if r, ok := other.Wanted(t); ok {
				out = append(out, e.compared(other.Name, own, r.RRset, "of the same group, "+s.Group+",", "Give both the same hosts in the inventory, or take one out of the group."))
			}
		}
	}
	return out
}

// judgeCovered compares the name with the others on its certificate that the zone
// holds.
func (e *examination) judgeCovered(c certificate) (out []Finding) {
	s := e.subject
	if s.Zone.Live == nil {
		return nil
	}
	for _, text := range c.Leaf().DNSNames {
		n, err := zone.ParseName(text)
		if err != nil || n == s.Name || n.IsWildcard() {
			continue
		}
		for _, t := range families() {
			own, ok := s.Live(t)
			other, there := s.Zone.Live.Find(zone.Key{Name: n, Type: t})
			if !ok || !there || other.Proxied || own.Proxied || e.misplaced(n, t) {
				continue
			}
			x := e.compared(n, Record{RRset: own}, other, "on the same certificate", "Have both led to the machine of the ACME client, or have one issued for each.")
			if want, wanted := s.Wanted(t); x.Outcome == Fail && wanted && !s.holds(want) {
				x = x.because("D-EXPECT") // the name itself is not where it should be
			}
			out = append(out, x)
		}
	}
	return out
}

// misplaced tells whether another name that is looked at is not where the inventory
// wants it, which is said of that name, and not once more of each that it shares a
// certificate with.
func (e *examination) misplaced(n zone.Name, t zone.Type) bool {
	return e.selection.Has("D-EXPECT") && slices.ContainsFunc(e.zone.examined, func(s *Subject) bool {
		want, wanted := s.Wanted(t)
		return s.Name == n && wanted && !s.holds(want)
	})
}

// compared is the finding about two names that belong together, and why they do.
func (e *examination) compared(n zone.Name, own Record, other zone.RRset, why, do string) Finding {
	name := e.subject.Name.Display()
	said := []Asked{{Who: name + " " + own.Type.String(), Said: listed(own.Addrs)}, {Who: n.Display() + " " + other.Type.String(), Said: listed(other.Addrs)}}
	if slices.Equal(own.Addrs, other.Addrs) {
		return passed(said, "%s and %s", name, n.Display())
	}
	return failed(said, "%s is %s as %s, and is at %s, not at %s", n.Display(), why, name, listed(other.Addrs), listed(own.Addrs)).with(
		Remedy{Do: do}, Remedy{Do: "Then see what will be done:", Paste: fmt.Sprintf("dnsplan plan %s %s", inCommand(e.subject.Name), inCommand(n))})
}
