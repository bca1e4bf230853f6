package execute

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/preflight"
	"github.com/dnsplan/dnsplan/plan/probe"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// A service is ill when so many attempts in a row have failed.
const (
	probeTries = 3
	probePause = 2 * time.Second
)

// The bounds of the time between two rounds of probes while a run settles.
const (
	longestWatch  = 10 * time.Second
	shortestWatch = time.Second
)

// probing is one thing to ask: an address, and whose it is.
type probing struct {
	probe.Target
	// challenge is asked in place of the Target's probe; nil is the probe.
	challenge *preflight.Question
	// about is the RRset, and given who gave the address; empty where nobody
	// was asked for it.
	about string
	given []string
	tries int
	last  preflight.Result
}

func (p *probing) String() string {
	out := p.about + ": " + p.last.Asked
	if len(p.given) > 0 {
		const most = 3
		out += " (as " + strings.Join(p.given[:min(len(p.given), most)], ", ")
		if more := len(p.given) - most; more > 0 {
			out += fmt.Sprintf(" and %d more", more)
		}
		out += " answer)"
	}
	out += ": " + p.last.Err.Error()
	if p.tries > 1 {
		out += fmt.Sprintf(" (%d tries)", p.tries)
	}
	return out
}

// probeNew asks each new address, before anything is switched.
func (w *work) probeNew(ctx context.Context) (facts, error) {
	var list []*probing
	for _, c := range w.changes() {
		for _, p := range c.NewAddresses() {
			list = append(list, &probing{Target: probe.Target{Addr: p.Addr, Probe: *p.Probe}, about: c.Key.Display()})
		}
		list = append(list, w.challengesOf(c)...)
	}
	f, ill, err := w.probe(ctx, list)
	if err == nil && len(ill) > 0 {
		err = failf(Probe, "%s, %s%s", w.undone(), explainProbes(ill), w.wayOut(ill))
	}
	return f, err
}

// probeService asks the services of the step's changes through their names.
func (w *work) probeService(ctx context.Context) (facts, error) {
	list, err := w.through(ctx)
	if err != nil || len(list) == 0 {
		return facts{}, err
	}
	f, ill, err := w.probe(ctx, list)
	if err == nil && len(ill) > 0 {
		err = failf(Probe, "the service is not well behind the switch, %s", explainProbes(ill))
	}
	return f, err
}

// watches tells whether the service of a change of the step is asked behind the
// switch.
func (w *work) watches() bool { return slices.ContainsFunc(w.changes(), (*plan.Change).Probed) }

// probe asks all of list, and those that fail again, until each has answered or
// has failed too often. ill are those that have.
func (w *work) probe(ctx context.Context, list []*probing) (f facts, ill []*probing, err error) {
	if slices.ContainsFunc(list, w.cannotAsk) {
		return facts{}, nil, failf(Refused, "step %s: nothing here can ask a service", w.step.ID)
	}
	deadline := w.Clock.Now().Add(w.timeout())
	for ill = list; ; {
		if w.step.Kind != plan.StepSettle { // which tells how long it takes, each time
			w.tell(Progress{Doing: "asking the " + services(len(ill)) + " of " + w.ref.Zone.Display()})
		}
		w.attempt(ctx, ill)
		if err := ctx.Err(); err != nil {
			return facts{}, nil, err
		}
		ill = slices.DeleteFunc(slices.Clone(ill), func(p *probing) bool { return w.answered(&f, p) })
		again := w.Clock.Now().Add(probePause)
		if len(ill) == 0 || ill[0].tries >= probeTries || again.After(deadline) {
			return f, ill, nil
		}
		w.tell(Progress{Doing: "trying again: " + ill[0].String(), Deadline: again, Then: TriesAgain})
		if _, err := w.pause(ctx, again); err != nil {
			return facts{}, nil, err
		}
	}
}

func services(n int) string {
	if n == 1 {
		return "service"
	}
	return fmt.Sprintf("%d services", n)
}

// attempt asks each once, all at the same time: the prober takes turns.
func (w *work) attempt(ctx context.Context, list []*probing) {
	var wg sync.WaitGroup
	for _, p := range list {
		wg.Go(func() {
			p.last = w.askOne(ctx, p)
			p.tries++
		})
	}
	wg.Wait()
}

// answered takes a good answer in. An address that this machine has no route to
// is told of once, and left to those who have: it is not what is ill.
func (w *work) answered(f *facts, p *probing) bool {
	switch {
	case p.last.Unroutable:
		if w.step.Kind != plan.StepSettle {
			w.warnf("%s: %s is not probed: %v", p.about, p.Addr, p.last.Err)
		}
		return true
	case !p.last.Good():
		return false
	case p.last.Warning != "":
		w.warnf("%s: %s", p.about, p.last.Warning)
	}
	f.Probed = append(f.Probed, p.about+" "+p.Addr.String()+": "+p.last.Answer)
	return true
}

func explainProbes(ill []*probing) string {
	lines := make([]string, len(ill))
	for i, p := range ill {
		lines[i] = p.String()
	}
	return listed(lines, "; ")
}

// asking is what is asked once in a round, however many servers lead there.
type asking struct {
	probe.Target
	about string
}

// through returns what the names lead to now:
//
//	the addresses that servers and resolvers give    each once
//	of these, for values that no proxy hides         the wanted ones: others are the verification's to judge
//	where nobody gives one                           the wanted ones, as they were written
func (w *work) through(ctx context.Context) ([]*probing, error) {
	servers, err := w.servers(ctx)
	if err != nil {
		return nil, err
	}
	var list []*probing
	known := map[asking]*probing{}
	add := func(c *plan.Change, t probe.Target, who ...string) {
		id := asking{t, c.Key.Display()}
		if known[id] == nil {
			known[id] = &probing{Target: t, about: id.about}
			list = append(list, known[id])
		}
		for _, name := range who { // a server is named once, whatever addresses it has
			if !slices.Contains(known[id].given, name) {
				known[id].given = append(known[id].given, name)
			}
		}
	}
	for _, c := range w.changes() {
		if !c.Probed() {
			continue
		}
		before := len(list)
		for _, l := range w.lookUp(ctx, c, servers) {
			for _, a := range l.Values {
				if c.After.Proxied || slices.Contains(c.After.Values, a) {
					add(c, probe.Target{Addr: a, Probe: *c.Probe}, l.Server)
				}
			}
		}
		if len(list) > before {
			continue
		}
		if c.After.Proxied {
			return nil, failf(Probe, "%s: no server and no resolver gives an address to ask", c.Key.Display())
		}
		for _, a := range c.After.Values {
			add(c, probe.Target{Addr: a, Probe: *c.Probe})
		}
	}
	return list, ctx.Err()
}

// lookUp asks every server and every resolver of the baseline for the RRset.
func (w *work) lookUp(ctx context.Context, c *plan.Change, servers []resolver.Server) []verify.Line {
	want := []verify.Want{{Key: c.Key, Values: c.After.Values}}
	return w.ask(ctx, slices.Concat(cross(servers, false, want), cross(w.resolvers(), true, want)))
}

// watch makes sure that the new state stays good until the action's deadline: it
// asks the services in rounds. The verification behind it is the last one.
func (w *work) watch(ctx context.Context) (facts, error) {
	until, every := w.action.Until, w.every()
	for w.Clock.Now().Before(until) {
		next := until
		if w.watches() {
			next = earlier(w.Clock.Now().Add(every), until)
		}
		w.tell(Progress{Doing: "waiting: " + w.step.Detail, Deadline: until, Then: Ends})
		if err := w.Clock.SleepUntil(ctx, next); err != nil {
			return facts{}, err
		}
		if !next.Before(until) {
			break
		}
		if _, err := w.probeService(ctx); err != nil {
			return facts{}, err
		}
	}
	return facts{}, nil
}

// every is the time between two rounds: a tenth of the settle time, so that
// there are two rounds at least.
func (w *work) every() time.Duration {
	settle := time.Duration(w.step.Seconds) * time.Second
	return min(max(min(settle/10, longestWatch), shortestWatch), settle/2)
}
