package report

import (
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// lookup finds the changes of a plan by id without walking it each time, and
// knows who is asked about them.
type lookup struct {
	changes map[string]*plan.Change
	// served are the zones whose authoritative servers are asked.
	served    map[plan.ZoneRef]bool
	resolvers bool
	// window is the plan's issuance window; nil in other plans.
	window *plan.Window
}

func newLookup(p *plan.Plan) lookup {
	l := lookup{
		changes: make(map[string]*plan.Change, len(p.Changes)), served: map[plan.ZoneRef]bool{},
		resolvers: len(p.Policy.Resolvers) > 0, window: p.Window,
	}
	for i := range p.Changes {
		l.changes[p.Changes[i].ID] = &p.Changes[i]
	}
	for _, z := range p.Zones {
		l.served[z.ZoneRef] = z.Discover || len(z.Servers) > 0
	}
	return l
}

// asked are the kinds of servers that a step asks.
type asked struct{ servers, resolvers bool }

// who names them; empty where nobody is asked.
func (a asked) who() string {
	switch {
	case a.servers && a.resolvers:
		return "servers and resolvers"
	case a.servers:
		return "authoritative servers"
	case a.resolvers:
		return "resolvers"
	}
	return ""
}

// asks says whom a step asks about its changes. Values behind a proxy are
// judged by the provider's read-back alone.
func (l lookup) asks(s *plan.Step) (a asked) {
	for _, id := range s.Changes {
		c := l.changes[id]
		if c == nil || s.Kind != plan.StepPreflight && c.Before != nil && c.After != nil && c.Before.Proxied && c.After.Proxied {
			continue
		}
		a.servers = a.servers || l.served[c.ZoneRef]
		a.resolvers = l.resolvers
	}
	switch s.Kind {
	case plan.StepPropagate:
		a.resolvers = false
	case plan.StepGate:
		a.servers = false
	case plan.StepPreflight, plan.StepVerify, plan.StepSettle, plan.StepCommand:
	default:
		return asked{}
	}
	return a
}

// openEnded tells whether how long a step takes is decided by others.
func (l lookup) openEnded(s *plan.Step) bool {
	switch s.Kind {
	case plan.StepCommand:
		return true
	case plan.StepGate, plan.StepPropagate, plan.StepVerify:
		return l.asks(s) != asked{}
	}
	return false
}

// star marks what is open-ended.
func (l lookup) star(s *plan.Step) string {
	if l.openEnded(s) {
		return " *"
	}
	return ""
}

// onTop says that stars take time too; empty where there are none.
func (l lookup) onTop(steps []plan.Step) string {
	var all asked
	open := false
	for i := range steps {
		if s := &steps[i]; l.openEnded(s) {
			a := l.asks(s)
			all.servers, all.resolvers, open = all.servers || a.servers, all.resolvers || a.resolvers, true
		}
	}
	if !open {
		return ""
	}
	if l.window != nil {
		return "What " + firstOf(all.who(), "servers") + " need to agree, and the command (*), comes on top."
	}
	return "What " + firstOf(all.who(), "others") + " need to agree (*) comes on top."
}

// sentence says what a step does: "wait 24h: resolvers may hold the old TTL
// (www.example.org A)".
func (l lookup) sentence(s *plan.Step) string {
	text := l.detail(s)
	switch {
	case s.Kind == plan.StepLower || s.Kind == plan.StepRaise:
		text = l.ttls(s) + l.about(s)
	case s.Seconds > 0:
		text = "wait " + duration(time.Duration(s.Seconds)*time.Second) + ": " + text + l.about(s)
	case l.openEnded(s), s.Kind == plan.StepPropagate, s.Kind == plan.StepVerify, s.Kind == plan.StepGate, s.Kind == plan.StepProbe:
		text += l.about(s)
	}
	return text
}

// detail is the step's own, but where it tells of answers that nobody is asked
// for.
func (l lookup) detail(s *plan.Step) string {
	text := l.answers(s)
	if text != s.Detail && strings.HasSuffix(s.Detail, plan.AlsoProbed) {
		text += plan.AlsoProbed // services are asked, whoever else is
	}
	return text
}

// answers is detail without what it says of services.
func (l lookup) answers(s *plan.Step) string {
	a := l.asks(s)
	switch s.Kind {
	case plan.StepPreflight:
		return l.preflight(s, a)
	case plan.StepPropagate:
		if !a.servers {
			return "no authoritative server is asked: waits count from the write"
		}
	case plan.StepGate:
		if !a.resolvers {
			return "no resolver is asked, switching is allowed now"
		}
	case plan.StepVerify:
		if who := a.who(); who != "" && a != (asked{true, true}) && l.window == nil {
			return who + " give the new answer"
		} else if who == "" {
			return "nobody is asked: the provider was read back"
		}
	case plan.StepSettle:
		if a == (asked{}) {
			return "nobody is asked whether the new state stays good"
		}
	}
	return s.Detail
}

func (l lookup) preflight(s *plan.Step, a asked) string {
	switch {
	case a == asked{true, true}:
		return s.Detail
	case a.servers:
		return "authoritative servers answer"
	case a.resolvers:
		return "resolvers give a baseline"
	}
	return "nobody is asked: waits count from the write"
}

// closing says what is done to take a step back.
func (l lookup) closing(s *plan.Step) string {
	switch s.Kind {
	case plan.StepLower:
		return "TTLs go back to what they were" + l.about(s)
	case plan.StepRaise:
		return "what was verified gets its TTL" + l.about(s)
	case plan.StepProxyOff, plan.StepProxyOn:
		return "the proxy goes back to what it was" + l.about(s)
	}
	return "the old values come back" + l.about(s)
}

// about names the RRset, or the group and number of RRsets, of a step that is
// not about all of them.
func (l lookup) about(s *plan.Step) string {
	switch {
	case len(s.Changes) == 0, len(s.Changes) == len(l.changes):
		return ""
	case len(s.Changes) == 1:
		return " (" + l.names(s) + ")"
	case s.Group != "":
		return " (group " + s.Group + ", " + l.names(s) + ")"
	}
	return " (" + l.names(s) + ")"
}

// names is "www.example.org A", or "3 RRsets".
func (l lookup) names(s *plan.Step) string {
	if len(s.Changes) == 1 {
		if c := l.changes[s.Changes[0]]; c != nil {
			return c.Name.Display() + " " + c.Type.String()
		}
	}
	return count(len(s.Changes), "RRset")
}

// ttls says "1d -> 5m", or the ranges where the RRsets of a step differ.
func (l lookup) ttls(s *plan.Step) string {
	var from, to ttlRange
	for _, id := range s.Changes {
		c := l.changes[id]
		if c == nil || c.Before == nil && c.After == nil {
			continue
		}
		m := c.Move(s.Kind)
		if m.From != nil {
			from.add(m.From.TTL)
		}
		if m.To != nil {
			to.add(m.To.TTL)
		}
	}
	if !from.some || !to.some {
		return s.Detail
	}
	return from.String() + " -> " + to.String()
}

// ttlRange is the lowest and the highest of some TTLs.
type ttlRange struct {
	low, high zone.TTL
	some      bool
}

func (r *ttlRange) add(t zone.TTL) {
	if !r.some {
		*r = ttlRange{t, t, true}
	}
	r.low, r.high = min(r.low, t), max(r.high, t)
}

func (r ttlRange) String() string {
	if r.low == r.high {
		return ttlText(r.low, false)
	}
	return ttlText(r.low, false) + ".." + ttlText(r.high, false)
}
