package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// tortures are how many runs TestTorture makes of each scenario.
const tortures = 150

// wantKills is the least number of deaths of all runs of TestTorture together.
const wantKills = 3000

// direct writes without asking the DNS.
func direct(p *plan.Policy) { p.Strategy = plan.Direct }

var tortured = map[string]scenario{
	"update":            update,
	"addition":          {live: liveWWW, want: "www 600 A 192.0.2.1 203.0.113.1"},
	"several values":    {live: "www 600 A 192.0.2.1 192.0.2.2 192.0.2.3", want: "www 600 A 192.0.2.3 203.0.113.1 203.0.113.2"},
	"both families":     {live: liveWWW + "\nwww 600 AAAA 2001:db8::1", want: wantWWW + "\nwww 600 AAAA 2001:db8::2"},
	"create":            {live: "@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.1\n" + wantWWW},
	"delete":            {live: liveWWW + "\n@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.1", prune: true},
	"TTL":               {live: liveWWW, want: "www 900 A 192.0.2.1"},
	"replace a CNAME":   {live: "www 900 CNAME web.example.com.", want: wantWWW + " replace"},
	"two groups":        {live: liveGroups, want: wantGroups},
	"group in two":      groupInTwoZones,
	"two zones":         {live: liveWWW, want: wantWWW, liveNet: "b 600 A 192.0.2.9", wantNet: "b 600 A 203.0.113.9"},
	"proxy off":         {live: "www 300 A 192.0.2.1 proxied", want: "www 300 A 192.0.2.1"},
	"direct":            {live: liveGroups, want: "a 600 A 203.0.113.1\nb 600 A 203.0.113.2", policy: direct},
	"window":            {live: liveProxied, window: renewal},
	"window in two":     {live: liveProxied + "\n@ 60 A 192.0.2.1", liveNet: "b 300 A 192.0.2.9 proxied", window: renewal, asked: true},
	"window that hangs": {live: liveProxied, window: &plan.Window{Deadline: 600, Ready: 60, Command: hangs}},
	"window of a hook":  {live: liveProxied, window: hook, asked: true},
	"hold": {live: liveWWW, want: wantWWW, policy: func(p *plan.Policy) {
		p.OnFailure = plan.Hold
	}},
}

// The process is killed over and over, at any moment and with faults in between,
// and the run is taken to its end. What must hold is judged by the world: by what
// the provider held, and when, and by what servers and caches gave out.
//
// A seed that fails is run again alone with -run 'TestTorture/NAME/SEED$'.
func TestTorture(t *testing.T) {
	var kills atomic.Int64
	var mu sync.Mutex
	faults := map[string]int{}
	t.Run("runs", func(t *testing.T) {
		for name, s := range tortured {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				base := s.undisturbed(t)
				for seed := range uint64(tortures) {
					t.Run(fmt.Sprint(seed), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							v := newTorture(t, s, base, seed)
							v.torture()
							kills.Add(int64(v.kills))
							mu.Lock()
							defer mu.Unlock()
							for _, what := range v.faults {
								if strings.HasPrefix(what, "someone else") {
									what = "someone else sets an RRset"
								}
								faults[what]++
							}
						})
					})
				}
			})
		}
	})
	t.Logf("%d kills; faults in between: %v", kills.Load(), faults)
	if n := kills.Load(); n < wantKills && !t.Failed() {
		t.Errorf("%d kills are too few, want %d", n, wantKills)
	}
}

// undisturbed is how long the scenario's run takes, and how often it touches the
// world on the way.
func (s scenario) undisturbed(t *testing.T) (b baseline) {
	synctest.Test(t, func(t *testing.T) {
		v := newTorture(t, s, baseline{}, 0)
		v.quiet = true
		v.torture()
		b = baseline{took: time.Since(v.began), touches: v.touches}
	})
	return b
}

type baseline struct {
	took    time.Duration
	touches int
}

// victim is a run whose processes are killed. What they all share, and what is
// seen of them, is here; mu guards it.
type victim struct {
	*rig
	rng   *rand.Rand
	base  baseline
	quiet bool // nothing goes wrong

	mu       sync.Mutex
	touches  int
	kills    int
	dead     time.Duration // in which no process lived
	faults   []string
	noting   sync.Mutex // guards trace
	trace    []string
	budget   int // of faults
	seen     []mutation
	noops    []string
	theirs   map[zone.Key]bool
	ahead    map[zone.Key]bool // of theirs, what the run wants
	refused  bool              // a write was refused for good
	landing  bool              // a write was applied late
	impaired bool              // a server does not take what is written, or does not answer
	proc     *process
	decided  int
	// cancelled says that a person has given the run up after a death.
	cancelled bool
	commands  int // begun
	outcomes  execute.Result
}

func newTorture(t *testing.T, s scenario, base baseline, seed uint64) *victim {
	rng := rand.New(rand.NewPCG(seed, uint64(len(s.live+s.want+s.liveNet)))) //nolint:gosec // faults are to be repeatable, not secret
	atomically := rng.IntN(2) == 0
	s.world = func(w *world) { w.atomic(atomically) }
	v := &victim{rig: s.build(t), rng: rng, base: base, theirs: map[zone.Key]bool{}, ahead: map[zone.Key]bool{}}
	v.budget = rng.IntN(4)
	return v
}

// torture kills, and resumes, until the run has ended.
func (v *victim) torture() {
	defer v.tell()
	ctx, stop := contextOf(v.t)
	defer stop()
	go v.others(ctx)
	word := engine.Resume
	for lives := 0; ; lives++ {
		if lives > 60 {
			v.t.Fatalf("no end after %d lives", lives)
		}
		result, died := v.live(word, lives)
		if died {
			v.note("died; %d s without a process", v.absent())
			if v.rng.IntN(12) == 0 {
				word, v.cancelled = engine.Cancel, true
			}
			continue
		}
		if result.Outcome == execute.OutcomeOpen {
			word = v.hooked()
			continue
		}
		if result.Outcome != execute.OutcomeHeld {
			v.outcomes = result
			break
		}
		word = v.decide(result)
	}
	time.Sleep(lateness) // nothing comes any more
	v.judge()
}

// tell shows what was done when something is wrong.
func (v *victim) tell() {
	if v.t.Failed() {
		v.t.Logf("atomic %t\n%s", v.w.provider.Limits(org).Atomic, strings.Join(v.trace, "\n"))
	}
}

func (v *victim) note(format string, args ...any) {
	v.noting.Lock()
	defer v.noting.Unlock()
	v.trace = append(v.trace, fmt.Sprintf("%8s ", time.Since(v.began))+fmt.Sprintf(format, args...))
}

// absent passes time in which no process lives: none, some seconds, or a while.
func (v *victim) absent() int {
	n := []int{0, 0, v.rng.IntN(5), v.rng.IntN(900)}[v.rng.IntN(4)]
	time.Sleep(time.Duration(n) * time.Second)
	v.dead += time.Duration(n) * time.Second
	return n
}

// live is one process, from its start to its end or its death.
func (v *victim) live(word engine.Signal, lives int) (result execute.Result, died bool) {
	p := &process{v: v, ended: make(chan struct{})}
	p.plan(lives)
	v.proc = p
	e := v.engine(v.state, p)
	done := make(chan struct{})
	var err error
	ended := false
	go func() {
		defer close(done)
		result, err = v.command(e, word)
		ended = true
	}()
	<-done
	p.disarm()
	if !ended {
		v.kills++
		v.bury(p)
		return result, true
	}
	if err != nil {
		v.t.Fatalf("%s: %v", word, err)
	}
	v.eng = e
	v.note("%s: %s %+v", word, result.Outcome, result.Failures)
	return result, false
}

// engine is that of a process.
func (v *victim) engine(state string, p *process) *embedded.Engine {
	return embedded.New(embedded.Options{
		State: state, Clock: p, Observer: p,
		Holder: journal.Holder{PID: os.Getpid(), Host: "test", Command: "dnsplan apply"},
		Connect: func(context.Context, *plan.Plan) (embedded.Connection, error) {
			p.touch("connect")
			return embedded.Connection{World: p, Asker: p, Prober: v.w.services, Challenger: v.w.services, Certifier: v.w.services, Commander: p}, nil
		},
	})
}

// command is what a person does: apply where there is no run yet, else the word.
func (v *victim) command(e *embedded.Engine, word engine.Signal) (execute.Result, error) {
	if _, err := os.Stat(filepath.Join(v.state, journal.RunsDir, v.plan.ID)); errors.Is(err, fs.ErrNotExist) {
		if _, err := e.Start(v.t.Context(), v.plan); err != nil {
			return execute.Result{}, err
		}
	} else if err := e.Signal(v.t.Context(), v.plan.ID, word); errors.Is(err, engine.ErrEnded) {
		r, err := e.Show(v.t.Context(), v.plan.ID)
		return r.Result, err
	} else if err != nil {
		return execute.Result{}, err
	}
	return e.Wait(v.t.Context(), v.plan.ID)
}

// decide is what a person says to a run that holds: the world is put right, now
// or later, and the run goes on or is taken back.
func (v *victim) decide(held execute.Result) engine.Signal {
	v.decided++
	moved := false
	for _, f := range held.Failures {
		moved = moved || f.Class == execute.Moved
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.decided > 3 || v.rng.IntN(3) > 0 {
		v.mend()
	}
	switch n := v.rng.IntN(3); {
	case v.decided > 5 || n == 0:
		return engine.Cancel
	case moved && n == 1:
		return engine.AcceptLive
	}
	return engine.Resume
}

// mend lets every server and resolver answer again. The caller holds mu.
func (v *victim) mend() {
	v.w.set(func() {
		for _, c := range v.w.resolvers {
			c.dead = false
		}
		for _, z := range v.w.servers {
			for _, a := range z {
				a.frozen, a.dead = time.Time{}, false
			}
		}
	})
	v.note("mended")
}

// bury keeps of the state folder what the process had written when it died, for
// the next one. A line that nobody has acted on yet may be torn.
func (v *victim) bury(p *process) {
	synctest.Wait() // all of it is dead
	to := stateDir(v.t)
	err := filepath.WalkDir(v.state, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(v.state, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if size, ok := p.sizes[rel]; ok {
			b = b[:size]
		} else if p.sizes != nil && filepath.Base(rel) == journal.JournalFile {
			return fmt.Errorf("%s has come after the death", rel)
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o600)
	})
	if err != nil {
		v.t.Fatal(err)
	}
	_ = os.RemoveAll(v.state) // on the way to the test's end
	v.state = to
	v.judgeMark()
}

// others are the rest of the world: they ask the resolvers, so that caches are
// full.
func (v *victim) others(ctx context.Context) {
	tick := time.NewTicker(7*time.Second + 100*time.Millisecond)
	defer tick.Stop()
	for {
		v.w.set(func() {
			for _, c := range v.w.resolvers {
				for _, ch := range v.plan.Changes {
					if ch.Action != plan.Create && c.status() == resolver.Answered {
						v.w.recursive(c.addr, ch.Key)
					}
				}
			}
		})
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// process is one process of the victim's: a World, Asker, Clock and Observer
// that dies at a certain touch of it.
type process struct {
	v       *victim
	dieAt   int // the touch at which it dies; 0 for none
	touched int
	gone    bool
	ended   chan struct{} // closed at its death
	timer   *time.Timer
	sizes   map[string]int64 // of the files, at its death
	torn    int64            // how much of the journal's end may be torn
	size    int64            // of the journal
}

// plan draws when the process dies.
func (p *process) plan(lives int) {
	v := p.v
	if v.quiet || lives > 8 || lives > 0 && v.rng.IntN(4) == 0 {
		return
	}
	switch v.rng.IntN(3) {
	case 0: // at any time, in a wait mostly
		p.timer = time.AfterFunc(time.Duration(v.rng.Int64N(int64(v.base.took+time.Second))), p.kill)
	case 1: // soon
		p.dieAt = 1 + v.rng.IntN(25)
	default:
		p.dieAt = 1 + v.rng.IntN(v.base.touches)
	}
}

func (p *process) disarm() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

// kill lets the process die at its next touch, which comes at once.
func (p *process) kill() {
	p.v.mu.Lock()
	defer p.v.mu.Unlock()
	p.dieNow()
}

// dieNow marks the process as dead. The caller holds mu.
func (p *process) dieNow() {
	if !p.gone {
		p.gone = true
		close(p.ended)
	}
}

// touch is anything that the process does: it may die there.
func (p *process) touch(what string) {
	p.v.mu.Lock()
	p.v.touches++
	p.touched++
	if p.touched == p.dieAt {
		p.v.note("killed at touch %d: %s", p.touched, what)
		p.dieNow()
	}
	if !p.gone {
		p.v.mu.Unlock()
		return
	}
	if p.sizes == nil {
		p.measure()
		if p.dieAt != p.touched {
			p.v.note("killed: %s", what)
		}
	}
	p.v.mu.Unlock()
	runtime.Goexit()
}

// die is a death at this very moment.
func (p *process) die(what string) {
	p.v.mu.Lock()
	p.dieAt = p.touched + 1
	p.v.mu.Unlock()
	p.touch(what)
}

// measure keeps how long the files are, a torn line taken off. The caller holds
// mu.
func (p *process) measure() {
	p.sizes = map[string]int64{}
	err := filepath.WalkDir(p.v.state, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(p.v.state, path)
		p.sizes[rel] = info.Size()
		return err
	})
	if err != nil {
		p.v.t.Errorf("measure: %v", err)
	}
	rel := filepath.Join(journal.RunsDir, p.v.plan.ID, journal.JournalFile)
	if p.torn > 0 && p.v.rng.IntN(2) == 0 {
		cut := 1 + p.v.rng.Int64N(p.torn)
		p.sizes[rel] -= cut
		p.v.note("%d bytes of the journal are torn off", cut)
	}
}

func (p *process) Now() time.Time {
	p.touch("clock")
	return time.Now()
}

func (p *process) SleepUntil(ctx context.Context, t time.Time) error {
	p.touch("sleep until " + t.Sub(p.v.began).String())
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	case <-p.ended:
	}
	p.touch("slept")
	return nil
}

func (p *process) Begin(*plan.Plan, []journal.Event) { p.touch("begin") }
func (p *process) Progress(execute.Progress)         {}

// Event is one that is on disk and that nobody has acted on.
func (p *process) Event(e journal.Event) {
	info, err := os.Stat(filepath.Join(p.v.state, journal.RunsDir, p.v.plan.ID, journal.JournalFile))
	if err != nil {
		p.v.t.Errorf("journal: %v", err)
		return
	}
	p.v.mu.Lock()
	if info.Size() > p.size && p.size > 0 {
		p.torn = info.Size() - p.size
	}
	p.size = info.Size()
	p.v.note("  %d %s %s %s undo=%t %s", e.Seq, e.Kind, e.Step, e.Zone, e.Undo, e.Error)
	p.v.mu.Unlock()
	p.touch("event")
	p.v.mu.Lock()
	defer p.v.mu.Unlock()
	p.torn = 0
}

func (p *process) NameServers(ctx context.Context, z plan.ZoneRef) ([]resolver.NameServer, error) {
	p.touch("name servers")
	return p.v.w.NameServers(ctx, z)
}

func (p *process) Resolvers() []resolver.Server { return p.v.w.Resolvers() }

func (p *process) Save(z plan.ZoneRef, s *zone.Snapshot) (string, error) {
	p.touch("save")
	return p.v.w.Save(z, s)
}

func (p *process) Ask(ctx context.Context, queries []resolver.Query) []resolver.Answer {
	p.v.misfortune()
	p.touch("ask")
	defer p.touch("asked")
	return p.v.w.Ask(ctx, queries)
}

func (p *process) SOA(ctx context.Context, s resolver.Server, z zone.Name, recurse bool) resolver.SOAAnswer {
	p.touch("soa")
	return p.v.w.SOA(ctx, s, z, recurse)
}
