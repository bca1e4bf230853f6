package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/providertest/flaky"
)

// ordeal is a zone on BIND behind proxies that are flaky: one before its updates
// and transfers, one before what the run asks the authoritative server, and one
// before a cache.
type ordeal struct {
	bind                  *dnsd.Server
	updates, names, cache *flaky.Proxy

	mu     sync.Mutex
	rng    *rand.Rand
	faults []fault // of updates, left
	struck map[string]int
	begun  bool   // an update has come
	calm   bool   // nothing more goes wrong
	heal   func() // ends what ails BIND; nil where nothing does
	ailing int    // how many further updates are to meet that
	dead   bool   // the resolver
	died   bool
	// forGood says that it stays dead until the run holds.
	forGood bool
}

func newOrdeal(t *testing.T, seed uint64) *ordeal {
	t.Helper()
	o := &ordeal{rng: rand.New(rand.NewPCG(seed, 5)), forGood: seed%4 == 0, struck: map[string]int{}} //nolint:gosec // to be repeatable, not secret
	o.deal(seed)
	o.bind = dnsd.BIND(t, dnsd.BINDOptions{Control: true, Zones: map[string]string{e2eZone: `$ORIGIN example.org.
$TTL 300
@    IN SOA ns1 hostmaster 1 3600 600 86400 1
@    IN NS  ns1
@    IN TXT "kept"
ns1  IN A   127.0.0.1
www  3 IN A 192.0.2.1
www  3 IN A 192.0.2.2
old  3 IN A 192.0.2.9
`}})
	resolver := dnsd.Unbound(t, dnsd.UnboundOptions{Stubs: map[string][]netip.AddrPort{e2eZone: {o.bind.Addr}}})
	o.updates = flaky.DNS(t, o.bind.Addr, o.judgeUpdate)
	o.names = flaky.DNS(t, o.bind.Addr, o.judgeQuestion)
	o.cache = flaky.DNS(t, resolver.Addr, o.judgeCache)
	return o
}

// judgeCache is judgeQuestion, and once, behind the baseline, the resolver dies for
// a while.
func (o *ordeal) judgeCache(m *dns.Msg) flaky.Fate {
	o.mu.Lock()
	if !o.died && o.begun && !o.calm && o.rng.IntN(12) == 0 {
		o.dead, o.died = true, true
		if !o.forGood {
			time.AfterFunc(2*time.Second, o.revive)
		}
		o.struck["resolver dies"]++
	}
	dead := o.dead
	o.mu.Unlock()
	if dead {
		return flaky.CutBefore
	}
	return o.judgeQuestion(m)
}

// revive lets the resolver answer again.
func (o *ordeal) revive() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dead = false
}

func (o *ordeal) inventory() string {
	return fmt.Sprintf(`version = 1
[defaults]
ttl        = 3
change_ttl = 1
settle     = 1
[verify]
timeout = "4s"
[[verify.resolver]]
name    = "cache"
address = %q
[[provider]]
name = "bind"
type = "rfc2136"
%s[[zone]]
name = %q
provider = "bind"
servers = [%q]
prune = true
[[zone.record]]
name = "ns1"
a = ["127.0.0.1"]
ttl = 300
[[zone.record]]
name = "www"
a = ["203.0.113.11", "203.0.113.12"]
round_robin = true
[[zone.record]]
name = "new"
a = ["203.0.113.13"]
`, o.cache.Addr, signedBy(o.updates.Addr, o.bind.Key, "file:tsig.key"), e2eZone, o.names.Addr)
}

// states are what each name had after each update that BIND has taken, by the
// updates themselves: what one adds is the whole of the RRset.
func (o *ordeal) states() map[string][]state {
	out := map[string][]state{}
	last := map[string]string{"www": "3 192.0.2.1 192.0.2.2", "old": "3 192.0.2.9", "new": ""}
	for _, e := range o.updates.Exchanges() {
		if e.Request.Opcode != dns.OpcodeUpdate || e.Reply == nil || e.Reply.Rcode != dns.RcodeSuccess {
			continue
		}
		for name, now := range o.after(last, e.Request) {
			if now != last[name] {
				out[name] = append(out[name], state{e.At, now})
				last[name] = now
			}
		}
	}
	return out
}

// after is what an update makes of the names (RFC 2136, section 2.5).
func (o *ordeal) after(was map[string]string, m *dns.Msg) map[string]string {
	ttls, values := map[string]string{}, map[string][]string{}
	for name, text := range was {
		if f := strings.Fields(text); len(f) > 0 {
			ttls[name], values[name] = f[0], f[1:]
		}
	}
	for _, rr := range m.Ns {
		h := rr.Header()
		name, _, _ := strings.Cut(h.Name, ".")
		a, isA := rr.(*dns.A)
		switch {
		case h.Class == dns.ClassANY && (h.Rrtype == dns.TypeA || h.Rrtype == dns.TypeANY):
			values[name] = nil
		case h.Class == dns.ClassNONE && isA:
			values[name] = slices.DeleteFunc(values[name], func(v string) bool { return v == a.A.String() })
		case h.Class == dns.ClassINET && isA:
			ttls[name] = fmt.Sprint(h.Ttl)
			if !slices.Contains(values[name], a.A.String()) {
				values[name] = append(values[name], a.A.String())
			}
		}
	}
	out := map[string]string{}
	for name, v := range values {
		slices.Sort(v)
		if out[name] = ""; len(v) > 0 {
			out[name] = ttls[name] + " " + strings.Join(v, " ")
		}
	}
	return out
}

// The process is killed over and over while it changes a zone on BIND, through
// proxies that lose what they carry and answer what BIND has not: BIND has taken
// each update of the plan once, in order, and not before caches had forgotten.
// What a run has not brought about, the next one does.
func TestTortureOfBIND(t *testing.T) {
	if testing.Short() {
		t.Skip("real servers and real waits take seconds: left out by -short")
	}
	t.Parallel()
	var faults tally
	tortureAtOnce(t, 8, func(t *testing.T, seed uint64) *mill {
		o := newOrdeal(t, seed)
		m := newMill(t, t.TempDir(), o.inventory(), seed, 35)
		m.write("tsig.key", o.bind.Key.Secret)
		m.before = func(r engine.Run) {
			if r.Result.Outcome == execute.OutcomeHeld || m.rng.IntN(6) == 0 {
				o.revive()
			}
		}
		r := m.grind()
		o.judge(m, r)
		m.accounts(r)
		o.rest()
		o.finish(m, r)
		faults.count(t, o.struck, r)
		return m
	})
	t.Logf("the faults, and how many of the runs that met each ended how:\n%s", &faults)
}

// finish has a person do what is left: then BIND has what is wanted, and there is
// nothing more to do.
func (o *ordeal) finish(m *mill, r engine.Run) {
	m.t.Helper()
	if r.Result.Outcome != execute.OutcomeDone {
		dnsd.Eventually(m.t, "BIND takes updates again", func() bool { return m.run("resume", "last").code == exitDone })
	}
	for name, want := range map[string][]string{"www": {"203.0.113.11", "203.0.113.12"}, "new": {"203.0.113.13"}, "old": nil} {
		ttl, values := o.bind.Answer(dns.TypeA, name+"."+e2eZone)
		if !slices.Equal(values, want) || len(values) > 0 && ttl != 3 {
			m.t.Errorf("in the end %s has %d %q, want 3 %q", name, ttl, values, want)
		}
	}
	m.run("plan", "--detailed-exitcode").is(m.t, exitDone, "No changes.")
}

// judge holds what BIND has seen against the plan.
func (o *ordeal) judge(m *mill, r engine.Run) {
	m.t.Helper()
	seen := o.states()
	open := notApplied(r)
	m.wantPath("www", open["www"], seen["www"], "3 192.0.2.1 192.0.2.2", "1 192.0.2.1 192.0.2.2", "1 203.0.113.11 203.0.113.12", "3 203.0.113.11 203.0.113.12")
	m.wantPath("new", open["new"], seen["new"], "", "1 203.0.113.13", "3 203.0.113.13")
	m.wantPath("old", open["old"], seen["old"], "3 192.0.2.9", "")
	if s := seen["www"]; len(s) >= 2 && s[1].text[0] == '1' {
		if waited := s[1].at.Sub(s[0].at); waited < 3*time.Second {
			m.t.Errorf("switched %s after the TTL was lowered, want 3s", waited)
		}
	}
	if s := seen["www"]; len(s) == 3 {
		if waited := s[2].at.Sub(s[1].at); waited < 2*time.Second {
			m.t.Errorf("raised %s after the switch, want 2s", waited)
		}
	}
	done := r.Result.Outcome == execute.OutcomeDone
	if changes := int(o.bind.Serial(e2eZone)) - 1; done && changes != len(m.writesOf(r)) {
		m.t.Errorf("the zone has changed %d times, want %d:\n%s", changes, len(m.writesOf(r)), strings.Join(o.bind.Updates(), "\n"))
	}
	want := map[execute.Made][]string{
		execute.Applied:    {"www 3 203.0.113.11 203.0.113.12", "new 3 203.0.113.13", "old"},
		execute.RolledBack: {"www 3 192.0.2.1 192.0.2.2", "new", "old 3 192.0.2.9"},
	}
	want[execute.NotApplied] = want[execute.RolledBack]
	want[execute.LeftOpen] = []string{"www 1 192.0.2.1 192.0.2.2", "www 1 203.0.113.11 203.0.113.12", "new 1 203.0.113.13", "old"}
	for _, c := range r.Result.Changes {
		name, _, _ := strings.Cut(string(c.Change.Name), ".")
		ttl, values := o.bind.Answer(dns.TypeA, string(c.Change.Name))
		is := strings.TrimSpace(fmt.Sprintf("%s %d %s", name, ttl, strings.Join(values, " ")))
		if len(values) == 0 {
			is = name
		}
		if !slices.Contains(want[c.Made], is) {
			m.t.Errorf("%s is %s, and BIND has %q; %+v; the last process said:\n%s", c.Change.Key, c.Made, is, r.Result.Failures, m.last)
		}
	}
	if _, text := o.bind.Answer(dns.TypeTXT, e2eZone); !slices.Equal(text, []string{`"kept"`}) {
		m.t.Errorf("what is not the run's has changed: %q", text)
	}
}
