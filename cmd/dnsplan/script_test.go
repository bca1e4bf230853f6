package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/journal"
)

var update = flag.Bool("update", false, "rewrite what scripts expect of a cmp")

// TestScripts runs testdata/script. The program runs within the test, each
// command on a clock of its script's own: a wait moves that clock on and takes
// no time. A script that brings no inventory.toml or no zone file gets that of
// testdata/site. Besides testscript's commands a script has:
//
//	dnsplan ARGS            must end with 0
//	exitcode N dnsplan ...  must end with N
//	tty ANSWER dnsplan ...  standard input is a terminal where ANSWER is typed
//	interrupt dnsplan ...   Ctrl-C at the first wait (SIGTERM with "terminate")
//	elapse 90s              moves the clock on
//	json FILE PATH [WANT]   a value of a JSON file, "stdout" or "stderr";
//	                        PATH is as changes.0.after.ttl; len is a length;
//	                        no WANT only asks whether it is there
//	jsonl FILE              each line is JSON; writes FILE.json, an array
//	keys FILE PATH WANT...  the members of an object, sorted
//	mode FILE 0600          permission bits
//	lines FILE N            how many lines
//	narrow FILE COLUMNS     no line is wider, ends in a blank, or has an escape
//	hold ZONE               another process's lock, until the script's end
//	edit FILE REGEXP TEXT   replaces every match; there must be one; \n in TEXT
//	                        is a new line
//	truncate FILE N         cuts N bytes off the end
//	filter FILE REGEXP      drops matching lines
func TestScripts(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join("testdata", "script"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	runScripts(t, testscript.Params{Dir: dir})
}

// runScripts runs scripts one after the other: the working folder is the
// process's.
func runScripts(t *testing.T, p testscript.Params) {
	t.Helper()
	p.Setup, p.Cmds = setUp, commands()
	p.UpdateScripts, p.RequireUniqueNames = *update, true
	testscript.RunT(serial{t}, p)
}

// serial is a testing.T whose tests never run in parallel.
type serial struct{ *testing.T }

func (serial) Parallel()     {}
func (serial) Verbose() bool { return testing.Verbose() }
func (s serial) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(serial{t}) })
}

// worldKey is where a script's world is kept.
type worldKey struct{}

// scriptWorld is what the program sees in one script.
type scriptWorld struct {
	clock   *leapingClock
	entropy io.Reader
}

func setUp(e *testscript.Env) error {
	e.Values[worldKey{}] = &scriptWorld{
		clock:   &leapingClock{now: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)},
		entropy: &counter{},
	}
	e.Setenv("USER", "ops")
	return bringSite(e.WorkDir)
}

// bringSite adds what the script does not bring itself: the inventory and the
// zone of testdata/site.
func bringSite(dir string) error {
	site := os.DirFS(siteDir())
	for _, name := range []string{"inventory.toml", "zones/example.org.zone"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Stat(path); err == nil {
			continue
		}
		b, err := fs.ReadFile(site, name)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// siteDir is the folder of the site, wherever the process stands.
func siteDir() string {
	_, source, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(source), "testdata", "site")
}

// leapingClock shows the time that it was last asked to wait for.
type leapingClock struct {
	mu  sync.Mutex
	now time.Time
	// interrupt, when set, is called at the next wait that is not over yet.
	interrupt func()
}

func (c *leapingClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *leapingClock) SleepUntil(ctx context.Context, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interrupt != nil && t.After(c.now) {
		c.interrupt()
		c.interrupt = nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.After(c.now) {
		c.now = t
	}
	return nil
}

func (c *leapingClock) elapse(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// counter is entropy that is the same in every run of a script.
type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	clear(p)
	c.n++
	if len(p) > 0 {
		p[len(p)-1] = c.n
	}
	return len(p), nil
}

// call is one run of the program in a script.
type call struct {
	want   int
	answer *string
	signal os.Signal
}

func commands() map[string]func(*testscript.TestScript, bool, []string) {
	run := func(name string) func(*testscript.TestScript, bool, []string) {
		return func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("use exitcode N %s", name)
			}
			call{}.run(ts, append([]string{name}, args...))
		}
	}
	cmds := map[string]func(*testscript.TestScript, bool, []string){
		"elapse": elapse, "json": jsonValue, "jsonl": jsonLines, "keys": jsonKeys, "mode": mode, "lines": lines,
		"narrow": narrow, "hold": hold, "edit": edit, "truncate": truncate, "filter": filter,
	}
	for _, name := range []string{"dnsplan", "exitcode", "tty", "interrupt", "terminate"} {
		cmds[name] = run(name)
	}
	return cmds
}

// run takes the words before dnsplan in and then runs it.
func (c call) run(ts *testscript.TestScript, args []string) {
	switch {
	case len(args) == 0:
		ts.Fatalf("no dnsplan to run")
	case args[0] == "dnsplan":
		c.program(ts, args[1:])
		return
	case args[0] == "exitcode" && len(args) > 1:
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		c.want, args = n, args[1:]
	case args[0] == "tty" && len(args) > 1:
		c.answer, args = &args[1], args[1:]
	case args[0] == "interrupt":
		c.signal = syscall.SIGINT
	case args[0] == "terminate":
		c.signal = syscall.SIGTERM
	default:
		ts.Fatalf("unknown word %q before dnsplan", args[0])
	}
	c.run(ts, args[1:])
}

// program runs dnsplan in the script's folder and checks its exit code.
func (c call) program(ts *testscript.TestScript, args []string) {
	ts.Check(os.Chdir(ts.MkAbs(".")))
	w := ts.Value(worldKey{}).(*scriptWorld)
	w.clock.elapse(time.Second) // a later command has a later id
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if c.signal != nil {
		w.clock.interrupt = func() { cancel(signalled{c.signal}) }
	}
	a := &app{
		args: args, stdin: strings.NewReader(""), stdout: ts.Stdout(), stderr: ts.Stderr(),
		env: environment(ts), clock: w.clock, entropy: w.entropy,
		terminal: func(any) (int, bool) { return 0, false },
	}
	if c.answer != nil {
		a.stdin = strings.NewReader(*c.answer + "\n")
		a.terminal = func(stream any) (int, bool) { return 80, stream == a.stdin }
	}
	if got := run(ctx, a); got != c.want {
		ts.Fatalf("dnsplan %s: exit code %d, want %d", strings.Join(args, " "), got, c.want)
	}
	if c.signal != nil && w.clock.interrupt != nil {
		ts.Fatalf("dnsplan %s: it never waited, so nothing was interrupted", strings.Join(args, " "))
	}
}

// environment is the script's own; an empty variable is an unset one.
func environment(ts *testscript.TestScript) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v := ts.Getenv(name)
		return v, v != ""
	}
}

func elapse(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 1)
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	ts.Value(worldKey{}).(*scriptWorld).clock.elapse(d)
}

func need(ts *testscript.TestScript, args []string, n int) {
	if len(args) < n {
		ts.Fatalf("%d arguments are missing", n-len(args))
	}
}

// lookup finds the value of a path in a JSON document.
func lookup(ts *testscript.TestScript, file, path string) (any, error) {
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(file)), &v); err != nil {
		return nil, fmt.Errorf("%s is no JSON: %w", file, err)
	}
	for word := range strings.SplitSeq(strings.TrimPrefix(path, "."), ".") {
		switch at := v.(type) {
		case map[string]any:
			member, ok := at[word]
			if !ok {
				return nil, fmt.Errorf("%s has no %q in %s", file, word, path)
			}
			v = member
		case []any:
			if word == "len" {
				return len(at), nil
			}
			i, err := strconv.Atoi(word)
			if i < 0 {
				i += len(at)
			}
			if err != nil || i < 0 || i >= len(at) {
				return nil, fmt.Errorf("%s has no element %q in %s", file, word, path)
			}
			v = at[i]
		default:
			return nil, fmt.Errorf("%s: %q of %s is in no object or list", file, word, path)
		}
	}
	return v, nil
}

func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2)
	v, err := lookup(ts, args[0], args[1])
	if len(args) == 2 {
		if (err == nil) == neg {
			ts.Fatalf("%s: there: %v, %v", args[1], err == nil, err)
		}
		return
	}
	ts.Check(err)
	got := fmt.Sprint(v)
	if _, ok := v.(string); !ok {
		b, err := json.Marshal(v)
		ts.Check(err)
		got = string(b)
	}
	if (got == args[2]) == neg {
		ts.Fatalf("%s %s: got %s, want %s", args[0], args[1], got, args[2])
	}
}

func jsonKeys(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	v, err := lookup(ts, args[0], args[1])
	ts.Check(err)
	object, ok := v.(map[string]any)
	if !ok {
		ts.Fatalf("%s is no object", args[1])
	}
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, args[2:]) {
		ts.Fatalf("%s has %s, want %s", args[1], got, args[2:])
	}
}

// jsonLines turns JSON lines into one array.
func jsonLines(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 1)
	var list []json.RawMessage
	text := ts.ReadFile(args[0])
	if text != "" && !strings.HasSuffix(text, "\n") {
		ts.Fatalf("%s does not end its last line", args[0])
	}
	for line := range strings.Lines(text) {
		if !json.Valid([]byte(line)) {
			ts.Fatalf("%s: no JSON: %s", args[0], line)
		}
		list = append(list, json.RawMessage(line))
	}
	b, err := json.Marshal(list)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".json"), b, 0o600))
}

func mode(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

func lines(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	if got := strings.Count(ts.ReadFile(args[0]), "\n"); strconv.Itoa(got) != args[1] {
		ts.Fatalf("%s has %d lines, want %s", args[0], got, args[1])
	}
}

// narrow counts runes: the program's own signs are one column wide each.
func narrow(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case len([]rune(line)) > most:
			ts.Fatalf("%s: wider than %d columns: %q", args[0], most, line)
		case strings.TrimRight(line, " \t\r") != line:
			ts.Fatalf("%s: blank at the end: %q", args[0], line)
		case strings.ContainsAny(line, "\x1b\r"):
			ts.Fatalf("%s: escape: %q", args[0], line)
		}
	}
}

func hold(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 1)
	ts.Check(journal.OpenState(ts.MkAbs(".dnsplan")))
	release, err := journal.AcquireLocks(ts.MkAbs(".dnsplan"),
		[]journal.LockName{{Zone: zone.MustParseName(args[0])}},
		journal.Holder{Run: "01ARZ3NDEKTSV4RRFFQ69G5FAV", PID: 4711, Host: "bastion", Command: "dnsplan apply"})
	ts.Check(err)
	ts.Defer(func() { ts.Check(release()) })
}

func edit(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 3)
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	text := ts.ReadFile(args[0])
	if !re.MatchString(text) {
		ts.Fatalf("%s holds no %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(re.ReplaceAllString(text, strings.ReplaceAll(args[2], `\n`, "\n"))), 0o600))
}

func truncate(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()-n))
}

func filter(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	var out strings.Builder
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if !re.MatchString(line) {
			out.WriteString(line)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(out.String()), 0o600))
}
