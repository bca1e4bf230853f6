package embedded_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// negative is the negative TTL of every zone in these tests.
const negative = 120

// scenario is what is live and what is wanted.
type scenario struct {
	live, want       string // of example.org.
	liveNet, wantNet string // of example.net., which there is when one is set
	prune            bool
	// window opens an issuance window over all that is live, in place of what is
	// wanted.
	window *plan.Window
	// asked has it ask the addresses behind the proxy for challenges and certificates.
	asked  bool
	policy func(*plan.Policy)
	world  func(*world)
}

// rig is a run in the making, inside a bubble.
type rig struct {
	t     testing.TB
	w     *world
	plan  *plan.Plan
	state string
	eng   *embedded.Engine
	rec   *recorder
	began time.Time
	// router is the run's; nil is not asked.
	router execute.Router
	// clock is the run's; nil is the bubble's own.
	clock execute.Clock
	// command is that of an issuance window.
	command commander
}

// stateDir is a folder in memory where there is one: the journal syncs often.
func stateDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "dnsplan-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (s scenario) build(t testing.TB) *rig {
	t.Helper()
	var zones []*zone.Snapshot
	var diffs []plan.ZoneDiff
	var windows []plan.WindowZone
	for _, z := range []struct {
		name       zone.Name
		live, want string
	}{{org, s.live, s.want}, {net, s.liveNet, s.wantNet}} {
		if z.live == "" && z.want == "" {
			continue
		}
		live := snapshotOf(t, z.name, z.live, negative)
		zones = append(zones, live)
		d := &plan.Desired{
			ZoneRef: plan.ZoneRef{Zone: z.name}, Provider: "memory", Discover: true,
			Records: recordsOf(t, z.name, z.want), Prune: s.prune,
		}
		diffs = append(diffs, plan.Diff(d, live, plan.Selection{}))
		windows = append(windows, windowOver(d, live))
	}
	w := newWorld(t, zones...)
	policy := plan.Policy{Strategy: plan.Staged, ChangeTTL: 60, Settle: 100, Require: "all", Timeout: 600}
	for _, r := range w.Resolvers() {
		policy.Resolvers = append(policy.Resolvers, plan.Resolver{Name: r.Name, Address: r.Addr.String(), Protocol: "udp"})
	}
	if s.policy != nil {
		s.policy(&policy)
	}
	if s.world != nil {
		s.world(w)
	}
	p := plan.Build(diffs, policy, plan.Origin{ID: "RUN", Created: time.Now()})
	if s.window != nil {
		p = s.windowPlan(t, windows, policy)
	}
	r := &rig{t: t, w: w, plan: p, state: stateDir(t), rec: &recorder{}, began: time.Now()}
	r.eng = r.engine(r.state, r.rec)
	return r
}

// engine is one more process over the state folder.
func (r *rig) engine(state string, o embedded.Observer) *embedded.Engine {
	clock := r.clock
	if clock == nil {
		clock = embedded.SystemClock{}
	}
	return embedded.New(embedded.Options{
		State: state, Clock: clock, Observer: o,
		Holder: journal.Holder{PID: os.Getpid(), Host: "test", Command: "dnsplan apply"},
		Connect: func(context.Context, *plan.Plan) (embedded.Connection, error) {
			return embedded.Connection{World: r.w, Asker: r.w, Prober: r.w.services, Challenger: r.w.services, Certifier: r.w.services, Router: r.router, Commander: r.command}, nil
		},
	})
}

// inBubble builds the scenario and hands it over, on a clock of its own.
func (s scenario) inBubble(t *testing.T, do func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { do(t, s.build(t)) })
}

// run starts the plan and takes it as far as it goes.
func (r *rig) run() execute.Result {
	r.t.Helper()
	r.start()
	return r.wait()
}

func (r *rig) start() {
	r.t.Helper()
	if _, err := r.eng.Start(r.t.Context(), r.plan); err != nil {
		r.t.Fatalf("start: %v", err)
	}
}

func (r *rig) wait() execute.Result {
	r.t.Helper()
	result, err := r.eng.Wait(r.t.Context(), r.plan.ID)
	if err != nil {
		r.t.Fatalf("wait: %v", err)
	}
	return result
}

// signal gives the word and takes the run on.
func (r *rig) signal(s engine.Signal) execute.Result {
	r.t.Helper()
	if err := r.eng.Signal(r.t.Context(), r.plan.ID, s); err != nil {
		r.t.Fatalf("%s: %v", s, err)
	}
	return r.wait()
}

// wantWrites compares the provider's log.
func (r *rig) wantWrites(want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.w.writes()); diff != "" {
		r.t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func (r *rig) wantLive(z zone.Name, want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.w.live(z)); diff != "" {
		r.t.Errorf("live in %s (-want +got):\n%s", z, diff)
	}
}

func (r *rig) wantOutcome(got execute.Result, outcome execute.Outcome, made ...execute.Made) {
	r.t.Helper()
	if got.Outcome != outcome {
		r.t.Errorf("outcome %q, want %q: %v", got.Outcome, outcome, got.Failures)
	}
	var all []execute.Made
	for _, c := range got.Changes {
		all = append(all, c.Made)
	}
	if len(made) > 0 && !slices.Equal(all, made) {
		r.t.Errorf("changes %q, want %q", all, made)
	}
}

// wantFailure wants one failure of the class that holds each of the words.
func (r *rig) wantFailure(got execute.Result, class execute.Class, words ...string) {
	r.t.Helper()
	for _, f := range got.Failures {
		missing := slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(f.Error, w) })
		if f.Class == class && !missing {
			return
		}
	}
	r.t.Errorf("no failure of class %q with %q in %+v", class, words, got.Failures)
}

// wantWarning wants a warning in the journal that holds the words.
func (r *rig) wantWarning(words string) {
	r.t.Helper()
	for _, e := range r.events() {
		if e.Kind == journal.Warning && strings.Contains(e.Message, words) {
			return
		}
	}
	r.t.Errorf("no warning says %q", words)
}

// events are the run's journal as it is on disk.
func (r *rig) events() []journal.Event {
	r.t.Helper()
	run, err := r.eng.Show(r.t.Context(), r.plan.ID)
	if err != nil {
		r.t.Fatalf("show: %v", err)
	}
	return run.Events
}

// step is the nth step of a kind, from 1.
func (r *rig) step(k plan.Kind, n int) *plan.Step {
	r.t.Helper()
	for i := range r.plan.Steps {
		if st := &r.plan.Steps[i]; st.Kind == k {
			if n--; n == 0 {
				return st
			}
		}
	}
	r.t.Fatalf("the plan has no such step of kind %s", k)
	return nil
}

// doneAt is when the step was done in the zone; zero when it was not.
func (r *rig) doneAt(st *plan.Step, z zone.Name) time.Time {
	for _, e := range r.events() {
		if e.Kind == journal.Done && !e.Undo && e.Step == st.ID && e.Zone == string(z) {
			return e.At
		}
	}
	return time.Time{}
}

// wroteAt is when the nth write that landed came, from 1.
func (r *rig) wroteAt(n int) time.Time {
	r.t.Helper()
	landed := r.w.landed()
	if len(landed) < n {
		r.t.Fatalf("%d writes landed, want %d", len(landed), n)
	}
	return landed[n-1].At
}

// recorder is an Observer that can act on what it sees.
type recorder struct {
	mu       sync.Mutex
	begun    int
	progress []execute.Progress
	onEvent  func(journal.Event)
}

func (o *recorder) Begin(*plan.Plan, []journal.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begun++
}

func (o *recorder) Event(e journal.Event) {
	if o.onEvent != nil {
		o.onEvent(e)
	}
}

func (o *recorder) Progress(p execute.Progress) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.progress = append(o.progress, p)
}

// at calls do once, in the moment of the first event that is is true of.
func (o *recorder) at(is func(journal.Event) bool, do func()) {
	fired := false
	o.onEvent = func(e journal.Event) {
		if !fired && is(e) {
			fired = true
			do()
		}
	}
}

// began is true of the start of a step.
func began(st *plan.Step) func(journal.Event) bool {
	return func(e journal.Event) bool { return e.Kind == journal.Start && !e.Undo && e.Step == st.ID }
}

// armed is true of a step's wait.
func armed(st *plan.Step) func(journal.Event) bool {
	return func(e journal.Event) bool { return e.Kind == journal.Wait && e.Step == st.ID }
}

// watcher asks every resolver for every changed RRset each 100 ms, as the rest
// of the world does, and keeps when each answer was last given.
type watcher struct {
	stop  context.CancelFunc
	done  chan struct{}
	seen  map[given]time.Time
	names map[given]string
	last  map[string]time.Time // "r1 www.example.org. A 192.0.2.1", from end on
}

// given is an answer of a resolver; its values are told apart by their number
// and the first.
type given struct {
	server string
	key    zone.Key
	n      int
	first  netip.Addr
}

func (r *rig) watch() *watcher {
	ctx, stop := context.WithCancel(r.t.Context())
	o := &watcher{stop: stop, done: make(chan struct{}), seen: map[given]time.Time{}, names: map[given]string{}, last: map[string]time.Time{}}
	var queries []resolver.Query
	for _, c := range r.w.resolvers {
		for _, ch := range r.plan.Changes {
			queries = append(queries, resolver.Query{Server: c.server(), Key: ch.Key, Recurse: true})
		}
	}
	go func() {
		defer close(o.done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			o.look(r.w, queries)
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	return o
}

func (o *watcher) look(w *world, queries []resolver.Query) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, q := range queries {
		r := w.recursive(q.Server.Addr, q.Key)
		g := given{server: q.Server.Name, key: q.Key}
		if r.status == resolver.Answered {
			g.n, g.first = len(r.addrs), r.addrs[0]
		}
		if o.seen[g].IsZero() {
			o.names[g] = q.Server.Name + " " + q.Key.String() + " " + valuesOf(r)
		}
		o.seen[g] = time.Now()
	}
}

func valuesOf(r reply) string {
	if r.status != resolver.Answered {
		return "none"
	}
	return strings.Trim(fmt.Sprint(r.addrs), "[]")
}

// end stops the watcher after a further while.
func (o *watcher) end(after time.Duration) {
	time.Sleep(after)
	o.stop()
	<-o.done
	for g, at := range o.seen {
		o.last[o.names[g]] = at
	}
}

// wantForgotten wants that no resolver gave anything but the wanted values
// after the moment.
func (o *watcher) wantForgotten(r *rig, since time.Time) {
	r.t.Helper()
	for _, c := range r.plan.Changes {
		want := "none"
		if c.After != nil {
			want = valuesOf(reply{status: resolver.Answered, addrs: c.After.Values})
		}
		for what, at := range o.last {
			if strings.Contains(what, " "+c.Key.String()+" ") && !strings.HasSuffix(what, c.Key.String()+" "+want) && at.After(since) {
				r.t.Errorf("%s was given %s after the end", what, at.Sub(since))
			}
		}
	}
}

// contextOf is a context of the test's that can be ended, as a signal does.
func contextOf(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// chain calls both.
func chain(a, b func(journal.Event)) func(journal.Event) {
	return func(e journal.Event) {
		if a != nil {
			a(e)
		}
		b(e)
	}
}
