package embedded_test

import (
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// chainOf are the states that a change goes through, from what was before the run
// on.
func (v *victim) chainOf(c *plan.Change) []*zone.RRset {
	chain := []*zone.RRset{c.Before.RRset(c.Key)}
	for _, st := range v.plan.Steps {
		if st.Kind.Writes() && slices.Contains(st.Changes, c.ID) {
			if to := c.Move(st.Kind).To; !same(to, chain[len(chain)-1]) {
				chain = append(chain, to)
			}
		}
	}
	return chain
}

// placeIn is where in the chain a state stands; -1 where it does not.
func placeIn(chain []*zone.RRset, r *zone.RRset) int {
	return slices.IndexFunc(chain, func(s *zone.RRset) bool { return same(s, r) })
}

// judgeMutation checks a write in the moment in which it lands, against what
// servers and caches give out. The caller holds mu.
func (v *victim) judgeMutation(c *plan.Change, m mutation) {
	v.neverFewer(c, m)
	if c.Strategy != plan.Staged || m.part || v.theirs[c.Key] || c.Before != nil && c.Before.Proxied {
		return
	}
	switches := c.Action != plan.TTL && c.Before != nil && m.from != nil && m.to != nil && !slices.Equal(m.from.Addrs, m.to.Addrs) && slices.Equal(m.to.Addrs, c.After.Values)
	if switches {
		v.forgotten(c, m)
	}
	stays := c.Replaces != "" && v.cancelled // whoever cancels gets it as it is
	if !stays && c.After != nil && m.from != nil && m.to != nil && c.Action != plan.TTL && slices.Equal(m.to.Addrs, c.After.Values) && m.to.TTL > m.from.TTL {
		v.verified(c, m)
	}
}

// neverFewer wants that a name keeps as many values as it had, or shall have.
func (v *victim) neverFewer(c *plan.Change, m mutation) {
	least := min(len(valuesIn(c.Before)), len(valuesIn(c.After)))
	if n := countOf(m.to); n < least && !v.theirs[c.Key] {
		v.t.Errorf("%v leaves %d values, want at least %d", m, n, least)
	}
}

func valuesIn(s *plan.State) []string {
	if s == nil {
		return nil
	}
	return make([]string, len(s.Values))
}

func countOf(r *zone.RRset) int {
	if r == nil {
		return 0
	}
	return len(r.Addrs)
}

// forgotten wants, where addresses are switched, that no cache holds the old ones
// for longer than the lowered TTL, and that the old TTL has passed since the last
// server gave it out.
func (v *victim) forgotten(c *plan.Change, m mutation) {
	low := m.from.TTL
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	for _, r := range v.w.resolvers {
		e, ok := r.entries[c.Key]
		if left := time.Duration(e.ends-time.Now().Unix()) * time.Second; ok && left > low.Duration() {
			v.t.Errorf("%v, and %s holds the old answer for %s", m, r.name, left)
		}
	}
	if c.Before.TTL <= low {
		return
	}
	lowered := c.Before.RRset(c.Key)
	lowered.TTL = low
	if since := m.at.Sub(v.lastServed(c, lowered)); since < c.Before.TTL.Duration() {
		v.t.Errorf("%v %s after the last server has served the lowered TTL, want %s", m, since, c.Before.TTL.Duration())
	}
}

// lastServed is when the last server that answers began to serve the state.
func (v *victim) lastServed(c *plan.Change, r *zone.RRset) (last time.Time) {
	var wrote time.Time
	for _, m := range v.seen {
		if m.key == c.Key && same(m.to, r) && !m.theirs {
			wrote = m.at
		}
	}
	for _, a := range v.w.servers[c.Zone] {
		if at := wrote.Add(a.lag); at.After(last) {
			last = at
		}
	}
	return last
}

// verified wants, where a TTL goes up, that every server and resolver that answers
// gives the new addresses.
func (v *victim) verified(c *plan.Change, m mutation) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	for _, a := range v.w.servers[c.Zone] {
		if r := lookup(a.content(v.w.history[c.Zone], m.at.Add(-time.Nanosecond)), c.Key); !a.dead && !slices.Equal(r.addrs, c.After.Values) {
			v.t.Errorf("%v, and %s serves %v", m, a.name, r.addrs)
		}
	}
	for _, r := range v.w.resolvers {
		if r.status() != resolver.Answered {
			continue
		}
		if e, ok := r.entries[c.Key]; ok && e.ends >= m.at.Unix() && !slices.Equal(e.addrs, c.After.Values) {
			v.t.Errorf("%v, and %s gives %v", m, r.name, e.addrs)
		}
	}
	if since := m.at.Sub(v.lastServed(c, m.from)); since < m.from.TTL.Duration() {
		v.t.Errorf("%v %s after the last server has served the new addresses, want %s", m, since, m.from.TTL.Duration())
	}
}

// judge checks what the run has left behind.
func (v *victim) judge() {
	v.judgeWindow()
	for i := range v.plan.Changes {
		c := &v.plan.Changes[i]
		v.onceEach(c)
		v.endState(c, v.outcomes.Changes[i].Made)
	}
	for _, n := range v.noops {
		v.t.Errorf("a write that landed changed nothing: %s", n)
	}
	if len(v.faults) == 0 {
		most := v.base.took + v.dead + time.Duration(v.kills)*(20*time.Second+lateness) // of a write under way
		if took := time.Since(v.began); took > most && !v.quiet {
			v.t.Errorf("took %s, want at most %s: waits were served again", took, most)
		}
		if v.outcomes.Outcome != execute.OutcomeDone && !v.cancelled && v.plan.Window == nil {
			v.t.Errorf("nothing went wrong but deaths, and the run is %s: %+v", v.outcomes.Outcome, v.outcomes.Failures)
		}
	}
	v.changeLog()
	v.armedOnce()
}

// onceEach wants that the writes of a change went through its states one after
// the other, and, once back, only back: none twice, none skipped, and none from a
// state that somebody else has set. Nobody can tell who has set what the run has
// left there.
func (v *victim) onceEach(c *plan.Change) {
	chain := v.chainOf(c)
	at, left, back := 0, 0, false
	for _, m := range v.seen {
		if m.key != c.Key || m.zone != c.Zone {
			continue
		}
		switch {
		case m.theirs && (same(m.to, chain[left]) || v.plan.Window != nil && same(m.to, chain[0])):
			at = placeIn(chain, m.to)
		case m.theirs && (v.kills > 0 || v.landing) && at >= 0 && at+1 < len(chain) && same(m.to, chain[at+1]):
			at++ // which a process that has died may have written as well
		case m.theirs:
			at = -1
		case at < 0:
			v.t.Errorf("%v is written over what someone else has set", m)
			return
		case m.part:
		default:
			to := placeIn(chain, m.to)
			switch {
			case to < 0:
				v.t.Errorf("%v leads to no state of the plan", m)
			case to == at+1 && (!back || v.landing): // what comes late is taken back once more
			case to == at && placeIn(chain, m.from) < 0: // back from halfway
			case to == at-1:
				back = true
			default:
				v.t.Errorf("%v goes from state %d to %d of %d, taken back before: %t", m, at, to, len(chain), back)
			}
			at, left = to, max(to, 0)
		}
	}
}

// endState wants that what is live is the plan's or the old state, as the run
// says, and that nothing is open but what someone has to look at.
func (v *victim) endState(c *plan.Change, made execute.Made) {
	live := found(v.w.provider.Snapshot(c.Zone), c.Key)
	before, after := c.Before.RRset(c.Key), c.After.RRset(c.Key)
	if v.theirs[c.Key] {
		v.endOfTheirs(c, made) // the rest is checked write by write
		return
	}
	touched := slices.ContainsFunc(v.seen, func(m mutation) bool { return m.key == c.Key && m.zone == c.Zone })
	switch made {
	case execute.Applied:
		if !same(live, after) {
			v.t.Errorf("%s is %s, and live is %s", c.Key, made, present(live))
		}
	case execute.RolledBack, execute.Closed:
		if unknown := v.kills > 0; !same(live, before) || !touched && !unknown {
			v.t.Errorf("%s is %s, touched %t, and live is %s", c.Key, made, touched, present(live))
		}
	case execute.NotApplied:
		if !same(live, before) || touched {
			v.t.Errorf("%s is %s, touched %t, and live is %s", c.Key, made, touched, present(live))
		}
	case execute.LeftOpen:
		if c.Replaces == "" && !v.refused && len(v.theirs) == 0 && !v.impaired {
			v.t.Errorf("%s is %s without a reason: %+v", c.Key, made, v.outcomes.Failures)
		}
		if c.Replaces != "" && live == nil && touched {
			v.t.Errorf("%s: neither the CNAME nor an address is left", c.Key)
		}
	default:
		v.t.Errorf("%s is %s at the end", c.Key, made)
	}
}

// endOfTheirs wants that a run beside which nothing else went wrong has made what
// someone else has made for it, unless the preflight saw it too: then the plan no
// longer fits.
func (v *victim) endOfTheirs(c *plan.Change, made execute.Made) {
	if !v.ahead[c.Key] || len(v.faults) > 1 || v.cancelled || made == execute.Applied {
		return
	}
	if f := v.outcomes.Failures; len(f) != 1 || f[0].Step != v.step(plan.StepPreflight, 1).ID {
		v.t.Errorf("%s was set to what is wanted, and is %s: %+v", c.Key, made, f)
	}
}

// changeLog wants one entry for each change that was live, or was made by someone
// else for the run, in a chain that is whole.
func (v *victim) changeLog() {
	log, err := journal.ReadChanges(v.state)
	if err != nil {
		v.t.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range log {
		got[e.ID]++
	}
	for i := range v.plan.Changes {
		c := &v.plan.Changes[i]
		want, most := 0, 1
		unknown := v.theirs[c.Key] && (v.kills > 0 || slices.Contains(v.faults, namesOfWrites[replyLost]))
		made := v.outcomes.Changes[i].Made == execute.Applied
		if v.wasLive(c) && !unknown || made {
			want = 1
		} else if !v.wasLive(c) && v.kills == 0 {
			most = 0
		}
		if n := got[c.ID]; n < want || n > most {
			v.t.Errorf("%s is %d times in the change log, want %d to %d", c.Key, n, want, most)
		}
	}
	if checked, err := journal.VerifyChanges(v.state); err != nil || checked.Fault != nil {
		v.t.Errorf("change log: %v, %+v", err, checked.Fault)
	}
}

// wasLive tells whether the new state of the change was there for a while.
func (v *victim) wasLive(c *plan.Change) bool {
	chain := v.chainOf(c)
	if v.plan.Window != nil {
		chain = chain[:2] // what comes behind it closes the window
	}
	first := len(chain) - 1 // the state that a switch brings
	for first > 1 && alike(chain[first], chain[first-1]) {
		first--
	}
	return slices.ContainsFunc(v.seen, func(m mutation) bool {
		return m.key == c.Key && m.zone == c.Zone && !m.theirs && !m.part && placeIn(chain, m.to) >= first
	})
}

// alike tells whether two states have the same addresses.
func alike(a, b *zone.RRset) bool {
	return a != nil && b != nil && slices.Equal(a.Addrs, b.Addrs) && a.Proxied == b.Proxied
}

// armedOnce wants that each wait has one deadline.
func (v *victim) armedOnce() {
	armed := map[string]int{}
	for _, e := range v.events() {
		if e.Kind == journal.Wait {
			armed[e.Step+" "+e.Zone]++
		}
	}
	for wait, n := range armed {
		if n != 1 {
			v.t.Errorf("wait %s was armed %d times", wait, n)
		}
	}
}
