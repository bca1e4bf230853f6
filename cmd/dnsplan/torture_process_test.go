package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// processesAtOnce is how many runs are tortured at a time.
const processesAtOnce = 8

// mill kills the processes of one run, over and over, until it has ended.
type mill struct {
	*program
	rng *rand.Rand
	// most is how many processes are killed; the ones after them live.
	most int
	// within is how long a process lives at most that is to be killed.
	within time.Duration

	// before, when set, is called before a process goes on with the run.
	before func(engine.Run)

	kills, lives int
	// longest is the longest that a process took which was not killed.
	longest time.Duration
	last    string // what the last process said
}

func newMill(t *testing.T, dir, inventory string, seed uint64, most int) *mill {
	t.Helper()
	p := &program{t: t, dir: dir, env: map[string]string{"USER": "ops"}, clock: embedded.SystemClock{}, entropy: &counter{}}
	p.write("inventory.toml", inventory)
	return &mill{program: p, rng: rand.New(rand.NewPCG(seed, 4)), most: most, within: 300 * time.Millisecond} //nolint:gosec // to be repeatable, not secret
}

// grind starts the run, and goes on with it until it has ended. It returns the
// run as it is on disk.
func (m *mill) grind() engine.Run {
	m.t.Helper()
	for m.lives = 1; m.lives < 3*m.most+50; m.lives++ {
		m.life(m.command()...)
		if r, ok := m.found(); ok && isOver(r.Result) {
			return r
		}
	}
	m.t.Fatalf("no end after %d processes; the last one said:\n%s", m.lives, m.last)
	return engine.Run{}
}

// found is the run; there is none before apply has begun it.
func (m *mill) found() (engine.Run, bool) {
	m.t.Helper()
	state := m.path(".dnsplan")
	runs, err := config.Reader(config.Settings{StateDir: state}, m.clock).List(m.t.Context())
	if err != nil {
		return engine.Run{}, false // the folder is in the making
	}
	runs = slices.DeleteFunc(runs, func(r engine.Run) bool { return errors.Is(r.Err, journal.ErrNeverBegun) })
	if len(runs) == 0 {
		return engine.Run{}, false
	}
	if len(runs) > 1 || runs[0].Err != nil {
		m.t.Fatalf("%d runs, the first: %v; the last process said:\n%s", len(runs), runs[0].Err, m.last)
	}
	return runs[0], true
}

// command is what a person would do now.
func (m *mill) command() []string {
	r, ok := m.found()
	if ok && m.before != nil {
		m.before(r)
	}
	switch {
	case !ok:
		return []string{"apply", "--auto-approve"}
	case r.Result.Outcome == execute.OutcomeHeld, m.rng.IntN(2) == 0:
		return []string{"resume", "last"}
	}
	return []string{"recover"}
}

// life is one process, that is killed while there are deaths left: when some time
// has passed, or when it has written some lines of its journal.
func (m *mill) life(args ...string) {
	m.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	var out bytes.Buffer
	c := exec.CommandContext(m.t.Context(), exe, append(args, "-i", m.path("inventory.toml"))...)
	c.Env = []string{asProgram + "=1", "HOME=" + m.dir, "PATH=" + os.Getenv("PATH")}
	for name, value := range m.env {
		c.Env = append(c.Env, name+"="+value)
	}
	c.Stdout, c.Stderr = &out, &out
	began := time.Now()
	if err := c.Start(); err != nil {
		m.t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = c.Wait()
	}()
	if m.kills < m.most && m.awaitsDeath(gone) {
		_ = c.Process.Kill()
	}
	<-gone
	if c.ProcessState.ExitCode() < 0 {
		m.kills++
	} else {
		m.longest = max(m.longest, time.Since(began))
	}
	m.last = fmt.Sprintf("%s: exit code %d\n%s", strings.Join(args, " "), c.ProcessState.ExitCode(), out.String())
}

// awaitsDeath returns when the process is to die; it is false when it has ended by
// itself.
func (m *mill) awaitsDeath(gone <-chan struct{}) bool {
	after := time.NewTimer(20*time.Millisecond + time.Duration(m.rng.Int64N(int64(m.within))))
	defer after.Stop()
	if m.rng.IntN(2) == 0 {
		select {
		case <-after.C:
			return true
		case <-gone:
			return false
		}
	}
	after.Reset(m.within) // in a wait nothing is written
	size, lines := m.written(), 1+m.rng.IntN(4)
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if now := m.written(); now != size {
				size = now
				if lines--; lines == 0 {
					return true
				}
			}
		case <-after.C:
			return true
		case <-gone:
			return false
		}
	}
}

// written is the length of the journals.
func (m *mill) written() (size int64) {
	found, _ := filepath.Glob(m.path(".dnsplan/runs/*/" + journal.JournalFile)) // the pattern is good
	for _, path := range found {
		if info, err := os.Stat(path); err == nil {
			size += info.Size()
		}
	}
	return size
}

// accounts wants that the log holds one entry for each change that was live, that
// its chain is whole, and that nothing is left in the way of the next run.
func (m *mill) accounts(r engine.Run) {
	m.t.Helper()
	log, err := journal.ReadChanges(m.path(".dnsplan"))
	if err != nil {
		m.t.Fatal(err)
	}
	var got, want []string
	for _, e := range log {
		got = append(got, e.ID+" "+e.Outcome)
	}
	for _, c := range r.Result.Changes {
		if !c.Live.IsZero() {
			want = append(want, c.Change.ID+" "+string(c.Made))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		m.t.Errorf("the change log has %q, want %q", got, want)
	}
	m.run("log", "--verify").is(m.t, exitDone)
	m.run("recover").is(m.t, exitDone)
	armed := map[string]int{}
	for _, e := range r.Events {
		if e.Kind == journal.Wait {
			armed[e.Step+" "+e.Zone]++
		}
	}
	for wait, n := range armed {
		if n != 1 {
			m.t.Errorf("wait %s was armed %d times", wait, n)
		}
	}
}

// state is an RRset as an observer has seen it: "5 192.0.2.1".
type state struct {
	at   time.Time
	text string
}

// wantPath wants that the states went from before to after through the given
// ones, each once, or, where it was taken back, through the same ones back: to the
// end, unless open says that it may have come to rest anywhere on the way.
func (m *mill) wantPath(name string, open bool, seen []state, chain ...string) {
	m.t.Helper()
	at, back := 0, false
	for _, s := range seen {
		switch to := slices.Index(chain, s.text); {
		case to == at+1 && !back:
			at = to
		case to == at-1:
			at, back = to, true
		default:
			m.t.Errorf("%s went to %q behind %q, of %q; all: %v", name, s.text, chain[at], chain, seen)
			return
		}
	}
	if !open && (at != len(chain)-1 && !back || back && at != 0) {
		m.t.Errorf("%s ends at %q, of %q", name, chain[at], chain)
	}
}

// notApplied are the names of which the run has not brought about what it was for.
func notApplied(r engine.Run) map[string]bool {
	names := map[string]bool{}
	for _, c := range r.Result.Changes {
		name, _, _ := strings.Cut(string(c.Change.Name), ".")
		names[name] = c.Made != execute.Applied
	}
	return names
}

// shortSite is a zone file whose run takes some seconds, and asks nobody.
const shortSite = `version = 1
[defaults]
ttl        = 2
change_ttl = 1
settle     = 3
[[provider]]
name = "files"
type = "zonefile"
dir  = "zones"
[[zone]]
name     = "example.org"
provider = "files"
prune    = true
[[zone.record]]
name = "www"
a    = ["203.0.113.11", "203.0.113.12"]
round_robin = true
[[zone.record]]
name = "new"
a    = ["203.0.113.13"]
[[zone.record]]
name = "ns1"
a    = ["192.0.2.53"]
ttl  = 3600
`

const shortZone = `$ORIGIN example.org.
$TTL 3600
@	3600 IN SOA ns1 hostmaster 1 7200 900 1209600 1
@	3600 IN NS ns1
ns1	3600 IN A 192.0.2.53
www	4 IN A 192.0.2.1
www	4 IN A 192.0.2.2
old	2 IN A 192.0.2.9
txt	300 IN TXT "kept"
`

// The process is killed over and over while it changes a zone file, by itself or in
// the sandbox with servers and resolvers that die with it: what the file held, and
// in which order, is what was planned.
func TestTortureOfZoneFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("real processes and real waits take seconds: left out by -short")
	}
	t.Parallel()
	tortureAtOnce(t, 4, func(t *testing.T, seed uint64) *mill {
		site := shortSite
		if seed%2 == 1 {
			site = strings.NewReplacer(`"zonefile"`, `"sandbox"`, "servers  = []", "").Replace(site)
		}
		m := newMill(t, t.TempDir(), site, seed, 40)
		if err := os.MkdirAll(m.path("zones"), 0o700); err != nil {
			t.Fatal(err)
		}
		m.write("zones/example.org.zone", shortZone)
		o := m.observe("zones/example.org.zone")
		r := m.grind()
		seen := o.end()
		if r.Result.Outcome != execute.OutcomeDone {
			t.Errorf("the run is %s: %+v; the last process said:\n%s", r.Result.Outcome, r.Result.Failures, m.last)
		}
		m.wantPath("www", false, seen["www"], "4 192.0.2.1 192.0.2.2", "1 192.0.2.1 192.0.2.2", "1 203.0.113.11 203.0.113.12", "2 203.0.113.11 203.0.113.12")
		m.wantPath("new", false, seen["new"], "", "1 203.0.113.13", "2 203.0.113.13")
		m.wantPath("old", false, seen["old"], "2 192.0.2.9", "")
		if serial := o.serial; serial != len(m.writesOf(r)) {
			t.Errorf("the serial was raised %d times, want %d: a write a step", serial, len(m.writesOf(r)))
		}
		if !strings.Contains(m.read("zones/example.org.zone"), "txt\t300 IN TXT \"kept\"") {
			t.Error("what is not the run's has changed")
		}
		m.accounts(r)
		return m
	})
}

// writesOf are the steps of the run that write.
func (m *mill) writesOf(r engine.Run) (steps []string) {
	for _, s := range r.Plan.Steps {
		if s.Kind.Writes() && s.Kind != plan.StepBackup {
			steps = append(steps, s.ID)
		}
	}
	return steps
}

// tortureAtOnce tortures n runs, a few at a time, and tells how often.
func tortureAtOnce(t *testing.T, n int, one func(t *testing.T, seed uint64) *mill) {
	t.Helper()
	mills := make([]*mill, n)
	turn := make(chan struct{}, processesAtOnce) // most of the time they wait: more at once than there are processors
	var runs sync.WaitGroup
	for seed := range n {
		runs.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			t.Run(fmt.Sprint(seed), func(t *testing.T) { mills[seed] = one(t, uint64(seed)) })
		})
	}
	runs.Wait()
	kills, longest := 0, time.Duration(0)
	for _, m := range mills {
		if m != nil {
			kills += m.kills
			longest = max(longest, m.longest)
		}
	}
	t.Logf("%d processes killed; the longest recovery took %s", kills, longest)
}

// observer watches a zone file as another program would.
type fileObserver struct {
	stop   chan struct{}
	done   chan struct{}
	seen   map[string][]state
	serial int
}

// observe reads the file whenever it changes.
func (m *mill) observe(name string) *fileObserver {
	o := &fileObserver{stop: make(chan struct{}), done: make(chan struct{}), seen: map[string][]state{}}
	last := map[string]string{}
	look := func() {
		b, err := os.ReadFile(m.path(name))
		if err != nil {
			m.t.Errorf("a moment without a zone file: %v", err)
			return
		}
		now := map[string]string{"www": "", "new": "", "old": "", "serial": ""}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(strings.ReplaceAll(line, ".example.org.", ""))
			if len(f) == 5 && f[3] == "A" && f[0] != "ns1" {
				if now[f[0]] == "" {
					now[f[0]] = f[1]
				}
				now[f[0]] += " " + f[4]
			}
			if len(f) > 6 && f[3] == "SOA" {
				now["serial"] = f[6]
			}
		}
		for k, v := range now {
			if was, ok := last[k]; ok && was != v {
				if k == "serial" {
					o.serial++
				} else {
					o.seen[k] = append(o.seen[k], state{time.Now(), v})
				}
			}
			last[k] = v
		}
	}
	look()
	go func() {
		defer close(o.done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				look()
			case <-o.stop:
				look()
				return
			}
		}
	}()
	return o
}

func (o *fileObserver) end() map[string][]state {
	close(o.stop)
	<-o.done
	return o.seen
}
