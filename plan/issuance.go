package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Window makes a plan that of an issuance window: the proxy of its names is off
// while a certificate is issued, and on again behind it. Its changes say what is
// live in between; each of them is taken back by the plan itself.
//
// It has nothing to do with change windows (package window), and its run does not
// keep to them: the proxy must be on again at any time.
type Window struct {
	// Names are the owner names, in order, each once; those that were DNS-only
	// already too.
	Names []zone.Name `json:"names"`
	// Deadline is how many seconds the proxy may stay off, from the moment the
	// write that turns it off is begun. The command is ended then.
	Deadline int64 `json:"deadline_seconds"`
	// Ready is how many seconds a certificate authority may go on to see the
	// proxy, once all authoritative servers give the origin's addresses.
	Ready int64 `json:"ready_seconds"`
	// Command is the base name of the program that is run, without its folder and
	// its arguments, which may hold secrets; empty with Hook.
	Command string `json:"command,omitempty"`
	// Hook says that no command is run: the window stays open until it is told to
	// close, or until its deadline.
	Hook bool `json:"hook,omitempty"`
	// Always says that the window was wanted although a token passed through the
	// proxy.
	Always bool `json:"always,omitempty"`
}

// WindowZone is one zone of an issuance window.
type WindowZone struct {
	// Desired says where the zone is and what its provider takes. Of its Records
	// only what they say of owners and comments is used.
	Desired *Desired
	Live    *zone.Snapshot
	// Names are the owner names of the zone whose proxy goes off.
	Names []zone.Name
	// Proxy and Comments are the provider's limits of these names, and CommentMax
	// how many characters a comment may have; 0 is DefaultCommentMax.
	Proxy, Comments bool
	CommentMax      int
}

// DefaultCommentMax is how long a comment may be where the provider does not say,
// in characters: Cloudflare's free plans take no longer one
// (https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/).
const DefaultCommentMax = 100

// wildcardPrefix begins a wildcard (RFC 4592).
const wildcardPrefix = "*."

// windowTTL is the TTL of a name whose proxy is off for a while: the lowest that
// most providers take.
const windowTTL zone.TTL = 60

// The codes of a window's warnings.
const (
	// NoMarker: the record itself does not say that its proxy is to go on again, so
	// that only the state folder knows.
	NoMarker = "no-marker"
	// MarkedOpen: a record says that another window is, or was left, open.
	MarkedOpen = "marked-open"
)

// WindowError is an issuance window that cannot be opened: every reason, before
// anything is written.
type WindowError struct{ Problems []WindowProblem }

// WindowProblem is why one name cannot be in a window.
type WindowProblem struct {
	Name   zone.Name
	Reason string
}

// Error names each name with its reason, in the order of the names.
func (e *WindowError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Name.Display() + ": " + p.Reason
	}
	return "no issuance window: " + strings.Join(lines, "; ")
}

// BuildWindow makes the plan of an issuance window over names of zones. What is
// off already stays as it is; where nothing is proxied the plan is empty. Names in
// w are set here, and of policy the time-out, and what goes into the change log,
// are used. The error is a *WindowError about names, or another one about w.
//
//	live at the name    result
//	proxied             proxy off at the lowest TTL, and on again
//	DNS-only            nothing
//	foreign, no address an error
func BuildWindow(zones []WindowZone, w Window, policy Policy, o Origin) (*Plan, error) {
	w.Names = nil
	made := Plan{ID: o.ID, Created: o.Created.UTC().Truncate(time.Second), Window: &w}
	b := windowBuilder{marker: made.marker()}
	diffs := make([]ZoneDiff, len(zones))
	for i := range zones {
		w.Names = append(w.Names, zones[i].Names...)
		diffs[i] = b.zone(&zones[i])
	}
	slices.SortFunc(w.Names, zone.CompareNames)
	w.Names = slices.Compact(w.Names)
	if len(b.problems) > 0 {
		return nil, &WindowError{b.problems}
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("issuance window: %w", err)
	}
	return assemble(diffs, policy.ofWindow(), o, &w), nil
}

// ofWindow is the policy as a window has it: it waits for no cache but that of the
// certificate authority, and for no change window.
func (o Policy) ofWindow() Policy {
	return Policy{Strategy: Staged, Require: "all", Timeout: o.Timeout, Resolvers: []Resolver{}, Reason: o.Reason, Ticket: o.Ticket, By: o.By}
}

// check tells what is wrong with a window apart from its names.
func (w *Window) check() error {
	switch {
	case len(w.Names) == 0:
		return errors.New("no names")
	case w.Deadline <= 0 || !bounded(w.Deadline):
		return fmt.Errorf("a deadline of %d seconds", w.Deadline)
	case w.Ready < 0 || w.Ready >= w.Deadline:
		return fmt.Errorf("a certificate authority may see the proxy for %d seconds, and the deadline is %d seconds", w.Ready, w.Deadline)
	case w.Hook != (w.Command == ""):
		return errors.New("it has a command or a hook, and one of them alone")
	case strings.Contains(w.Command, "/") || strings.ContainsFunc(w.Command, unicode.IsControl):
		return fmt.Errorf("the command %q is not the name of a program alone", w.Command)
	}
	return nil
}

type windowBuilder struct {
	marker   Marker
	problems []WindowProblem
}

// zone is what the window changes in a zone.
func (b *windowBuilder) zone(z *WindowZone) ZoneDiff {
	w := newDiffer(z.Desired, z.Live, Selection{})
	names := slices.SortedFunc(slices.Values(z.Names), zone.CompareNames)
	for _, name := range slices.Compact(names) {
		if reason := z.unfit(w, name); reason != "" {
			b.problems = append(b.problems, WindowProblem{name, reason})
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

// unfit says why the name cannot be in a window; empty where it can.
func (z *WindowZone) unfit(w *differ, name zone.Name) string {
	found := ""
	for _, t := range []zone.Type{zone.A, zone.AAAA} {
		live, ok := z.Live.Find(zone.Key{Name: name, Type: t})
		if ok && live.Foreign != "" {
			return fmt.Sprintf("its %s RRset is a live %s set, which dnsplan never writes", t, live.Foreign)
		}
		if ok {
			found += t.String()
		}
	}
	cname, aliased := w.cnames[name]
	switch {
	case strings.HasPrefix(string(name), wildcardPrefix):
		return "HTTP-01 cannot validate a wildcard: it needs DNS-01 (RFC 8555, section 8.3)"
	case !z.Proxy:
		return fmt.Sprintf("its provider %q has no proxy to turn off: run the command without a window", z.Desired.Provider)
	case aliased:
		return "it is a CNAME to " + cname.Data + ": open the window of the name that has the addresses"
	case found == "":
		return "it has no live address"
	case zone.MatchAny(z.Desired.Ignore, name, z.Desired.Zone):
		return "the inventory ignores it"
	}
	return ""
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
		before.Members, after.Members = membersOf(live), b.marked(w, z, live)
		if !before.RRset(live.Key).HasBeside() && !after.RRset(live.Key).HasBeside() {
			before.Members, after.Members = nil, nil
		}
	}
	r := &Record{Key: live.Key}
	if i := slices.IndexFunc(w.d.Records, func(r Record) bool { return r.Key == live.Key }); i >= 0 {
		r = &Record{Key: live.Key, Owner: w.d.Records[i].Owner, Comment: w.d.Records[i].Comment, ACME: w.d.Records[i].ACME}
	}
	w.diff.Changes = append(w.diff.Changes, w.change(r, Proxied, before, after))
}

// seen tells of a window that a DNS-only RRset says is open.
func (b *windowBuilder) seen(w *differ, live zone.RRset) {
	for _, m := range live.Members {
		if mark, _, ok := ParseMarker(m.Comment); ok {
			w.warn(MarkedOpen, live.Name, fmt.Sprintf("it is DNS-only, and its comment says that run %s has turned the proxy off until %s", mark.Run, mark.Until.Format(time.RFC3339)))
			return
		}
	}
}

// marked are the comments and tags while the window is open. A marker that an
// earlier window has left gives way.
func (b *windowBuilder) marked(w *differ, z *WindowZone, live zone.RRset) []Member {
	limit := z.CommentMax
	if limit == 0 {
		limit = DefaultCommentMax
	}
	out := membersOf(live)
	for i := range out {
		_, original, _ := ParseMarker(out[i].Comment)
		text, fits := b.marker.Append(original, limit)
		if fits {
			out[i].Comment = text
			continue
		}
		w.warn(NoMarker, live.Name, fmt.Sprintf("the comment of %s leaves no room for a marker within %d characters: only this state folder knows that the proxy is to go on again", out[i].Value, limit))
	}
	return out
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
		s.add(Step{Kind: StepExpire, Changes: all, Seconds: w.Ready, Detail: "CA-ready: a certificate authority sees the origin"})
	}
	s.add(Step{Kind: StepCommand, Changes: all, Detail: w.does()})
	s.add(Step{Kind: StepProxyOn, Changes: all, Detail: "DNS-only -> proxied"})
	s.add(Step{Kind: StepVerify, Changes: all, Detail: "authoritative servers give the proxy's addresses"})
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
