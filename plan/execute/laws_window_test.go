package execute_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// windowHistory is the run of an issuance window under random outcomes, beside the
// RRsets as they would be live.
type windowHistory struct {
	*rapid.T
	*run
	live    map[string]*zone.RRset // by change
	theirs  map[string]bool        // by change: someone else has set it
	alarmed map[string]bool        // by zone
	off, on map[string]int         // writes, by change
	// unknown are changes of which the journal cannot tell whether they were off:
	// closing was begun again.
	unknown map[string]bool
	begun   time.Time // of the proxy going off
	runs    int       // of the command
	missing bool      // it could not be started
	over    bool      // someone has said that it closes
	faults  int
}

// Whatever happens in whatever order, an issuance window ends with every proxy on
// again, but for an RRset that someone else has set, which is an alarm; the
// command is run once at most, while all proxies are off, not behind the deadline,
// and not once the window is to close; no proxy goes on that has not gone off; and
// nothing is written over what someone else has set.
func TestLawsOfAWindow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := rapid.SampledFrom([]plan.Window{certbot, certbot, hooked}).Draw(rt, "window")
		zones := []string{org, net, "example.com."}[:rapid.IntRange(1, 3).Draw(rt, "zones")]
		h := &windowHistory{T: rt, run: newRun(issuance(t, w, zones...)), faults: rapid.IntRange(0, 5).Draw(rt, "faults")}
		h.live, h.theirs, h.alarmed = map[string]*zone.RRset{}, map[string]bool{}, map[string]bool{}
		h.off, h.on, h.unknown = map[string]int{}, map[string]int{}, map[string]bool{}
		for _, c := range h.p.Changes {
			h.live[c.ID] = c.Before.RRset(c.Key)
		}
		for n := 0; ; n++ {
			if n > 300 {
				rt.Fatalf("no end, next is %s", describe(h.next()))
			}
			h.now = h.now.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 60, 600}).Draw(rt, "seconds")) * time.Second)
			a := h.next()
			if a.Kind == execute.Nothing {
				break
			}
			h.act(a)
		}
		h.ended()
	})
}

func (h *windowHistory) fault(what string) bool {
	if h.faults == 0 || rapid.IntRange(0, 9).Draw(h.T, what) > 0 {
		return false
	}
	h.faults--
	return true
}

// word is what the next process, or a person, says.
func (h *windowHistory) word(words ...journal.Kind) {
	k := rapid.SampledFrom(words).Draw(h.T, "word")
	if k == "" {
		return
	}
	h.over = h.over || k == journal.Cancel || k == journal.Resume && h.state.Result().Outcome != execute.OutcomeOpen
	h.take(journal.Event{Kind: k})
}

func (h *windowHistory) act(a execute.Action) {
	switch a.Kind {
	case execute.Hold:
		h.holds()
		return
	case execute.Arm:
		h.each(a, journal.Wait, "")
	case execute.Sleep:
		h.now = a.Until
		if !a.Limit.IsZero() && a.Limit.Before(a.Until) {
			h.now = a.Limit
		}
	case execute.Pass:
		h.each(a, journal.Done, "")
	case execute.GiveUp:
		h.giveUp(h.T, a)
	case execute.Finish:
		h.take(journal.Event{Kind: journal.End})
	case execute.Run:
		h.step(a)
	}
	if h.fault("word") {
		h.word(journal.Cancel, journal.Interrupted, journal.Resume)
	}
	if h.fault("someone else") {
		c := rapid.SampledFrom(h.p.Changes).Draw(h.T, "whose")
		h.theirs[c.ID] = true
		h.live[c.ID] = &zone.RRset{Key: c.Key, TTL: 17, Addrs: []netip.Addr{netip.MustParseAddr("198.51.100.66")}}
	}
}

// holds decides for a window that waits: for its hook, or because it cannot be
// closed.
func (h *windowHistory) holds() {
	if h.state.Result().Outcome == execute.OutcomeOpen {
		if h.p.Window.Hook && rapid.Bool().Draw(h.T, "forgotten") {
			h.now = h.state.Result().Window.Deadline
			return
		}
		h.word(journal.Resume, journal.Resume, journal.Cancel)
		return
	}
	if !h.anyAlarm() && h.state.Result().Outcome != execute.OutcomeHeld {
		h.Fatalf("it waits for nothing: %+v", h.state.Result())
	}
	h.word(journal.Resume, journal.Accept, journal.Cancel)
}

func (h *windowHistory) anyAlarm() bool { return len(h.alarmed) > 0 }

// step does a step in its zones, one after the other; the process may die in each.
func (h *windowHistory) step(a execute.Action) {
	h.take(journal.Event{Kind: journal.Start, Step: a.Step.ID, Undo: a.Closing})
	if a.Step.Kind == plan.StepProxyOff && h.begun.IsZero() {
		h.begun = h.now
	}
	if a.Step.Kind == plan.StepCommand {
		h.command(a)
		return
	}
	for _, ref := range a.Zones {
		if !h.inZone(a, ref) {
			h.again(a)
			h.word("", journal.Resume, journal.Cancel) // the next process
			return
		}
	}
}

func (h *windowHistory) command(a execute.Action) {
	h.runs++
	deadline := h.begun.Add(time.Duration(h.p.Window.Deadline) * time.Second)
	switch {
	case h.runs > 1:
		h.Fatalf("the command is run again")
	case h.over || h.p.Window.Hook:
		h.Fatalf("the command is run in a window that closes, or is a hook's")
	case !a.Limit.Equal(deadline) || !h.now.Before(deadline):
		h.Fatalf("its limit is %s, want %s", a.Limit, deadline)
	}
	for _, c := range h.p.Changes {
		if live := h.live[c.ID]; live.Proxied && !h.theirs[c.ID] {
			h.Fatalf("the command is run, and live is %v", live)
		}
	}
	switch rapid.SampledFrom([]string{"done", "done", "fails", "missing", "late", "dies", "cancelled"}).Draw(h.T, "command") {
	case "done":
		h.commanded(a, journal.Done, `{"exit_code":0}`)
	case "fails":
		h.commanded(a, journal.Done, `{"exit_code":1}`)
	case "missing":
		h.missing = true
		h.commanded(a, journal.Failed, `{"class":"refused"}`)
	case "late":
		h.now = deadline
	case "dies":
		h.word("", journal.Resume, journal.Cancel)
	case "cancelled":
		h.word(journal.Cancel)
	}
}

func (h *windowHistory) commanded(a execute.Action, k journal.Kind, data string) {
	for _, ref := range a.Zones {
		h.take(journal.Event{Kind: k, Step: a.Step.ID, Zone: ref.String(), Error: "because", Data: json.RawMessage(data)})
		if h.fault("torn") {
			h.word(journal.Resume) // the rest of it is lost
			return
		}
	}
}

// inZone does the step in one zone. It is false when the process dies there.
func (h *windowHistory) inZone(a execute.Action, ref plan.ZoneRef) bool {
	moves := h.moves(a, ref)
	var moved, landed []string
	for id, m := range moves {
		if equal(h.live[id], m.From) {
			landed = append(landed, id)
		}
		if h.theirs[id] {
			moved = append(moved, id)
			delete(moves, id)
		}
	}
	slices.Sort(moved)
	e := journal.Event{Kind: journal.Done, Step: a.Step.ID, Zone: ref.String(), Undo: a.Closing, Error: "because"}
	data := map[string]any{}
	how := "well"
	if h.fault("outcome") {
		how = rapid.SampledFrom([]string{"dies before", "dies behind", "fails before", "fails behind", "unreachable"}).Draw(h.T, "how")
	}
	if how == "well" && len(moved) > 0 {
		how = "moved"
	}
	if how == "moved" && !a.Closing {
		moves = nil // not a part of it
	}
	if how != "dies before" && how != "fails before" && how != "unreachable" {
		h.write(a, moves)
	}
	switch how {
	case "dies before", "dies behind":
		return false
	case "well":
	case "unreachable":
		if e.Kind = journal.Failed; a.Closing {
			e.Kind = journal.Hold
			h.again(a)
		}
		data["class"] = execute.Unreachable
	default:
		e.Kind, data["class"] = journal.Failed, execute.Refused
		if a.Closing {
			h.alarmed[ref.String()] = true
			if how == "fails before" {
				moved = h.idsOf(a, ref)
			}
			if how != "fails behind" { // behind: it is written, and not all servers agree
				data["left"], data["class"] = moved, execute.Moved
			}
		}
	}
	if a.Closing {
		data["landed"] = landed
	}
	e.Data, _ = json.Marshal(data)
	h.take(e)
	return true
}

// again takes in that an action ends without an outcome.
func (h *windowHistory) again(a execute.Action) {
	for _, id := range a.Step.Changes {
		h.unknown[id] = h.unknown[id] || a.Closing
	}
}

func (h *windowHistory) idsOf(a execute.Action, ref plan.ZoneRef) (ids []string) {
	for _, id := range a.Step.Changes {
		if c, _ := h.p.Change(id); c.ZoneRef == ref {
			ids = append(ids, id)
		}
	}
	return ids
}

// moves are the writes of the action in the zone, by change.
func (h *windowHistory) moves(a execute.Action, ref plan.ZoneRef) map[string]plan.Move {
	out := map[string]plan.Move{}
	for _, id := range h.idsOf(a, ref) {
		c, _ := h.p.Change(id)
		if m, ok := h.state.Undo(a.Step, c); a.Closing && ok {
			out[id] = m
		} else if !a.Closing && a.Step.Kind.Writes() {
			out[id] = c.Move(a.Step.Kind)
		}
	}
	return out
}

// write brings what is live from each move's From to its To, as the provider would.
func (h *windowHistory) write(a execute.Action, moves map[string]plan.Move) {
	for id, m := range moves {
		live := h.live[id]
		if !equal(live, m.From) && !equal(live, m.To) {
			h.Fatalf("%s: live is %v, and the write goes from %v to %v", id, live, m.From, m.To)
		}
		if equal(live, m.To) {
			continue
		}
		h.live[id] = m.To
		if m.To.Proxied {
			h.on[id]++
		} else {
			h.off[id]++
		}
		switch {
		case h.off[id] > 1 || h.on[id] > h.off[id]:
			h.Fatalf("%s went off %d times, and on %d times", id, h.off[id], h.on[id])
		case !m.To.Proxied && h.over:
			h.Fatalf("%s goes off in a window that closes: %s", id, describe(a))
		}
	}
}

// ended checks what a window leaves behind.
func (h *windowHistory) ended() {
	result := h.state.Result()
	open := false
	for _, r := range result.Changes {
		live, ref := h.live[r.Change.ID], r.Change.ZoneRef.String()
		on := equal(live, r.Change.Before.RRset(r.Change.Key))
		if !on && !h.theirs[r.Change.ID] && !h.alarmed[ref] {
			h.Fatalf("%s is %s, live is %v, and there was no alarm", r.Change.ID, r.Made, live)
		}
		switch r.Made {
		case execute.Closed, execute.NotApplied:
			wrote := h.off[r.Change.ID] > 0 || h.unknown[r.Change.ID] && r.Made == execute.Closed
			if !h.theirs[r.Change.ID] && (!on || wrote != (r.Made == execute.Closed)) {
				h.Fatalf("%s is %s, was off %t, and live is %v", r.Change.ID, r.Made, wrote, live)
			}
		case execute.LeftOpen:
			if open = true; !h.alarmed[ref] {
				h.Fatalf("%s is left open without an alarm", r.Change.ID)
			}
		default:
			h.Fatalf("%s is %s at the end", r.Change.ID, r.Made)
		}
	}
	w := result.Window
	if w.Opened.IsZero() != h.begun.IsZero() || w.Open() != open && !h.begun.IsZero() || result.Partly != open {
		h.Fatalf("the window is %+v, partly %t, and something is left open: %t", w, result.Partly, open)
	}
	if (w.Command != nil) != (h.runs > 0 && !h.missing) {
		h.Fatalf("the command was run %d times: %+v", h.runs, w.Command)
	}
}
