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
	// Certificates are what the addresses behind the proxies served when the plan
	// was made, as far as they were asked: whether something was issued is judged by
	// what they serve behind the command.
	Certificates []OriginCertificate `json:"certificates,omitempty"`
}

// WindowZone is one zone of an issuance window.
type WindowZone struct {
	// Desired says where the zone is and what its provider takes. Of its Records
	// only what they say of owners and comments is used.
	Desired *Desired
	Live    *zone.Snapshot
	// Names are the owner names of the zone whose proxy goes off.
	Names []zone.Name
	// Proxy and Comments are the provider's limits of these names.
	Proxy, Comments bool
	// AllowProtected opens the window of a protected name too (--allow-protected).
	AllowProtected bool
	// Challenges are what the addresses behind the proxy of a name are asked before
	// the command; a name that has none is not asked.
	Challenges map[zone.Name]*Challenge
}

// CommentMax is how long a comment may be with a marker, in characters: Cloudflare's
// free plans take no longer one
// (https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/).
const CommentMax = 100

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
	// MarkedOpen: a record says that another window was left open.
	MarkedOpen = "marked-open"
)

// WindowError is an issuance window that cannot be opened: every reason, before
// anything is written.
type WindowError struct{ Problems []WindowProblem }

// WindowProblem is why one name cannot be in a window.
type WindowProblem struct {
	Name   zone.Name
	Reason string
	// Marked is the zone whose record says that somebody has its window open; empty
	// where it is another reason.
	Marked zone.Name
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
// off already stays as it is; where nothing is proxied the plan is empty. Markers
// are no part of it: they tell the deadline, which counts from the opening, and stand
// beside comments as they are by then (MarkedMove). Names in
// w are set here, and of policy the time-out, and what goes into the change log,
// are used. The error is a *WindowError about names, or another one about w.
//
//	live at the name    result
//	proxied             proxy off at the lowest TTL, and on again
//	DNS-only            nothing; so is every name at a provider without a proxy
//	DNS-only, a marker  an error until the marker's time, then a warning
//	foreign, no address an error
//	protected, proxied  an error, without AllowProtected
func BuildWindow(zones []WindowZone, w Window, policy Policy, o Origin) (*Plan, error) {
	w.Names = nil
	made := Plan{ID: o.ID, Created: o.Created.UTC().Truncate(time.Second), Window: &w}
	b := windowBuilder{plan: &made, now: o.Created}
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
