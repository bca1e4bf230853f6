package execute

import (
	"context"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// agree returns when every authoritative server has given every wanted answer,
// on each address that answered the preflight. A zone without servers to ask
// agrees at once: waits then count from the write.
func (w *work) agree(ctx context.Context, wants []verify.Want) error {
	servers, err := w.servers(ctx)
	if err != nil {
		return err
	}
	p := poll{
		doing:    "waiting until all authoritative servers of " + w.ref.Zone.Display() + " agree",
		deadline: w.Clock.Now().Add(w.timeout()),
		open:     cross(servers, false, wants),
		judge:    func(_ asked, l verify.Line) bool { return l.Verdict.Good() },
	}
	if w.doubts() {
		p.doubt = w.undisturbed
	}
	left, err := w.run(ctx, p)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return failf(Disagree, "authoritative servers of %s do not agree after %s: %s", w.ref, zone.FormatDuration(w.timeout()), explainLines(left))
	}
	return nil
}

// servers returns the zone's authoritative addresses to ask, in a fixed order.
func (w *work) servers(ctx context.Context) ([]resolver.Server, error) {
	names, err := w.World.NameServers(ctx, w.ref)
	if err != nil {
		return nil, failf(Unreachable, "authoritative servers of %s: %w", w.ref, err)
	}
	var out []resolver.Server
	for _, ns := range names {
		for _, s := range ns.Servers {
			if !slices.Contains(w.silent, s.String()) {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// preflight makes sure, before anything is written, that what the waits rest on
// can be seen: each authoritative server answers and serves what the plan saw,
// and the resolvers give a baseline. It tells of new addresses to which there is no
// way from here.
func (w *work) preflight(ctx context.Context) (facts, error) {
	silent, err := w.roll(ctx)
	if err != nil {
		return facts{}, err
	}
	w.silent = silent
	f := facts{Silent: silent, Seen: map[string]zone.TTL{}}
	if err := w.serving(ctx, f.Seen); err != nil {
		return facts{}, err
	}
	if f.Resolvers, err = w.baseline(ctx, f.Seen); err != nil {
		return facts{}, err
	}
	w.route(ctx)
	return f, w.enough(len(f.Resolvers))
}

// enough makes sure that the verification can succeed: a plan that needs more
// resolvers than have answered would hold behind its switch.
func (w *work) enough(answered int) error {
	need, err := w.quorum(answered)
	if err != nil || need <= answered {
		return err
	}
	for _, c := range w.changes() {
		if slices.ContainsFunc(w.state.index.byChange[c.ID], func(st *plan.Step) bool { return st.Kind == plan.StepVerify }) {
			return failf(Unreachable, "%d of %d resolvers answered the baseline of %s, %d needed", answered, len(w.World.Resolvers()), w.ref, need)
		}
	}
	return nil
}

// before are the RRsets as the plan saw them, of the changes that servers can
// be asked about: a new RRset is not asked for, so that no cache learns that it
// does not exist, and a proxied one has the proxy's answer.
func (w *work) before() (ids map[string]string, wants []verify.Want) {
	ids = map[string]string{}
	for _, c := range w.changes() {
		if c.Before == nil || c.Before.Proxied {
			continue
		}
		ids[c.Key.String()] = c.ID
		wants = append(wants, verify.Want{Key: c.Key, Values: c.Before.Values})
	}
	return ids, wants
}

// serving makes sure that the servers serve what the plan saw, and notes in
// seen each TTL that is higher than what it saw.
func (w *work) serving(ctx context.Context, seen map[string]zone.TTL) error {
	servers, err := w.servers(ctx)
	if err != nil {
		return err
	}
	ids, wants := w.before()
	left, err := w.run(ctx, poll{
		doing:    "comparing what the authoritative servers of " + w.ref.Zone.Display() + " serve with the plan",
		deadline: w.Clock.Now().Add(w.timeout()),
		open:     cross(servers, false, wants),
		judge: func(_ asked, l verify.Line) bool {
			w.note(seen, ids, l)
			return l.Verdict.Good()
		},
	})
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return failf(Disagree, "authoritative servers of %s do not serve what the plan saw: %s", w.ref, explainLines(left))
	}
	return nil
}

// note keeps the highest TTL of a change's RRset that any answer shows.
func (w *work) note(seen map[string]zone.TTL, ids map[string]string, l verify.Line) {
	id, ok := ids[string(l.Name)+" "+l.Type.String()]
	if !ok || len(l.Values) == 0 {
		return
	}
	if c := w.state.index.changes[id]; l.TTL > c.Before.TTL {
		seen[id] = max(seen[id], l.TTL)
	}
}

// baseline asks the resolvers for what is there now and returns the names of
// those that answered. The others are left out of every later quorum.
func (w *work) baseline(ctx context.Context, seen map[string]zone.TTL) ([]string, error) {
	resolvers := w.World.Resolvers()
	ids, wants := w.before()
	good := map[string]bool{}
	for _, a := range w.soas(ctx, []resolver.NameServer{{Servers: resolvers}}, true)[0] {
		good[a.Server.Name] = a.Status.Definite()
		if !a.Status.Definite() {
			w.warnf("resolver %s is left out: it does not answer (%s)", a.Server, a.Status)
		}
	}
	questions := cross(slices.DeleteFunc(slices.Clone(resolvers), func(s resolver.Server) bool { return !good[s.Name] }), true, wants)
	for i, l := range w.ask(ctx, questions) {
		w.note(seen, ids, l)
		name := questions[i].server.Name
		if good[name] && !l.Verdict.Good() && !l.Verdict.Stale() {
			good[name] = false
			w.warnf("resolver %s is left out: %s for %s", l.Who(), l.Status, keyOf(l).Display())
		}
	}
	var names []string
	for _, r := range resolvers {
		if good[r.Name] {
			names = append(names, r.Name)
		}
	}
	return names, ctx.Err()
}
