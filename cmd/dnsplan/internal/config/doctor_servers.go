package config

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
)

// nameServers tells of each zone that was read whether its name servers answer,
// as a staged run wants them to before it writes; nothing of a zone whose servers
// no run asks.
func (e *examiner) nameServers(ctx context.Context, p providers.Provider, zones []inventory.Zone, reads []read) [][]providers.Finding {
	out := make([][]providers.Finding, len(zones))
	var g errgroup.Group
	g.SetLimit(zonesAtOnce)
	for i, z := range zones {
		if reads[i].err != nil {
			continue
		}
		g.Go(func() error {
			out[i] = e.nameServersOf(ctx, p, z, reads[i].live)
			return nil
		})
	}
	_ = g.Wait() // what went wrong is in the findings
	return out
}

func (e *examiner) nameServersOf(ctx context.Context, p providers.Provider, z inventory.Zone, live *zone.Snapshot) []providers.Finding {
	f := providers.Finding{Topic: "name servers", Zone: z.Name}
	names, err := e.find(ctx, p, z, live)
	switch {
	case err != nil:
		f.Verdict, f.Err = providers.Unclear, orImpatience(ctx, err)
		f.Detail = "not all can be found from here: " + f.Err.Error()
	case len(names) == 0:
		return nil
	default:
		r := rollCall(names, e.callRoll(ctx, z.Name, names))
		r.judge(&f)
		if f.Verdict == providers.Bad && e.mayPass(r, z) {
			f.Verdict = providers.Unclear
		}
	}
	return []providers.Finding{f}
}

// find returns the servers that a run would ask.
func (e *examiner) find(ctx context.Context, p providers.Provider, z inventory.Zone, live *zone.Snapshot) ([]resolver.NameServer, error) {
	via, err := e.servers(e.policy(Request{}).Resolvers, e.sandboxes())
	if err != nil {
		return nil, err
	}
	d := plan.Zone{ZoneRef: plan.ZoneRef{Zone: z.Name, View: z.View}, Discover: e.discovers(z)}
	for _, a := range z.Servers {
		d.Servers = append(d.Servers, a.String())
	}
	return e.nameServersIn(ctx, d, p, via, func() (*zone.Snapshot, error) { return live, nil })
}

// callRoll asks every address of every server for the zone's SOA record.
func (s *Session) callRoll(ctx context.Context, z zone.Name, names []resolver.NameServer) [][]resolver.SOAAnswer {
	out := make([][]resolver.SOAAnswer, len(names))
	var g errgroup.Group
	for i, ns := range names {
		out[i] = make([]resolver.SOAAnswer, len(ns.Servers))
		for j, server := range ns.Servers {
			g.Go(func() error {
				out[i][j] = s.client.SOA(ctx, server, z, false)
				return nil
			})
		}
	}
	_ = g.Wait() // a failure is an answer
	return out
}

// roll is which name servers of a zone answer.
type roll struct {
	all int
	// dead are those that answer on no address, with why; partly are addresses
	// that do not answer of servers that do on another.
	dead, partly []string
	// routed tells whether one of partly could have answered.
	routed bool
}

func rollCall(names []resolver.NameServer, answers [][]resolver.SOAAnswer) roll {
	r := roll{all: len(names)}
	for i, ns := range names {
		var silent []string
		routed := false
		for _, a := range answers[i] {
			if a.Status != resolver.Answered {
				silent = append(silent, fmt.Sprintf("%v %v", a.Server.Addr, a.Status))
				routed = routed || a.Status != resolver.NoRoute
			}
		}
		switch {
		case len(silent) == len(answers[i]):
			r.dead = append(r.dead, deadName(ns.Name, silent))
		case len(silent) > 0:
			r.partly, r.routed = append(r.partly, silent...), r.routed || routed
		}
	}
	return r
}

// deadName names a server and why it does not answer; one that is given by its
// address is not named twice.
func deadName(name string, silent []string) string {
	if len(silent) == 1 && strings.HasPrefix(silent[0], name+" ") {
		return silent[0]
	}
	return name + " (" + strings.Join(silent, ", ") + ")"
}

// judge says in f what came of a roll call.
func (r roll) judge(f *providers.Finding) {
	f.Detail = fmt.Sprintf("%d of %d answer", r.all-len(r.dead), r.all)
	switch {
	case len(r.dead) > 0:
		f.Verdict = providers.Bad
		f.Detail += ", not " + shortened(r.dead)
		f.Remedy = "a staged run needs every one: mend or remove those, see that this machine may ask them, or name the ones to ask with servers of the zone"
	case r.routed:
		f.Verdict = providers.Unclear
		f.Detail += ", not on " + shortened(r.partly)
		f.Remedy = "mend or remove these addresses: resolvers try them too"
	case len(r.partly) > 0:
		f.Detail += ", not on " + shortened(r.partly)
	}
}

// mayPass tells whether runs may go well without the servers that are dead: none
// is asked by a direct run, and where none of those in the NS set answers, rather
// the way to all of them is closed from here.
func (e *examiner) mayPass(r roll, z inventory.Zone) bool {
	return e.Inventory.Defaults.Strategy == inventory.Direct || len(r.dead) == r.all && e.discovers(z)
}
