package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// windowBuilder makes the changes of an issuance window.
type windowBuilder struct {
	plan     *Plan
	now      time.Time
	problems []WindowProblem
}

// zone is what the window changes in a zone.
func (b *windowBuilder) zone(z *WindowZone) ZoneDiff {
	w := newDiffer(z.Desired, z.Live, Selection{})
	names := slices.SortedFunc(slices.Values(z.Names), zone.CompareNames)
	for _, name := range slices.Compact(names) {
		if reason := z.unfit(w, name); reason != "" {
			b.problems = append(b.problems, WindowProblem{Name: name, Reason: reason})
			continue
		}
		for _, t := range []zone.Type{zone.A, zone.AAAA} {
			if live, ok := z.Live.Find(zone.Key{Name: name, Type: t}); ok {
				b.set(w, z, live)
			}
		}
	}
	return w.diff
}

// unfit says why the name cannot be in a window; empty where it can. At a provider
// without a proxy every name is DNS-only, whatever it is there.
func (z *WindowZone) unfit(w *differ, name zone.Name) string {
	found, proxied, foreign := z.liveAt(name)
	cname, aliased := w.cnames[name]
	switch {
	case strings.HasPrefix(string(name), wildcardPrefix):
		return "HTTP-01 cannot validate a wildcard: it needs DNS-01 (RFC 8555, section 8.3)"
	case !z.Proxy && (found || aliased):
		return ""
	case foreign != "":
		return foreign
	case aliased:
		return OfAlias(cname.Data)
	case !found:
		return "it has no live address"
	case zone.MatchAny(z.Desired.Ignore, name, z.Desired.Zone):
		return "the inventory ignores it"
	case proxied && !z.AllowProtected && zone.MatchAny(z.Desired.Protect, name, z.Desired.Zone):
		return "it is protected in the inventory; --allow-protected opens its window"
	}
	return ""
}

// OfAlias is why a name that is a CNAME to target cannot be in a window. A CNAME is
// proxied by itself, whatever it leads to.
func OfAlias(target string) string {
	return "it is a CNAME to " + strings.TrimSuffix(target, ".") + ", and a window is for A and AAAA: where the CNAME itself is proxied, " +
		"a window of its target does not help, but DNS-01 does, or A and AAAA in its place (replace_cname = true in the inventory); " +
		"where it is DNS-only, open the window of its target"
}

// liveAt tells whether the name has an RRset of either family and whether one is
// proxied, and says so where one is none that dnsplan writes.
func (z *WindowZone) liveAt(name zone.Name) (found, proxied bool, foreign string) {
	for _, t := range []zone.Type{zone.A, zone.AAAA} {
		live, ok := z.Live.Find(zone.Key{Name: name, Type: t})
		if ok && live.Foreign != "" && foreign == "" {
			foreign = fmt.Sprintf("its %s RRset is a live %s set, which dnsplan never writes", t, live.Foreign)
		}
		found, proxied = found || ok, proxied || live.Proxied
	}
	return found, proxied, foreign
}

// set adds the change of one RRset, unless it is DNS-only already.
func (b *windowBuilder) set(w *differ, z *WindowZone, live zone.RRset) {
	if !live.Proxied {
		b.seen(w, live)
		return
	}
	before, after := stateOf(live), stateOf(live)
	after.Proxied, after.Auto, after.TTL = false, false, max(windowTTL, z.Desired.MinTTL)
	if !z.Comments {
		w.warn(NoMarker, live.Name, "its provider keeps no comments: only this state folder knows that the proxy is to go on again")
	} else {
		b.room(w, live)
	}
	r := &Record{Key: live.Key}
	if i := slices.IndexFunc(w.d.Records, func(r Record) bool { return r.Key == live.Key }); i >= 0 {
		r = &Record{Key: live.Key, Owner: w.d.Records[i].Owner, Comment: w.d.Records[i].Comment, ACME: w.d.Records[i].ACME}
	}
	c := w.change(r, Proxied, before, after)
	if c.Challenge = z.Challenges[live.Name]; len(c.Challenged()) == 0 {
		c.Challenge = nil
	}
	w.diff.Changes = append(w.diff.Changes, c)
}

// seen tells of a window that a DNS-only RRset says is open: before its deadline
// somebody has it open, who will close it, and behind that it was left.
func (b *windowBuilder) seen(w *differ, live zone.RRset) {
	mark, ok := w.open[live.Name]
	switch {
	case !ok:
	case mark.Until.After(b.now):
		b.held(w.d.Zone, live.Name, fmt.Sprintf("run %s has its window open until %s, as its comment says", mark.Run, mark.Until.Format(time.RFC3339)))
	default:
		w.warn(MarkedOpen, live.Name, fmt.Sprintf("it is DNS-only, and its comment says that run %s has turned the proxy off until %s", mark.Run, mark.Until.Format(time.RFC3339)))
	}
}

// held adds the problem of a marker in a zone, once for both families of a name.
func (b *windowBuilder) held(in, name zone.Name, reason string) {
	if p := (WindowProblem{name, reason, in}); !slices.Contains(b.problems, p) {
		b.problems = append(b.problems, p)
	}
}

// room warns where comments, as they are now, leave none for a marker.
func (b *windowBuilder) room(w *differ, live zone.RRset) {
	for _, m := range MembersOf(live) {
		if _, fits := b.plan.marker(b.now).mark(m.Comment, CommentMax); !fits {
			w.warn(NoMarker, live.Name, fmt.Sprintf("the comment of %s leaves no room for a marker within %d characters: only this state folder knows that the proxy is to go on again", m.Value, CommentMax))
		}
	}
}

// window lays out the one sequence of an issuance window: see Window. It is one
// path for all zones, so that the command is run once, when all are ready.
func (s *steps) window() []Step {
	w, all := s.plan.Window, s.where(func(*Change, course) bool { return true })
	s.add(Step{Kind: StepBackup, Changes: all, Detail: "keep a copy of " + s.zonesOf(all)})
	s.add(Step{Kind: StepPreflight, Changes: all, Detail: "authoritative servers answer"})
	s.add(Step{Kind: StepProxyOff, Changes: all, Detail: "proxied -> DNS-only"})
	s.add(Step{Kind: StepPropagate, Changes: all, Detail: "all authoritative servers give the origin's addresses"})
	if w.Ready > 0 {
		s.add(Step{Kind: StepExpire, Changes: all, Seconds: w.Ready, Detail: "CA-ready: a certificate authority sees the origin, and " + zone.FormatDuration(Margin) + " to be sure"})
	}
	s.probe(all, "")
	s.add(Step{Kind: StepCommand, Changes: all, Detail: w.does()})
	s.add(Step{Kind: StepProxyOn, Changes: all, Detail: "DNS-only -> proxied"})
	s.add(Step{Kind: StepVerify, Changes: all, Detail: "authoritative servers give the proxy's addresses"})
	s.certified()
	return s.out
}

// opens tells whether the change turns the proxy off. Where a step turns it on as
// well, that step closes an issuance window.
func (c *Change) opens() bool {
	return c.Action == Proxied && c.Before != nil && c.After != nil && c.Before.Proxied && !c.After.Proxied
}

// does says what the window is open for.
func (w *Window) does() string {
	if w.Hook {
		return "wait until the window is told to close"
	}
	return "run " + w.Command
}
