package report

import (
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// ByHand is what a person needs to finish or to take back one change of a run
// that cannot go on.
type ByHand struct {
	Zone zone.Name   `json:"zone"`
	View string      `json:"view"`
	Name zone.Name   `json:"name"`
	Type string      `json:"type"`
	Was  *plan.State `json:"before"` // null where there was no RRset
	Want *plan.State `json:"after"`  // null where there shall be none
	// Replaces is the record that went in the same operation: "CNAME target.".
	Replaces string `json:"replaces,omitempty"`
	// Written says that a write of it was begun, as far as the journal can be
	// read; it may have been behind that.
	Written bool `json:"written"`
}

// ByHandOf are the changes of a run's plan, with what its result knows of them.
func ByHandOf(r execute.Result) []ByHand {
	out := []ByHand{}
	for _, c := range r.Changes {
		out = append(out, ByHand{
			Zone: c.Change.Zone, View: c.Change.View, Name: c.Change.Name, Type: c.Change.Type.String(),
			Was: c.Change.Before, Want: c.Change.After, Replaces: c.Change.Replaces, Written: c.Written,
		})
	}
	return out
}

// byHand lists what each RRset was and shall be.
func (p *page) byHand(list []ByHand) {
	if len(list) == 0 {
		return
	}
	p.heading("By hand: look at what is live, and set each RRset to one of the two")
	for _, h := range list {
		name := append([]span{in(bold, h.Name.Display()), txt(" " + h.Type)}, viewOf(plan.ZoneRef{Zone: h.Zone, View: h.View})...)
		written := "not written, as far as the journal can be read"
		if h.Written {
			written = "written, or begun to be"
		}
		p.row(4, "  ", append(name, in(dim, p.o.dot()+written))...)
		p.row(12, "    ", txt("before: "+firstOf(stateText(h.Was), h.Replaces, "no RRset")))
		p.row(12, "    ", txt("after: "+firstOf(stateText(h.Want), "no RRset")))
	}
}

// stateText is "192.0.2.1, TTL 3600"; empty for no state.
func stateText(s *plan.State) string {
	if s == nil {
		return ""
	}
	addrs := make([]string, len(s.Values))
	for i, v := range s.Values {
		addrs[i] = v.String()
	}
	return listed(addrs, s.Proxied) + ", TTL " + ttlText(s.TTL, s.Auto)
}

// Damaged is r as it is shown when its journal is damaged: it cannot go on, and
// what there is to do is by hand.
func (r Run) Damaged(why string, res execute.Result) Run {
	r.State, r.Damage, r.ByHand = RunDamaged, why, ByHandOf(res)
	r.Next = []Command{
		{program + "verify", "see what every server answers now"},
		{program + "plan", "what is left to do, as a new plan"},
	}
	return r
}
