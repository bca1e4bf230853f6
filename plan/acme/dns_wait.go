package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// checkWait is D-WAIT. Journals tell, and what others have asked anyway.
func checkWait(ctx context.Context, e *examination) []Finding {
	return judgeWait(e.subject, e.opts.Now(), func(a []netip.Addr) bool { return e.stillServe(ctx, a) })
}

// stillServe tells whether servers that the name has left are known to serve it as
// before: they answer with the token, or with a certificate that clients take. Where
// B-BRIDGE and T-CERT are not made, nobody is asked for this check's sake; where
// T-CERT is, servers that a name behind a proxy has left are asked as well, which that
// one looks past.
func (e *examination) stillServe(ctx context.Context, former []netip.Addr) bool {
	if len(former) == 0 {
		return false
	}
	if e.selection.Has("B-BRIDGE") {
		all, _, _ := e.tokens(ctx)
		if good, known := e.serving(former, all); known {
			return good == len(former)
		}
	}
	return e.selection.Has("T-CERT") && !slices.ContainsFunc(former, func(a netip.Addr) bool {
		return !e.certificate(ctx, target{addr: a}).good()
	})
}

// judgeWait tells what is left of the caches' time, by what is in them:
//
//	                                      a run waits for it   nobody does
//	addresses that are not live any more  Warning              Error; Warning where
//	                                                           they still serve the name
//	what is live, longer than its TTL,
//	and other addresses are wanted        Warning              Error
//	the same, and nothing is to change    Info                 Info
//	the proxy's addresses, or those
//	behind it                             Info                 Info
//	any, and nobody knows whether a
//	proxy answers by now                  Unknown              Unknown
//
// It is forgotten when the engine of runs takes it to be: the highest TTL that any
// server gave, after the last server had taken the write, and the engine's margin. A
// tenth of the TTL more, as people add who do not know these moments, would be wrong
// here: a run goes on by itself before, and its gate finds caches that keep answers
// for longer than they may.
func judgeWait(s *Subject, now time.Time, serve func([]netip.Addr) bool) (out []Finding) {
	for _, p := range s.Pending {
		w := wait{s, p, now}
		if f, ok := w.left(serve); ok {
			out = append(out, f)
		}
	}
	switch {
	case len(out) > 0:
		return out
	case s.hidden() && slices.ContainsFunc(s.Pending, func(p Pending) bool { return p.holds(now) }):
		f, _ := s.unread()
		return []Finding{f}
	case s.Zone.RunsErr != nil:
		return []Finding{unclear(nil, "what runs have left in caches is not known: %v", s.Zone.RunsErr)}
	}
	return []Finding{passed(nil, "no run of this machine has left anything in caches that stands in the way of %s", s.Name.Display())}
}

// wait is what is left of one RRset's time in caches.
type wait struct {
	*Subject
	Pending
	now time.Time
}

func (w wait) left(serve func([]netip.Addr) bool) (Finding, bool) {
	if former, until := w.former(w.Pending, w.now); !until.IsZero() {
		return w.misled(former, until, serve), true
	}
	live := w.stands(w.Type)
	if w.hidden() {
		return Finding{}, false
	}
	if until := w.latest(func(h Held) bool { return !h.Proxied && !live.Proxied }); until.After(w.now.Add(live.TTL.Duration())) {
		return w.early(live.Addrs, until), true
	}
	if until := w.latest(func(h Held) bool { return h.Proxied && !live.Proxied }); until.After(w.now) {
		return failed(nil, "resolvers may lead to the proxy of %s until %s", w.what(), w.until(until)).at(Info).with(
			Remedy{Do: "Leave the proxy's settings for the name as they are until then."}), true
	}
	if until := w.latest(func(h Held) bool { return !h.Proxied && live.Proxied }); until.After(w.now) {
		return failed(nil, "resolvers may lead past the proxy, to %s itself, until %s", listed(live.Addrs), w.until(until)).at(Info).with(
			Remedy{Do: "Let the server take connections from everywhere until then, not from the proxy alone."}), true
	}
	return Finding{}, false
}

// hidden tells whether it is not known if a proxy answers for the name.
func (s *Subject) hidden() bool { return s.Zone.Live == nil && s.Zone.Proxy }

// latest is until when resolvers may hold any of some kind; zero where they do not.
func (w wait) latest(kind func(Held) bool) (latest time.Time) {
	for _, h := range w.Held {
		if kind(h) && h.Until.After(latest) {
			latest = h.Until
		}
	}
	return latest
}

// what reads "www.example.org A".
func (w wait) what() string { return keyed(zone.Key{Name: w.Name, Type: w.Type}) }

// until says when caches have forgotten: by a run's own deadline, where it has written
// down a later one.
func (w wait) until(t time.Time) string {
	t = t.Add(execute.Margin)
	if w.Waits.After(t) {
		t = w.Waits
	}
	return fmt.Sprintf("%s, %s from now", moment(t), span(t.Sub(w.now)))
}

// misled is what is left where resolvers lead to addresses that are not live.
func (w wait) misled(former []netip.Addr, until time.Time, serve func([]netip.Addr) bool) Finding {
	at := "what stood before"
	if len(former) > 0 {
		at = listed(former)
	}
	f := failed(nil, "not yet: resolvers may still lead users of %s to %s until %s; %s", w.what(), at, w.until(until), w.who())
	served := serve(former)
	if served {
		f.Summary += "; the name is still served there"
	}
	if w.goesOn() || served {
		f = f.at(Warning)
	}
	f = f.with(w.leave()...).with(Remedy{Do: fmt.Sprintf("Keep the server at %s running until then.", at)})
	if f.Severity == Warning || len(former) == 0 {
		return f
	}
	return f.with(Remedy{Do: "Look whether it serves the name as before; this is a warning then:", Paste: w.recheck("D-WAIT", "B-BRIDGE", "T-CERT")})
}

// early is what is left where resolvers hold what is live with a TTL of before.
func (w wait) early(live []netip.Addr, until time.Time) Finding {
	want, _ := w.Wanted(w.Type)
	if slices.Equal(want.Addrs, live) {
		return failed(nil, "resolvers may hold %s with an old TTL until %s: no change of its addresses is seen everywhere before", w.what(), w.until(until)).at(Info).
			with(Remedy{Do: "Leave its addresses as they are until then, or have dnsplan apply change them, which waits."})
	}
	f := failed(nil, "not yet: resolvers may hold %s with its old TTL until %s, and %s; %s", w.what(), w.until(until), coming(want.Addrs, live), w.who())
	switch {
	case w.goesOn():
		f = f.at(Warning)
	case w.Run == "":
		return f.with(Remedy{Do: "Switch no earlier; dnsplan waits until then by itself:", Paste: w.applied()})
	}
	return f.with(w.leave()...)
}

// who says who waits.
func (w wait) who() string {
	switch {
	case w.Run == "":
		return "no run waits for that"
	case w.goesOn():
		return fmt.Sprintf("run %s waits for that, as planned", w.Run)
	}
	return fmt.Sprintf("run %s is %s, and nobody waits for that", w.Run, w.Stands)
}

// leave is what to do with a run that has not ended.
func (w wait) leave() []Remedy {
	switch {
	case w.Run == "":
		return nil
	case w.goesOn():
		return []Remedy{{Do: "Leave the run to wait, and see how it stands:", Paste: "dnsplan show " + w.Run}}
	}
	return w.onward()
}
