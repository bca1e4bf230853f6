package execute_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// opening is a provider with a proxy, and a run that is about to open its window over
// it, some hours after it was planned.
func opening(t *testing.T) (*memory.Provider, *run) {
	t.Helper()
	p := memory.New(memory.Options{Limits: providers.Limits{Proxy: true, Comments: true}})
	r := newRun(issuance(t, certbot, org))
	p.Put(inFront(r.p, org))
	r.do(t, "to proxy-off")
	r.now = epoch.Add(3 * time.Hour)
	return p, r
}

// note does the first half of the next step, as an engine does: what is to be known of
// what is there, and that it is begun.
func (r *run) note(t *testing.T, runner *execute.Runner) execute.Action {
	t.Helper()
	a := r.next()
	data, unread, err := runner.Note(t.Context(), a, r.state)
	if err != nil || len(unread) > 0 {
		t.Fatalf("%+v, %v", unread, err)
	}
	r.take(journal.Event{Kind: journal.Start, Step: a.Step.ID, Data: data})
	return a
}

// through does the next step, as often as it has no outcome.
func (r *run) through(t *testing.T, w execute.World) []journal.Event {
	t.Helper()
	runner := &execute.Runner{Plan: r.p, World: w, Clock: embedded.SystemClock{}, Asker: nobody{}}
	for range 9 {
		a := r.note(t, runner)
		events, err := runner.Run(t.Context(), a, r.state)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			r.take(e)
		}
		if len(events) > 0 {
			return events
		}
	}
	t.Fatal("no end")
	return nil
}

// commentsOf are those of www's two records.
func commentsOf(p *memory.Provider) (out []string) {
	for _, r := range p.Snapshot(org).RRsets {
		for _, m := range r.Members {
			out = append(out, m.Comment)
		}
	}
	return out
}

// setComment has someone edit the comment of www's first record.
func setComment(p *memory.Provider, edit func(string) string) {
	p.Edit(org, func(s *zone.Snapshot) { s.RRsets[0].Members[0].Comment = edit(s.RRsets[0].Members[0].Comment) })
}

// meddled is a provider under whose writes someone edits a comment, in the moment
// before or behind them; what is lost is the reply.
type meddled struct {
	*memory.Provider
	before, behind func()
	lost           *int
}

func (p meddled) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	p.before()
	receipt, err := p.Provider.Write(ctx, z, changes)
	p.behind()
	if *p.lost--; *p.lost >= 0 && err == nil {
		err = providers.ErrUnknown
	}
	return receipt, err
}

// once does something the first time alone.
func once(do func()) func() {
	done := false
	return func() {
		if !done {
			done = true
			do()
		}
	}
}

// TestMarkerStandsBesideWhatIsThere: whenever someone edits a comment before the window
// is opened, or as it is, the marker comes beside it, tells the deadline from the
// opening, and goes again; what is put back stood in the journal before the write.
func TestMarkerStandsBesideWhatIsThere(t *testing.T) {
	const mark = " | dnsplan-window RUN 20261123T092000Z#"
	rack := func(string) string { return "rack 8" }
	for _, tt := range []struct {
		name           string
		before, behind func(p *memory.Provider) // of the first write
		lost           int
		edit           func(string) string // between plan and opening
		opened, after  string
		writes, notes  int
	}{
		{name: "nobody", opened: "web" + mark, after: "web", writes: 1, notes: 1},
		{name: "since the plan", edit: rack, opened: "rack 8" + mark, after: "rack 8", writes: 1, notes: 1},
		{name: "emptied since the plan", edit: func(string) string { return "" }, opened: mark[3:], after: "", writes: 1, notes: 1},
		{
			name: "right before the write", before: func(p *memory.Provider) { setComment(p, rack) },
			opened: "rack 8" + mark, after: "rack 8", writes: 2, notes: 2, // the first is a conflict
		},
		{name: "a reply is lost", lost: 1, opened: "web" + mark, after: "web", writes: 1, notes: 1},
		{
			name: "a reply is lost, and then", lost: 1, behind: func(p *memory.Provider) {
				setComment(p, func(s string) string { return strings.Replace(s, "web", "rack 8", 1) + ", seen" })
			},
			opened: "rack 8" + mark, after: "rack 8, seen", writes: 1, notes: 2,
		},
		{
			name: "a reply is lost, and the marker with it", lost: 1, behind: func(p *memory.Provider) { setComment(p, rack) },
			opened: "rack 8" + mark, after: "rack 8", writes: 2, notes: 2,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, r := opening(t)
			if tt.edit != nil {
				setComment(p, tt.edit)
			}
			m := meddled{p, func() {}, func() {}, &tt.lost}
			if tt.before != nil {
				m.before = once(func() { tt.before(p) })
			}
			if tt.behind != nil {
				m.behind = once(func() { tt.behind(p) })
			}
			seq := r.seq
			events := r.through(t, single{provider: m})
			if len(events) != 1 || events[0].Kind != journal.Done || len(p.Writes()) != tt.writes || r.seq-seq != tt.notes+1 {
				t.Errorf("%s: %+v, %d writes, %d events", tt.name, events, len(p.Writes()), r.seq-seq)
			}
			if got := commentsOf(p); !strings.HasPrefix(got[0], tt.opened) || !strings.HasPrefix(got[1], "web"+mark) {
				t.Errorf("%s: comments %q, want %q", tt.name, got, tt.opened)
			}
			r.do(t, "cancel")
			r.act(t, single{provider: p})
			if got := commentsOf(p); !slices.Equal(got, []string{tt.after, "web"}) {
				t.Errorf("%s: comments %q, want %q", tt.name, got, tt.after)
			}
		})
	}
}

// TestNoteBeforeTheWrite: what was noted is what the journal has before anything is
// written, and nothing is noted where nothing is marked.
func TestNoteBeforeTheWrite(t *testing.T) {
	p, r := opening(t)
	setComment(p, func(string) string { return "rack 8" })
	runner := &execute.Runner{Plan: r.p, World: single{provider: p}, Clock: embedded.SystemClock{}}
	data, unread, err := runner.Note(t.Context(), r.next(), r.state)
	const want = `{"beside":{"c1":[{"value":"192.0.2.1","comment":"rack 8","tags":["x"]}],"c2":[{"value":"2001:db8::1","comment":"web","tags":["x"]}]}}`
	if string(data) != want || len(unread) > 0 || err != nil || len(p.Writes()) > 0 {
		t.Errorf("%s, %+v, %v", data, unread, err)
	}
	bare := memory.New(memory.Options{Limits: providers.Limits{Proxy: true}})
	runner.World = single{provider: bare}
	if data, unread, err := runner.Note(t.Context(), r.next(), r.state); data != nil || len(unread) > 0 || err != nil {
		t.Errorf("without comments: %s, %+v, %v", data, unread, err)
	}
	r.do(t, "ok to proxy-on")
	if data, unread, err := runner.Note(t.Context(), r.next(), r.state); data != nil || len(unread) > 0 || err != nil {
		t.Errorf("proxy-on: %s, %+v, %v", data, unread, err)
	}
}

// TestUnreadIsNotBegun: where a zone cannot be read nothing is begun, and the run ends.
func TestUnreadIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, r := opening(t)
		runner := &execute.Runner{Plan: r.p, World: single{provider: flaky{p, time.Now().Add(time.Hour), nil}}, Clock: embedded.SystemClock{}}
		_, unread, err := runner.Note(t.Context(), r.next(), r.state)
		if err != nil || len(unread) != 1 || unread[0].Kind != journal.Failed || !strings.Contains(unread[0].Error, "connection refused") {
			t.Fatalf("%+v, %v", unread, err)
		}
		r.take(unread[0])
		if got := describe(r.next()); got != "finish" || !r.state.Result().Window.Opened.IsZero() {
			t.Errorf("next is %s, the window %+v", got, r.state.Result().Window)
		}
		if !strings.Contains(string(unread[0].Data), `"heard":true`) {
			t.Errorf("%s: something may have been sent", unread[0].Data)
		}
		_, r = opening(t)
		r.take(journal.Event{Kind: journal.Start, Step: r.next().Step.ID}) // and nobody knows what came of it
		if _, unread, err := runner.Note(t.Context(), r.next(), r.state); err != nil || len(unread) != 1 || strings.Contains(string(unread[0].Data), "heard") {
			t.Errorf("begun before: %+v, %v", unread, err)
		}
		_, r = opening(t)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, unread, err := runner.Note(ctx, r.next(), r.state); len(unread) > 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stopped: %+v, %v", unread, err)
		}
	})
}

// TestNoRoomByThen: a comment that leaves no room for a marker, and did as the window
// was planned, is told of, and stays.
func TestNoRoomByThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, r := opening(t)
		long := strings.Repeat("x", plan.CommentMax)
		setComment(p, func(string) string { return long })
		events := r.through(t, single{provider: p})
		if len(events) != 2 || events[0].Kind != journal.Warning || !strings.Contains(events[0].Message, "the comment of 192.0.2.1 leaves no room for a marker") {
			t.Errorf("%+v", events)
		}
		if got := commentsOf(p); got[0] != long {
			t.Errorf("comments %q", got)
		}
	})
}
