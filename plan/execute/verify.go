package execute

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// resolvers returns those that answered the baseline.
func (w *work) resolvers() []resolver.Server {
	base := w.state.Baseline(w.ref)
	return slices.DeleteFunc(slices.Clone(w.World.Resolvers()), func(s resolver.Server) bool {
		return !slices.Contains(base, s.Name)
	})
}

// verify makes sure that the authoritative servers still give the new answer,
// that as many resolvers as the policy requires do, and that the service behind
// the name answers its probe.
func (w *work) verify(ctx context.Context) (facts, error) {
	if err := w.agree(ctx, w.wants()); err != nil {
		return facts{}, err
	}
	servers, err := w.servers(ctx)
	if err != nil {
		return facts{}, err
	}
	resolvers := w.resolvers()
	need, err := w.quorum(len(resolvers))
	if err != nil {
		return facts{}, err
	}
	watch := newWatch(resolvers, w.resolverWants(), need, w.Clock)
	left, err := w.run(ctx, poll{
		doing:    "waiting until the resolvers give the new answer",
		deadline: w.Clock.Now().Add(w.timeout()),
		open:     cross(resolvers, true, watch.wants),
		judge:    watch.judge,
		enough:   watch.enough,
		leaps:    func(d time.Duration) { watch.leapt += d },
	})
	if err != nil {
		return facts{}, err
	}
	if !watch.enough() {
		return facts{}, failf(Lagging, "%s: %d of %d resolvers give the new answer, %d needed: %s",
			w.ref, watch.good(), len(resolvers), need, explainLines(left))
	}
	for _, r := range watch.lagging() {
		w.warnf("resolver %s does not give the new answer yet; %s is enough", r, w.Plan.Policy.Require)
	}
	f, err := w.probeService(ctx)
	f.VerifiedBy = names(servers, watch.agreeing())
	return f, err
}

// quorum is how many of n resolvers must give the new answer. None must, where
// the inventory names none, which the plan has said.
func (w *work) quorum(n int) (int, error) {
	if len(w.World.Resolvers()) == 0 {
		return 0, nil
	}
	need, err := verify.Quorum(w.Plan.Policy.Require, max(n, 1)) // of none, one is missing
	if err != nil {
		return 0, failf(Refused, "quorum of resolvers: %w", err)
	}
	return need, nil
}

// resolverWants are the wants without their TTLs: a resolver has some part of
// it left. Behind the switch what a change leads to in the end has its values.
func (w *work) resolverWants() []verify.Want {
	wants := w.wants()
	for i := range wants {
		wants[i].TTL, wants[i].Exact, wants[i].Or = 0, false, nil
		if wants[i].NotTTL != 0 {
			wants[i].Not = nil // told by the TTL alone, of which a resolver has a part
		}
	}
	return wants
}

func names(lists ...[]resolver.Server) []string {
	var out []string
	for _, l := range lists {
		for _, s := range l {
			out = append(out, s.String())
		}
	}
	return out
}

// watch follows which resolvers have given the new answer to everything.
//
// A resolver that gave an old answer after the computed wait keeps answers
// longer than it may, and what it gave with a TTL may live on in caches behind
// it. So it is not believed again before that TTL has passed, even if its next
// answer is right.
type watch struct {
	clock     Clock
	resolvers []resolver.Server
	wants     []verify.Want
	need      int
	open      map[resolver.Server]int
	stale     map[questionID]time.Time
	// leapt is by how much the clock was set: no cache forgets by that.
	leapt time.Duration
}

func newWatch(resolvers []resolver.Server, wants []verify.Want, need int, c Clock) *watch {
	w := &watch{clock: c, resolvers: resolvers, wants: wants, need: need, open: map[resolver.Server]int{}, stale: map[questionID]time.Time{}}
	for _, r := range resolvers {
		w.open[r] = len(wants)
	}
	return w
}

func (w *watch) now() time.Time { return w.clock.Now().Add(-w.leapt) }

func (w *watch) judge(q asked, l verify.Line) bool {
	id := q.id()
	if !l.Verdict.Good() {
		if l.Verdict.Stale() {
			w.stale[id] = w.now().Add(l.TTL.Duration())
		}
		return false
	}
	if w.now().Before(w.stale[id]) {
		return false
	}
	w.open[q.server]--
	return true
}

func (w *watch) agreeing() []resolver.Server {
	return slices.DeleteFunc(slices.Clone(w.resolvers), func(s resolver.Server) bool { return w.open[s] > 0 })
}

func (w *watch) lagging() []resolver.Server {
	return slices.DeleteFunc(slices.Clone(w.resolvers), func(s resolver.Server) bool { return w.open[s] == 0 })
}

func (w *watch) good() int    { return len(w.agreeing()) }
func (w *watch) enough() bool { return w.good() >= w.need }

// gate makes sure, right before the first switch, that resolvers have forgotten
// the old TTL.
//
//	shows no more than the change TTL    has forgotten
//	more, within the time-out            is given that time, once
//	more, beyond the time-out            has not forgotten: nothing is switched
//	more than any server ever gave it    keeps answers longer than it may: waiting
//	                                     does not help, the verification will tell
func (w *work) gate(ctx context.Context) error {
	held := w.holding(ctx)
	if err := ctx.Err(); err != nil || len(held) == 0 {
		return err
	}
	now := w.Clock.Now()
	until, over := now, []verify.Line{}
	for _, l := range held {
		end := now.Add(l.TTL.Duration())
		switch {
		case end.Sub(now) <= w.timeout():
			until = later(until, end)
		case !w.lengthened(l, end):
			over = append(over, l)
		}
	}
	if len(over) > 0 {
		return failf(Disagree, "resolvers still hold the old TTL, nothing is switched: %s", explainLines(over))
	}
	if until.After(now) {
		w.tell(Progress{Doing: "waiting until resolvers have forgotten the old TTL", Deadline: until, Then: Ends, Lines: worst(held)})
		if err := w.Clock.SleepUntil(ctx, until.Add(Margin)); err != nil {
			return err
		}
		held = w.holding(ctx)
	}
	for _, l := range held {
		w.warnf("%s gives %s with TTL %d, above the zone's: it keeps answers longer than it may", l.Who(), keyOf(l).Display(), l.TTL)
	}
	return ctx.Err()
}

// holding returns the resolvers' answers whose TTL is above the zone's own: the
// change TTL where the TTL was lowered. The new addresses, where someone else has
// set them, are no old answer.
func (w *work) holding(ctx context.Context) (held []verify.Line) {
	low, after := map[zone.Key]zone.TTL{}, map[zone.Key][]netip.Addr{}
	var wants []verify.Want
	for _, c := range w.changes() {
		after[c.Key] = c.After.Values
		low[c.Key] = c.Move(plan.StepSwitch).From.TTL
		wants = append(wants, wantOf(c, plan.Move{Key: c.Key, To: c.Before.RRset(c.Key)}))
	}
	for _, l := range w.ask(ctx, cross(w.resolvers(), true, wants)) {
		if len(l.Values) > 0 && l.TTL > low[keyOf(l)] && !slices.Equal(l.Values, after[keyOf(l)]) {
			held = append(held, l)
		}
	}
	return held
}

// lengthened tells whether an answer that lasts until end outlives all that the
// servers gave out before they served the lowered TTL.
func (w *work) lengthened(l verify.Line, end time.Time) bool {
	for _, c := range w.changes() {
		if c.Key != keyOf(l) {
			continue
		}
		last, known := w.state.forgotten(w.step, c)
		return known && end.After(last.Add(Margin))
	}
	return false
}

// forgotten returns when the last cache that keeps to TTLs has forgotten c as it
// was before the run. It is not known where the TTL was not lowered before st:
// who lowered it earlier, and from what, is not the run's to know.
func (s *State) forgotten(st *plan.Step, c *plan.Change) (last time.Time, known bool) {
	for _, before := range s.index.byChange[c.ID] {
		if before.ID == st.ID {
			break
		}
		if at, done := s.steps[before.ID].done[c.ZoneRef]; done && before.Kind == plan.StepPropagate {
			last, known = at.Add(s.Seen(c).Duration()), c.Lowered()
		}
	}
	return later(last, s.plan.Created.Add(c.Cached.Duration())), known
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func keyOf(l verify.Line) zone.Key { return zone.Key{Name: l.Name, Type: l.Type} }
