package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// The zone of the end-to-end tests, the name that moves, and the two web
// servers that it moves between. All of them answer on loopback.
const (
	e2eZone = "example.org"
	e2eName = "www.example.org"
	oldAddr = "127.0.0.2"
	newAddr = "127.0.0.3"
)

// testbed is one zone on real servers, caches before it, and an inventory that
// wants www.example.org at newAddr.
type testbed struct {
	t         *testing.T
	dir       string
	primary   *dnsd.Server
	secondary *dnsd.Server // nil without
	caches    []*dnsd.Server
	clock     execute.Clock
}

// bedOptions is what differs between the scenarios. Durations are as the
// inventory has them.
type bedOptions struct {
	ttl     int // of www.example.org, in seconds, at rest
	settle  string
	timeout string // of [verify]
	// changeTTL is 2s unless it is given.
	changeTTL string
	// check is the text of [check]; with it, the name is validated by HTTP-01.
	check string
	// primaryOnly leaves the secondary out.
	primaryOnly bool
	// caches are the resolvers; none stands for three that keep to the rules.
	caches []dnsd.UnboundOptions
	// fakeTime puts the caches under a clock that can be moved.
	fakeTime bool
}

// newBed starts BIND, Knot as its secondary, and the caches, and has each cache
// fetch the old answer.
func newBed(t *testing.T, o bedOptions) *testbed {
	t.Helper()
	if testing.Short() {
		t.Skip("real servers and real waits take seconds: left out by -short")
	}
	b := &testbed{t: t, dir: t.TempDir(), clock: embedded.SystemClock{}}
	b.startServers(o)
	if len(o.caches) == 0 {
		o.caches = make([]dnsd.UnboundOptions, 3)
	}
	for _, c := range o.caches {
		c.Stubs = map[string][]netip.AddrPort{e2eZone: b.authoritative()}
		c.FakeTime = o.fakeTime
		b.caches = append(b.caches, dnsd.Unbound(t, c))
	}
	b.write("tsig.key", b.primary.Key.Secret)
	b.write("inventory.toml", b.inventory(o))
	return b
}

func (b *testbed) startServers(o bedOptions) {
	b.t.Helper()
	zones := map[string]string{e2eZone: fmt.Sprintf(`$ORIGIN example.org.
$TTL 300
@    IN SOA ns1 hostmaster 1 3600 600 86400 1
@    IN NS  ns1
@    IN NS  ns2
@    IN MX  10 mail
@    IN TXT "v=spf1 mx -all"
ns1  IN A   127.0.0.1
ns2  IN A   127.0.0.1
mail IN A   192.0.2.25
www  %d IN A %s
`, o.ttl, oldAddr)}
	if o.primaryOnly {
		b.primary = dnsd.BIND(b.t, dnsd.BINDOptions{Zones: zones})
		return
	}
	addr := dnsd.Reserve(b.t)
	b.primary = dnsd.BIND(b.t, dnsd.BINDOptions{Zones: zones, Notify: []netip.AddrPort{addr}})
	b.secondary = dnsd.Knot(b.t, dnsd.KnotOptions{Listen: addr, Primary: b.primary, Secondary: []string{e2eZone}})
}

// authoritative are the addresses of the authoritative servers.
func (b *testbed) authoritative() []netip.AddrPort {
	if b.secondary == nil {
		return []netip.AddrPort{b.primary.Addr}
	}
	return []netip.AddrPort{b.primary.Addr, b.secondary.Addr}
}

func (b *testbed) inventory(o bedOptions) string {
	var text strings.Builder
	fmt.Fprintf(&text, `version = 1
[defaults]
ttl        = %d
change_ttl = %q
settle     = %q
[verify]
timeout = %q
`, o.ttl, cmp.Or(o.changeTTL, "2s"), o.settle, o.timeout)
	for i, c := range b.caches {
		fmt.Fprintf(&text, "[[verify.resolver]]\nname = %q\naddress = %q\n", cacheName(i), c.Addr)
	}
	acme := ""
	if o.check != "" {
		fmt.Fprintf(&text, "[check]\n%s\n", o.check)
		acme = "acme = \"http-01\"\n"
	}
	fmt.Fprintf(&text, `[[provider]]
name = "bind"
type = "rfc2136"
%s[[zone]]
name = %q
provider = "bind"
servers = %s
[[zone.record]]
name = "www"
a = [%q]
%s`, signedBy(b.primary.Addr, b.primary.Key, "file:tsig.key"), e2eZone, quoted(b.authoritative()), newAddr, acme)
	return text.String()
}

func cacheName(i int) string { return fmt.Sprintf("cache%d", i+1) }

func quoted(addrs []netip.AddrPort) string {
	var out []string
	for _, a := range addrs {
		out = append(out, fmt.Sprintf("%q", a))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func (b *testbed) path(name string) string { return filepath.Join(b.dir, name) }

func (b *testbed) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// prime has every cache hold the old answer, freshly fetched.
func (b *testbed) prime() {
	b.t.Helper()
	for i, c := range b.caches {
		if ttl, data := c.Answer(dns.TypeA, e2eName); !slices.Equal(data, []string{oldAddr}) {
			b.t.Fatalf("%s starts with %v (TTL %d)", cacheName(i), data, ttl)
		}
	}
}

// output is what a command wrote, and how it ended.
type output struct {
	code           int
	stdout, stderr string
	ended          time.Time // by the real clock
}

func (o output) String() string {
	return fmt.Sprintf("exit code %d\n--- stdout\n%s--- stderr\n%s", o.code, o.stdout, o.stderr)
}

// dnsplan runs the program in this process, as a shell without a terminal would.
func (b *testbed) dnsplan(ctx context.Context, args ...string) output {
	var stdout, stderr lockedBuffer
	a := &app{
		args:  append([]string{"-i", b.path("inventory.toml")}, args...),
		stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr,
		env:   func(name string) (string, bool) { v, ok := e2eEnv()[name]; return v, ok },
		clock: b.clock, entropy: rand.Reader,
		terminal: func(any) (int, bool) { return 0, false },
	}
	code := run(ctx, a)
	return output{code, stdout.String(), stderr.String(), time.Now()}
}

// flat undoes the breaking of lines.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// e2eEnv is the whole environment of the program.
func e2eEnv() map[string]string { return map[string]string{"USER": "operator", "LC_ALL": "C.UTF-8"} }

// want runs the program and fails the test unless it ends with code.
func (b *testbed) want(code int, args ...string) output {
	b.t.Helper()
	o := b.dnsplan(b.t.Context(), args...)
	if o.code != code {
		b.t.Fatalf("dnsplan %s: want exit code %d: %v", strings.Join(args, " "), code, o)
	}
	return o
}

// begin runs the program beside the test and returns how to wait for its end.
func (b *testbed) begin(args ...string) (wait func() output) {
	done := make(chan output, 1)
	go func() { done <- b.dnsplan(b.t.Context(), args...) }()
	return func() output { return <-done }
}

// lockedBuffer is a stream that may be read while it is written to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// lastRun reads the latest run from the state folder.
func (b *testbed) lastRun() engine.Run {
	b.t.Helper()
	reader := config.Reader(config.Settings{StateDir: b.path(".dnsplan")}, b.clock)
	r, err := reader.Show(b.t.Context(), "last")
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// moment is when the nth event of a kind at the nth step of a kind was written
// down; n counts from 1.
type moment struct {
	step  plan.Kind
	nth   int
	event journal.Kind
}

// at finds moments in a run's journal; there is exactly one event of each.
func at(t *testing.T, r engine.Run, m moment) journal.Event {
	t.Helper()
	var step string
	n := 0
	for _, s := range r.Plan.Steps {
		if s.Kind == m.step {
			if n++; n == m.nth {
				step = s.ID
			}
		}
	}
	var found []journal.Event
	for _, e := range r.Events {
		if e.Step == step && step != "" && e.Kind == m.event && !e.Undo {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		t.Fatalf("the journal holds %d events %q of the %d. step %q, want one: %+v", len(found), m.event, m.nth, m.step, r.Events)
	}
	return found[0]
}

// updates checks, in BIND's own words, which UPDATE messages it has taken: one
// for each address, which is what www.example.org had afterwards. Each raises
// the serial by one, so none is missing in the log.
func (b *testbed) updates(want ...string) {
	b.t.Helper()
	const added = "adding an RR at '" + e2eName + "' A "
	var got []string
	for _, line := range b.primary.Updates() {
		if _, addr, ok := strings.Cut(line, added); ok {
			got = append(got, addr)
		}
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("BIND has logged updates to %v, want %v:\n%s", got, want, strings.Join(b.primary.Updates(), "\n"))
	}
	if n := int(b.primary.Serial(e2eZone)) - 1; n != len(want) {
		b.t.Errorf("the serial was raised %d times, want %d", n, len(want))
	}
}
