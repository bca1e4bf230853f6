package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// Bounds of a TTL, in seconds: while a change is under way, and at rest.
const (
	changeTTLMin zone.TTL = 60
	changeTTL    zone.TTL = 300
	changeTTLMax zone.TTL = 600
	restTTLMin   zone.TTL = 3600
)

// checkTTL is D-TTL.
func checkTTL(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if s.Proxied() {
		if f, none := s.unread(); none {
			return []Finding{f}
		}
		return []Finding{passed(s.heldSaid(),
			"the proxy answers for %s with a TTL of its own, which is short and cannot be set", s.Name.Display())}
	}
	answers := e.authoritative(ctx)
	if f, none := s.nobody(answers); none {
		return []Finding{f}
	}
	return judgeTTL(s, answers, e.opts.Now())
}

// judgeTTL compares the highest TTL of each family with what its phase needs:
//
//	a run has every server give the change TTL    no more than that: Error
//	a run is not through with it                  60 to 600 s; the run waits for that,
//	                                              and that of the inventory where one
//	                                              has stopped behind its switch
//	other values are wanted                       60 to 600 s before they come
//	nothing is to change                          that of the inventory, and there an
//	                                              hour, but for a purpose: Info
//
// Less than a minute is Info: it gains nothing, where resolvers keep answers longer.
func judgeTTL(s *Subject, answers []resolver.Answer, now time.Time) (out []Finding) {
	asked, judged := said(answers), false
	for _, want := range s.Records {
		live, ok := highest(of(want.Type, answers))
		if !ok {
			continue
		}
		judged = true
		if f, bad := s.ttlOf(want, live, now); bad {
			out = append(out, f.asking(asked))
		}
	}
	switch {
	case len(out) > 0:
		return out
	case !judged:
		return []Finding{unclear(asked, "%s is not served yet, so it has no TTL", s.Name.Display()).because(s.existence())}
	}
	return []Finding{passed(asked, "the TTL of %s fits what is planned", s.Name.Display())}
}

func (s *Subject) ttlOf(want Record, live resolver.Answer, now time.Time) (Finding, bool) {
	p, _ := s.pending(want.Type)
	switch {
	case p.Run != "":
		return s.ttlInRun(want, p, live)
	case !slices.Equal(live.Addrs, want.Addrs) && live.TTL > changeTTLMax:
		return failed(nil, "the TTL of %s is %s, and %s: lower it and wait %s before the switch", keyed(live.Key), seconds(live.TTL), coming(want.Addrs, live.Addrs), span(live.TTL.Duration())).
			with(s.lower(live, now)...), true
	case !slices.Equal(live.Addrs, want.Addrs):
		f, bad := ttlBelow(live)
		return f.with(Remedy{Do: "Raise it in " + s.inZone() + ":", Paste: s.lines(max(changeTTLMin, s.Zone.MinTTL), live.Addrs)}).with(want.longer()...), bad
	case want.Auto:
		return Finding{}, false
	}
	return s.ttlAtRest(want, live)
}

// ttlInRun judges the TTL of what a run is not through with.
func (s *Subject) ttlInRun(want Record, p Pending, live resolver.Answer) (Finding, bool) {
	switch name, rest := keyed(live.Key), max(want.TTL, s.Zone.MinTTL); {
	case p.TTL > 0 && live.TTL > p.TTL:
		return failed(nil, "the TTL of %s is %s at %s, and run %s has it at %s for the change: somebody has raised it, or the server has fallen behind", name, seconds(live.TTL), live.Server, p.Run, seconds(p.TTL)).
			at(Error).with(Remedy{Do: "Find out who has, and how the run stands; its next write looks before it writes:", Paste: "dnsplan show " + p.Run}), true
	case live.TTL > changeTTLMax && !p.goesOn():
		return failed(nil, "the TTL of %s is %s, and run %s, which is to change it, is %s: nobody works on it", name, seconds(live.TTL), p.Run, p.Stands).
			with(p.onward()...), true
	case live.TTL > changeTTLMax:
		return failed(nil, "the TTL of %s is %s, and run %s is about to change it", name, seconds(live.TTL), p.Run).
			with(Remedy{Do: "See how the run stands; it waits the old TTL out before it switches:", Paste: "dnsplan show " + p.Run}), true
	case !p.goesOn() && slices.Equal(live.Addrs, want.Addrs) && live.TTL < rest && !want.Auto:
		return failed(nil, "the TTL of %s is %s, and run %s, which is to raise it to %s, is %s: nobody works on it", name, seconds(live.TTL), p.Run, seconds(rest), p.Stands).
			with(p.onward()...), true
	}
	f, bad := ttlBelow(live)
	if r := want.longer(); len(r) > 0 {
		return f.with(r...), bad
	}
	return f.with(Remedy{Do: "Let a minute be the least, in the inventory:", Paste: "[defaults]\nchange_ttl = \"1m\""}), bad
}

// longer has the record's own TTL be a minute at least; none where it is.
func (r Record) longer() []Remedy {
	if r.Auto || r.TTL >= changeTTLMin {
		return nil
	}
	return []Remedy{{Do: "Let a minute be the least for its record in the inventory:", Paste: `ttl = "1m"`}}
}

// ttlBelow finds a TTL that is too low to be of use for a change.
func ttlBelow(live resolver.Answer) (Finding, bool) {
	if live.TTL >= changeTTLMin {
		return Finding{}, false
	}
	return failed(nil, "the TTL of %s is %s, for a change: many resolvers keep answers for a minute at least, whatever they are told", keyed(live.Key), seconds(live.TTL)).at(Info), true
}

// ttlAtRest judges the TTL where nothing is to change.
func (s *Subject) ttlAtRest(want Record, live resolver.Answer) (Finding, bool) {
	switch name, rest := keyed(live.Key), max(want.TTL, s.Zone.MinTTL); {
	case live.TTL < rest:
		return failed(nil, "the TTL of %s is %s, and the inventory says %s: it was left low", name, seconds(live.TTL), seconds(rest)).
			with(Remedy{Do: "Raise it in " + s.inZone() + ":", Paste: s.lines(rest, want.Addrs)}, s.apply()), true
	case live.TTL > rest:
		return failed(nil, "the TTL of %s is %s, and the inventory says %s: a change would take that long to be seen", name, seconds(live.TTL), seconds(rest)).
			with(Remedy{Do: "Lower it in " + s.inZone() + ":", Paste: s.lines(rest, want.Addrs)}, s.apply()), true
	case rest < restTTLMin:
		return failed(nil, "the TTL of %s at rest is %s: with less than an hour, resolvers ask often, and soon have nothing to answer when the name servers fail", name, seconds(rest)).
			at(Info).with(Remedy{Do: "Raise it for the record in the inventory, unless it is short on purpose, as for a failover:", Paste: `ttl = "1h"`}), true
	}
	return Finding{}, false
}

// coming says how the wanted addresses differ from the live ones.
func coming(want, live []netip.Addr) string {
	if to := lacking(live, want); len(to) > 0 {
		return listed(to) + " is to come"
	}
	return listed(lacking(want, live)) + " is to go"
}

// lower makes ready for a switch.
func (s *Subject) lower(live resolver.Answer, now time.Time) []Remedy {
	low := max(changeTTL, s.Zone.MinTTL)
	return []Remedy{
		{Do: "Lower it in " + s.inZone() + ":", Paste: s.lines(low, live.Addrs)},
		{
			Do:    fmt.Sprintf("Or leave all of it to dnsplan, which would switch at %s at the earliest:", moment(now.Add(live.TTL.Duration()))),
			Paste: s.applied(),
		},
	}
}
