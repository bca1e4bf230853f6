package embedded

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// appender is what a run does with its journal.Writer.
type appender interface {
	Append(events ...journal.Event) ([]journal.Event, error)
	Close() error
}

// run is a run that this process holds: its locks and its journal's writer.
// Who drives it, or holds mu while nobody does, has events and state for
// himself.
type run struct {
	plan    *plan.Plan
	events  []journal.Event
	state   *execute.State
	writer  appender
	release func() error
	conn    Connection
	// read are the zones as they were when the run began; nil in one that was
	// taken over.
	read map[plan.ZoneRef]*zone.Snapshot
	// due is when the deadline of an issuance window comes by the monotonic clock, once it
	// is opened, and late the limit of an action that has come; zero before.
	due, late time.Time

	mu      sync.Mutex
	driven  bool               // a Wait is at it
	gone    bool               // closed: open it anew
	signals []journal.Kind     // heard, not yet written down
	stop    context.CancelFunc // ends the action that is under way; may be nil
}

// close lets the run go; another process may hold it then.
func (r *run) close() error { return errors.Join(r.writer.Close(), r.release()) }

// take folds an event that is on disk into the run.
func (r *run) take(ev journal.Event) {
	r.events = append(r.events, ev)
	r.state.Apply(ev)
}

// unwritten folds events that have happened and could not be written down, for the
// result of this process: a proxy that is on again is. The run is let go of then.
func (r *run) unwritten(events []journal.Event) {
	for _, ev := range events {
		r.state.Apply(ev)
	}
}

// hear keeps a signal for the driver and ends what it does. The caller holds mu.
func (r *run) hear(k journal.Kind) {
	r.signals = append(r.signals, k)
	if r.stop != nil {
		r.stop()
	}
}

// heard returns the signals that have come since it was last asked.
func (r *run) heard() []journal.Kind {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.signals
	r.signals = nil
	return out
}

// listen returns a context for one action, which a signal ends.
func (r *run) listen(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop = stop
	if len(r.signals) > 0 {
		stop()
	}
	return ctx, stop
}
