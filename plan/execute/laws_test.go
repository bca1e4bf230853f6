package execute_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// history is a run under random outcomes, beside the RRsets as they would be
// live.
type history struct {
	*rapid.T
	*run
	live     map[string]*zone.RRset // by change
	verified map[string]bool        // by change
	done     map[string]bool        // by step and zone
	alarmed  map[string]bool        // by zone
	// theirs are changes whose RRset someone else has set, by change; accepted
	// those that were left to them; ahead those that someone else has brought to
	// where the run leads; edited both.
	theirs, accepted, ahead, edited map[string]bool
	// wrote are the changes of which something was written, and unknown those of
	// which the journal cannot tell: a process died while it took them back.
	wrote, unknown map[string]bool
	faults         int
	failures       int // of steps that were not closing
}

// No order of events raises the TTL of a switched RRset before its verification
// or its rollback, does a step again that was done, writes over what the step
// does not expect, or over what someone else has set, or leaves anything open
// without an alarm. Every run ends.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{T: rt, run: newRun(planOf(drawStrategy(rt), drawSets(rt)...))}
		h.live, h.verified, h.done, h.alarmed = map[string]*zone.RRset{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
		h.theirs, h.accepted, h.ahead, h.edited = map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
		h.wrote, h.unknown = map[string]bool{}, map[string]bool{}
		h.faults = rapid.IntRange(0, 5).Draw(rt, "faults")
		for _, c := range h.p.Changes {
			h.live[c.ID] = c.Before.RRset(c.Key)
		}
		for n := 0; ; n++ {
			if n > 300 {
				rt.Fatalf("no end, next is %s", describe(h.next()))
			}
			if a := h.next(); a.Kind == execute.Nothing {
				break
			} else {
				h.act(a)
			}
		}
		h.ended()
	})
}

func drawStrategy(t *rapid.T) plan.Strategy {
	return rapid.SampledFrom([]plan.Strategy{plan.Staged, plan.Staged, plan.Staged, plan.Direct}).Draw(t, "strategy")
}

func drawSets(t *rapid.T) (sets []rrset) {
	ttl := rapid.SampledFrom([]zone.TTL{0, 30, 60, 600})
	for i := range rapid.IntRange(1, 5).Draw(t, "sets") {
		s := rrset{
			zone: rapid.SampledFrom([]string{org, net, "example.com."}).Draw(t, "zone"), name: fmt.Sprintf("n%d", i),
			before: ttl.Draw(t, "before"), after: ttl.Draw(t, "after"),
			group: rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "group"), same: rapid.Bool().Draw(t, "same"),
			probe: rapid.Bool().Draw(t, "probe"),
		}
		sets = append(sets, s)
	}
	return sets
}

// act lets the next action come to some outcome.
func (h *history) act(a execute.Action) {
	switch a.Kind {
	case execute.Hold:
		kind := rapid.SampledFrom([]journal.Kind{journal.Resume, journal.Accept, journal.Accept, journal.Cancel}).Draw(h.T, "word")
		if kind == journal.Accept {
			h.accept()
			return
		}
		h.take(journal.Event{Kind: kind})
		return
	case execute.Arm:
		h.each(a, journal.Wait, "")
	case execute.Sleep:
		h.now = a.Until
	case execute.Pass:
		h.each(a, journal.Done, "")
	case execute.Finish:
		h.take(journal.Event{Kind: journal.End})
	case execute.Run:
		h.take(journal.Event{Kind: journal.Start, Step: a.Step.ID, Undo: a.Closing})
		for _, ref := range a.Zones {
			if !h.inZone(a, ref) {
				h.died(a)
				return
			}
		}
	}
	if h.fault("word") {
		h.take(journal.Event{Kind: rapid.SampledFrom([]journal.Kind{journal.Cancel, journal.Interrupted, journal.Resume}).Draw(h.T, "word")})
	}
	if len(h.p.Changes) > 0 && h.fault("someone else") {
		h.edit(rapid.SampledFrom(h.p.Changes).Draw(h.T, "whose"))
	}
}

// died takes in that the process died: closing may have written anything by then.
func (h *history) died(a execute.Action) {
	for _, id := range a.Step.Changes {
		h.unknown[id] = h.unknown[id] || a.Closing
	}
}

// edit has someone else set the RRset of a change, be it to what the run wants.
func (h *history) edit(c plan.Change) {
	h.edited[c.ID] = true
	if h.ahead[c.ID] = rapid.Bool().Draw(h.T, "ahead"); h.ahead[c.ID] {
		delete(h.theirs, c.ID)
		h.live[c.ID] = c.After.RRset(c.Key)
		return
	}
	h.theirs[c.ID] = true
	h.live[c.ID] = &zone.RRset{Key: c.Key, TTL: 17, Addrs: []netip.Addr{netip.MustParseAddr("198.51.100.66")}}
}

// accept leaves what someone else has set as it is, of zones that are not taken
// back.
func (h *history) accept() {
	left := []string{}
	for id := range h.theirs {
		if c, _ := h.p.Change(id); !h.state.Failed(c.ZoneRef) && !h.over(c) {
			left = append(left, id)
			h.accepted[id] = true
		}
	}
	slices.Sort(left)
	data, err := json.Marshal(map[string]any{"left": left})
	if err != nil {
		h.Fatal(err)
	}
	h.take(journal.Event{Kind: journal.Accept, Data: data})
}

// over tells whether all steps of a change are done.
func (h *history) over(c *plan.Change) bool {
	return !slices.ContainsFunc(h.p.Steps, func(st plan.Step) bool {
		return slices.Contains(st.Changes, c.ID) && !h.done[st.ID+" "+c.ZoneRef.String()]
	})
}

// moved are the changes of the action in the zone whose RRset someone else has
// set; where it is taken back, also those that they have brought to their end.
func (h *history) moved(a execute.Action, ref plan.ZoneRef, moves map[string]plan.Move) (ids []string) {
	for _, id := range a.Step.Changes {
		m, ours := moves[id]
		ahead := a.Closing && ours && h.ahead[id] && !equal(h.live[id], m.From) && !equal(h.live[id], m.To)
		if c, _ := h.p.Change(id); c.ZoneRef == ref && (h.theirs[id] || ahead) && !h.accepted[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// fault draws whether something goes wrong now.
func (h *history) fault(what string) bool {
	if h.faults == 0 || rapid.IntRange(0, 9).Draw(h.T, what) > 0 {
		return false
	}
	h.faults--
	return true
}

// inZone does the step in one zone. It is false when the process dies there.
func (h *history) inZone(a execute.Action, ref plan.ZoneRef) bool {
	at := a.Step.ID + " " + ref.String()
	if !a.Closing && h.done[at] {
		h.Fatalf("%s is done again in %s", describe(a), ref)
	}
	moves := h.moves(a, ref)
	landed := h.found(a, moves)
	if moved := h.moved(a, ref, moves); len(moved) > 0 && a.Step.Kind.Writes() {
		return h.stopped(a, ref, moves, moved)
	}
	ok := !h.fault("outcome")
	if ok || rapid.Bool().Draw(h.T, "landed") {
		h.write(moves)
	}
	e := journal.Event{Kind: journal.Done, Step: a.Step.ID, Zone: ref.String(), Undo: a.Closing}
	if a.Closing {
		e.Data, _ = json.Marshal(map[string]any{"landed": landed})
	}
	if ok {
		h.done[at] = !a.Closing
		h.verify(a, ref)
	} else {
		kind := rapid.SampledFrom([]journal.Kind{journal.Failed, journal.Failed, journal.Hold, ""}).Draw(h.T, "failure")
		if kind == "" {
			return false
		}
		if a.Closing {
			h.died(a) // it is begun again
		}
		h.fail(&e, a, ref, kind, moves)
	}
	h.take(e)
	return true
}

// found are the changes of which closing finds what the step has written.
func (h *history) found(a execute.Action, moves map[string]plan.Move) (ids []string) {
	for id, m := range moves {
		if a.Closing && equal(h.live[id], m.From) && !equal(m.From, m.To) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// stopped is the step's outcome where someone else was: it holds, with nothing
// written, or, where it is taken back, leaves theirs alone.
func (h *history) stopped(a execute.Action, ref plan.ZoneRef, moves map[string]plan.Move, moved []string) bool {
	e := journal.Event{Kind: journal.Hold, Step: a.Step.ID, Zone: ref.String(), Undo: a.Closing, Error: "moved"}
	data := map[string]any{"class": execute.Moved}
	if a.Closing {
		left := []string{}
		data["landed"] = h.found(a, moves)
		for _, id := range moved {
			if _, ours := moves[id]; ours {
				left = append(left, id)
				delete(moves, id)
			}
		}
		h.write(moves)
		e.Kind = journal.Done
		if len(left) > 0 {
			e.Kind, data["left"], h.alarmed[ref.String()] = journal.Failed, left, true
		}
	}
	e.Data, _ = json.Marshal(data)
	h.take(e)
	return true
}

// fail makes an event of a failure. Only checks of resolvers, and closing, wait
// for a person. Closing that fails is an alarm, also about what it has left.
func (h *history) fail(e *journal.Event, a execute.Action, ref plan.ZoneRef, kind journal.Kind, moves map[string]plan.Move) {
	e.Kind, e.Error = kind, "because"
	if kind == journal.Hold && !a.Closing && a.Step.Kind != plan.StepVerify && a.Step.Kind != plan.StepSettle {
		e.Kind = journal.Failed
	}
	if e.Kind == journal.Failed && !a.Closing {
		h.failures++
	}
	if e.Kind == journal.Failed && a.Closing {
		h.alarmed[ref.String()] = true
		left := []string{}
		for id := range moves {
			left = append(left, id)
		}
		if rapid.Bool().Draw(h.T, "left") {
			e.Data, _ = json.Marshal(map[string]any{"class": execute.Moved, "left": left, "landed": h.found(a, moves)})
		} else {
			h.write(moves) // written, and not all servers agree
		}
	}
}

// moves are the writes of the action in the zone, by change.
func (h *history) moves(a execute.Action, ref plan.ZoneRef) map[string]plan.Move {
	out := map[string]plan.Move{}
	if !a.Step.Kind.Writes() {
		return out
	}
	for i := range h.p.Changes {
		c := &h.p.Changes[i]
		if c.ZoneRef != ref || !slices.Contains(a.Step.Changes, c.ID) || h.accepted[c.ID] {
			continue
		}
		if !a.Closing {
			out[c.ID] = c.Move(a.Step.Kind)
		} else if m, ok := h.state.Undo(a.Step, c); ok {
			out[c.ID] = m
		}
	}
	return out
}

// write brings what is live from each move's From to its To, as far as the laws
// allow it.
func (h *history) write(moves map[string]plan.Move) {
	for id, m := range moves {
		live := h.live[id]
		if m.End != nil && equal(live, m.End) {
			continue // someone else was there before
		}
		if !equal(live, m.From) && !equal(live, m.To) {
			h.Fatalf("%s: live is %v, and the write goes from %v to %v", id, live, m.From, m.To)
		}
		c, _ := h.p.Change(id)
		if raised := m.To != nil && c.After != nil && c.ChangeTTL > 0 && slices.Equal(m.To.Addrs, c.After.Values) && m.To.TTL > c.ChangeTTL; raised && !h.verified[id] {
			if c.Strategy == plan.Staged && c.Action != plan.TTL {
				h.Fatalf("%s: %v is written before it was verified", id, m.To)
			}
		}
		h.wrote[id] = h.wrote[id] || !equal(live, m.To)
		h.live[id] = m.To
	}
}

func equal(a, b *zone.RRset) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func (h *history) verify(a execute.Action, ref plan.ZoneRef) {
	if a.Step.Kind != plan.StepVerify {
		return
	}
	for _, id := range a.Step.Changes {
		if c, _ := h.p.Change(id); c.ZoneRef == ref {
			h.verified[id] = true
		}
	}
}

// ended checks what a run leaves behind.
func (h *history) ended() {
	result := h.state.Result()
	for _, r := range result.Changes {
		c, live := r.Change, h.live[r.Change.ID]
		before, after := equal(live, c.Before.RRset(c.Key)), equal(live, c.After.RRset(c.Key))
		switch r.Made {
		case execute.Left:
			if !h.accepted[c.ID] || after && !h.ahead[c.ID] {
				h.Fatalf("%s is left, and live is %v", c.ID, live)
			}
		case execute.Applied:
			if !after && !h.theirs[c.ID] { // it may be set behind the run's last look
				h.Fatalf("%s is applied, and live is %v", c.ID, live)
			}
		case execute.RolledBack, execute.NotApplied:
			if !before && !h.edited[c.ID] {
				h.Fatalf("%s is %s, and live is %v", c.ID, r.Made, live)
			}
			if told := r.Made == execute.RolledBack; told != h.wrote[c.ID] && !h.edited[c.ID] && !h.unknown[c.ID] {
				h.Fatalf("%s is %s, and something of it was written: %t", c.ID, r.Made, h.wrote[c.ID])
			}
		case execute.LeftOpen:
			if !h.alarmed[c.ZoneRef.String()] {
				h.Fatalf("%s is left open without an alarm", c.ID)
			}
		default:
			h.Fatalf("%s is %s at the end", c.ID, r.Made)
		}
	}
	h.groupsTogether(result)
}

// groupsTogether wants that no group ends both applied and taken back, unless
// there was an alarm, or a second failure behind the group's verification: its
// TTL may be up in one zone by then.
func (h *history) groupsTogether(result execute.Result) {
	if h.failures > 1 || len(h.edited) > 0 {
		return
	}
	made := map[string]execute.Made{}
	for _, r := range result.Changes {
		c := r.Change
		if c.Group == "" || c.Strategy != plan.Staged || c.Action == plan.Delete || c.Action == plan.TTL || len(h.alarmed) > 0 {
			continue
		}
		m := execute.RolledBack
		if r.Made == execute.Applied {
			m = execute.Applied
		}
		if was, ok := made[c.Group]; ok && was != m {
			h.Fatalf("group %s is %s and %s", c.Group, was, m)
		}
		made[c.Group] = m
	}
}
