package execute

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
)

// An issuance window writes its marker beside comments as they are when it is opened,
// not as its plan saw them: Note reads them, the start of the step has them in the
// journal before anything is written, and the provider compares them as it writes. Who
// edits one in between, or later, has it kept: see plan.MarkedMove and plan.Unmarked.

// errEdited is a comment or tag that has become another one since Note. It is noted
// again then.
var errEdited = errors.New("someone has just edited what stands beside an address")

// marks tells whether the action writes the markers of an issuance window.
func (r *Runner) marks(a Action) bool {
	return r.Plan.Window != nil && a.Step.Kind == plan.StepProxyOff && !a.Closing
}

// Note reads what the start of the action has to say in the journal, as the Data of
// its event: nil where that is nothing. Where a zone cannot be read, the action is not
// begun, and the events say so, one for each such zone. When the context ends, its
// error is returned.
func (r *Runner) Note(ctx context.Context, a Action, s *State) (json.RawMessage, []journal.Event, error) {
	if !r.marks(a) {
		return nil, nil, nil
	}
	beside, unread := make([]map[string][]plan.Member, len(a.Zones)), make([][]journal.Event, len(a.Zones))
	var g errgroup.Group
	g.SetLimit(zonesAtOnce)
	for i, ref := range a.Zones {
		g.Go(func() error {
			w := &work{Runner: r, action: a, state: s, ref: ref, step: a.Step}
			if s.inDoubt(a.Step, ref) {
				w.unheard = r.Clock.Now()
			}
			var err error
			if beside[i], err = w.beside(ctx); err != nil {
				unread[i] = []journal.Event{w.event(facts{}, err)}
			}
			return nil
		})
	}
	_ = g.Wait() // each zone has its own outcome
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	f := facts{Beside: map[string][]plan.Member{}}
	for _, zone := range beside {
		maps.Copy(f.Beside, zone)
	}
	if out := slices.Concat(unread...); len(out) > 0 || len(f.Beside) == 0 {
		return nil, out, nil
	}
	data, err := json.Marshal(f)
	return data, nil, err
}

// beside is what stands beside the addresses of the step's changes in this zone; nil
// where the provider keeps nothing there. What someone else has changed is left out,
// and found by the write.
func (w *work) beside(ctx context.Context) (out map[string][]plan.Member, err error) {
	p, err := w.World.Provider(w.ref)
	if err != nil || !p.Limits(w.ref.Zone).Comments {
		return nil, err
	}
	var live *zone.Snapshot
	err = w.patiently(ctx, func() (err error) {
		live, err = providers.Look(ctx, p, w.ref.Zone, zoneKeys(w.moves()))
		return err
	})
	if err != nil {
		return nil, err
	}
	out = map[string][]plan.Member{}
	for _, c := range w.changes() {
		if r, ok := live.Find(c.Key); ok && slices.Equal(r.Addrs, c.Before.Values) {
			out[c.ID] = plan.MembersOf(r)
		}
	}
	return out, nil
}

// marked is the move of a change with the markers that it brings, if there are any.
func (w *work) marked(c *plan.Change, m plan.Move) plan.Move {
	beside, noted := w.state.beside[c.ID]
	if !noted || !w.marks(w.action) {
		return m
	}
	m, bare := w.Plan.MarkedMove(m, beside, w.state.opened())
	told := slices.ContainsFunc(w.Plan.Warnings, func(t plan.Warning) bool { return t.Code == plan.NoMarker && t.Name == string(c.Name) })
	if len(bare) > 0 && !told {
		w.warnf("the comment of %s leaves no room for a marker: only this state folder knows that the proxy of %s is to go on again", bare[0], c.Name.Display())
	}
	return m
}

// unnoted tells whether what stands beside the addresses is neither what was noted nor
// what the step brings.
func (w *work) unnoted(live zone.RRset, m plan.Move) bool {
	return w.marks(w.action) && m.From.Members != nil && live.SameValues(*m.From) && !live.SameBeside(*m.From) && !live.SameBeside(*m.To)
}
