package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"sync"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Connection is what a run needs of the outside: providers, name servers,
// resolvers, and clients to ask them, and services, with.
type Connection struct {
	World  execute.World
	Asker  execute.Asker
	Prober execute.Prober
	// Challenger asks for challenges; plans without any need none.
	Challenger execute.Challenger
	// Router is asked about new addresses; nil asks nobody.
	Router execute.Router
	// Commander runs the command of an issuance window; nil where the run was
	// taken over, which never runs it.
	Commander execute.Commander
	// Certifier asks for the certificates behind a proxy; only issuance windows need
	// one.
	Certifier execute.Certifier
}

// Observer is told what a run does, in order, one call at a time.
type Observer interface {
	execute.Observer
	// Begin comes first, with the run's state so far.
	Begin(p *plan.Plan, events []journal.Event)
	// Event is one that has just been written down.
	Event(e journal.Event)
}

// Options are what an Engine needs.
type Options struct {
	// State is the state folder; journal.OpenState has passed it.
	State string
	Clock execute.Clock
	// Connect returns what a plan's run needs.
	Connect func(ctx context.Context, p *plan.Plan) (Connection, error)
	// Holder is written into the locks; Run and Since are set here.
	Holder journal.Holder
	// Observer may be nil.
	Observer Observer
}

// Engine runs plans in this process. It is safe for concurrent use.
type Engine struct {
	opts Options

	mu   sync.Mutex
	held map[string]*run
}

var _ engine.Engine = (*Engine)(nil)

// New returns an engine over the state folder.
func New(o Options) *Engine { return &Engine{opts: o, held: map[string]*run{}} }

// Start locks the plan's zones, compares live with what the plan saw, and
// claims the plan by making the run's folder.
func (e *Engine) Start(ctx context.Context, p *plan.Plan) (string, error) {
	doc, err := plan.Encode(p)
	if err != nil {
		return "", err
	}
	if entry, err := journal.FindRun(e.opts.State, p.ID); err == nil && entry.ID == p.ID {
		return "", fmt.Errorf("start run %s: %w", p.ID, journal.ErrUsed) // before live is found to have moved, by that run
	}
	conn, err := e.opts.Connect(ctx, p)
	if err != nil {
		return "", err
	}
	release, err := e.lock(p)
	if err != nil {
		return "", err
	}
	r := &run{plan: p, state: execute.NewState(p), release: release, conn: conn}
	if err := e.claim(ctx, r, doc); err != nil {
		return "", errors.Join(err, release())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held[p.ID] = r
	return p.ID, nil
}

func (e *Engine) claim(ctx context.Context, r *run, doc []byte) error {
	var err error
	if r.read, err = execute.CheckLive(ctx, r.plan, r.conn.World); err != nil {
		return err
	}
	data, err := json.Marshal(struct {
		Host string `json:"host"`
		PID  int    `json:"pid"`
	}{e.opts.Holder.Host, e.opts.Holder.PID})
	if err != nil {
		return err
	}
	first := journal.Event{Seq: 1, At: e.opts.Clock.Now().UTC(), Kind: journal.Begin, Data: data}
	if r.writer, err = journal.CreateRun(e.opts.State, r.plan.ID, doc, first); err != nil {
		return err
	}
	r.take(first)
	return nil
}

// lock takes the locks of the zones that the plan changes.
func (e *Engine) lock(p *plan.Plan) (func() error, error) {
	seen := map[plan.ZoneRef]bool{}
	var names []journal.LockName
	for i := range p.Changes {
		if ref := p.Changes[i].ZoneRef; !seen[ref] {
			seen[ref] = true
			names = append(names, journal.LockName{Zone: ref.Zone, View: ref.View})
		}
	}
	h := e.opts.Holder
	h.Run, h.Since = p.ID, e.opts.Clock.Now()
	return journal.AcquireLocks(e.opts.State, names, h)
}

// open returns the run that this process holds, or takes it over from disk.
func (e *Engine) open(ctx context.Context, id string) (*run, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry, err := journal.FindRun(e.opts.State, id)
	if err != nil {
		return nil, err
	}
	if r, ok := e.held[entry.ID]; ok {
		return r, nil
	}
	p, err := readPlan(entry)
	if err != nil {
		return nil, err
	}
	events, w, repaired, err := entry.Open()
	if err != nil {
		return nil, err
	}
	r := &run{plan: p, events: events, state: execute.Fold(p, events), writer: w, release: func() error { return nil }}
	if err := e.takeOver(ctx, r, repaired); err != nil {
		return nil, errors.Join(err, r.close())
	}
	e.held[entry.ID] = r
	return r, nil
}

func (e *Engine) takeOver(ctx context.Context, r *run, repaired string) (err error) {
	if r.state.Ended {
		return nil
	}
	if r.plan.Window != nil {
		journal.UseRoom(e.opts.State, r.plan.ID) // its process is gone, and all that is left is to close it
	}
	if r.release, err = e.lock(r.plan); err != nil {
		r.release = func() error { return nil }
		return err
	}
	if r.conn, err = e.opts.Connect(ctx, r.plan); err != nil {
		return err
	}
	if repaired != "" {
		return e.append(r, journal.Event{Kind: journal.Warning, Message: repaired})
	}
	return nil
}

// enter opens the run and locks it for the caller, who unlocks r.mu.
func (e *Engine) enter(ctx context.Context, id string) (*run, error) {
	for {
		r, err := e.open(ctx, id)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		if !r.gone {
			return r, nil
		}
		r.mu.Unlock() // it was let go between the two
	}
}

// drop lets go of a run. The caller holds r.mu.
func (e *Engine) drop(r *run) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.DeleteFunc(e.held, func(_ string, h *run) bool { return h == r })
	r.gone, r.driven = true, false
	return r.close()
}

// append writes events down, durably, and then folds and shows them.
func (e *Engine) append(r *run, events ...journal.Event) error {
	for i := range events {
		if events[i].At.IsZero() {
			events[i].At = e.opts.Clock.Now()
		}
	}
	if closes(r.plan, events) {
		journal.UseRoom(e.opts.State, r.plan.ID)
	}
	written, err := r.writer.Append(events...)
	for _, ev := range written {
		r.take(ev)
		if e.opts.Observer != nil {
			e.opts.Observer.Event(ev)
		}
	}
	return err
}

// Signal writes a person's word into the run's journal and keeps hold of the
// run for Wait; with an error it lets go, unless a Wait is at it. A Wait that is
// under way in this process hears it at once: what it waits for ends, and a write
// that has begun is finished first. The error is engine.ErrEnded when the run has
// ended, and journal.ErrBusy when another process works on it.
func (e *Engine) Signal(ctx context.Context, id string, s engine.Signal) error {
	kind := journal.Resume
	switch s {
	case engine.Cancel:
		kind = journal.Cancel
	case engine.AcceptLive:
		kind = journal.Accept
	}
	r, err := e.enter(ctx, id)
	if err != nil {
		return err
	}
	defer r.mu.Unlock()
	if r.driven && kind == journal.Accept {
		return fmt.Errorf("%s run %s: %w", s, id, journal.ErrBusy) // what has moved is known once it holds
	}
	if r.driven {
		r.hear(kind)
		return nil
	}
	if r.state.Ended {
		return errors.Join(fmt.Errorf("%s run %s: %w", word(s), id, engine.ErrEnded), e.drop(r))
	}
	switch kind {
	case journal.Accept:
		err = e.accept(ctx, r)
	case journal.Cancel:
		err = e.append(r, execute.Cancelled(r.plan))
	default:
		err = e.append(r, journal.Event{Kind: kind})
	}
	if err != nil {
		return errors.Join(err, e.drop(r))
	}
	return nil
}

// word is the command that gives s.
func word(s engine.Signal) engine.Signal {
	if s == engine.AcceptLive {
		return engine.Resume
	}
	return s
}

// accept looks what someone else has set, and leaves it so. The caller holds r.mu.
func (e *Engine) accept(ctx context.Context, r *run) error {
	drifted, err := execute.Drift(ctx, r.state, r.conn.World)
	if err != nil {
		return err
	}
	ev, err := execute.Accepted(drifted)
	if err != nil {
		return err
	}
	return e.append(r, ev)
}

// Show reads a run from disk; id may be a unique prefix, or "last".
func (e *Engine) Show(_ context.Context, id string) (engine.Run, error) {
	entry, err := journal.FindRun(e.opts.State, id)
	if err != nil {
		return engine.Run{}, err
	}
	r := readRun(entry)
	return r, r.Err
}

// List reads all runs from disk, newest first. One that cannot be read is in
// the list with its error.
func (e *Engine) List(context.Context) ([]engine.Run, error) {
	entries, err := journal.ListRuns(e.opts.State)
	if err != nil {
		return nil, err
	}
	out := make([]engine.Run, len(entries))
	for i, entry := range entries {
		out[i] = readRun(entry)
	}
	return out, nil
}

// Watch follows the run's journal.
func (e *Engine) Watch(ctx context.Context, id string) iter.Seq2[journal.Event, error] {
	entry, err := journal.FindRun(e.opts.State, id)
	if err != nil {
		return func(yield func(journal.Event, error) bool) { yield(journal.Event{}, err) }
	}
	return journal.Watch(ctx, entry.Journal(), 1)
}

// readRun reads a run from disk. It looks first whether somebody works on it: then what
// is read is not behind a process that has just ended it and gone.
func readRun(entry journal.Run) engine.Run {
	r := engine.Run{ID: entry.ID}
	busy, unknown := entry.Busy()
	if r.Plan, r.Err = readPlan(entry); r.Err != nil {
		return r
	}
	r.Events, r.Err = entry.Events()
	if r.Err != nil && len(r.Events) == 0 {
		return engine.Run{ID: r.ID, Err: r.Err}
	}
	s := execute.Fold(r.Plan, r.Events)
	if r.Result = s.Result(); r.Err == nil {
		r.Busy, r.Err = busy && !s.Ended, unknown
	}
	return r
}

func readPlan(entry journal.Run) (*plan.Plan, error) {
	doc, err := entry.Plan()
	if err != nil {
		return nil, err
	}
	p, err := plan.Decode(doc)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", entry.ID, err)
	}
	return p, nil
}
