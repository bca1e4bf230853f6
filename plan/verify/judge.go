package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// Want is the RRset that servers should answer with.
type Want struct {
	zone.Key
	// Values are in ascending order; empty when the RRset should not exist.
	Values []netip.Addr
	// TTL is the highest TTL that counts as right; 0 is any. An authoritative
	// server gives the RRset's own TTL, a resolver what is left of it.
	TTL zone.TTL
	// Exact says that a lower TTL is wrong too, as with an authoritative
	// server that has not taken a raised one.
	Exact bool
	// Proxied says that a CDN answers in place of Values, so that any address
	// is right.
	Proxied bool
	// Any says that any definite answer is right, as for a deleted name that a
	// wildcard answers for (RFC 4592).
	Any bool
	// Not are values that are wrong although Proxied or Any would let them
	// pass: those of the RRset that was there before. NotTTL, where it is not
	// 0, must match too: it tells that RRset from a wildcard with its values.
	Not    []netip.Addr
	NotTTL zone.TTL
	// Or is right too; nil is nothing. It has no Or of its own.
	Or *Want
}

// Verdict is what one answer says about one Want.
type Verdict string

// The verdicts.
const (
	// Agrees: the answer is the wanted one.
	Agrees Verdict = "ok"
	// ByProxy: the RRset is proxied and some address came back.
	ByProxy Verdict = "proxied"
	// OldTTL: the values are right, the TTL is not the wanted one.
	OldTTL Verdict = "ttl"
	// Differs: other values came back.
	Differs Verdict = "differs"
	// Missing: the RRset should exist and does not (NXDOMAIN or no data).
	Missing Verdict = "missing"
	// Present: the RRset should not exist and does.
	Present Verdict = "present"
	// Silent: no reply came.
	Silent Verdict = "silent"
	// Failing: a reply came that holds no answer (SERVFAIL, REFUSED, garbage,
	// a server that is not authoritative).
	Failing Verdict = "failing"
)

// Good tells whether the answer is as wanted.
func (v Verdict) Good() bool { return v == Agrees || v == ByProxy }

// Stale tells whether a server still holds something else than what is wanted,
// as one does that has not forgotten.
func (v Verdict) Stale() bool {
	return v == OldTTL || v == Differs || v == Missing || v == Present
}

// Line is one server's answer for one RRset, judged: a row of what
// `dnsplan verify` shows.
type Line struct {
	// Server is the server's name, Address where it was asked.
	Server  string `json:"server"`
	Address string `json:"address"`
	// Resolver tells a recursive resolver from an authoritative server.
	Resolver bool         `json:"resolver"`
	Name     zone.Name    `json:"name"`
	Type     zone.Type    `json:"type"`
	Verdict  Verdict      `json:"verdict"`
	Status   string       `json:"status"`
	Values   []netip.Addr `json:"values"`
	// TTL is the RRset's, or what a resolver has left of it, in seconds.
	TTL zone.TTL `json:"ttl"`
	// Detail says more, for people; may be empty.
	Detail string        `json:"detail,omitempty"`
	RTT    time.Duration `json:"rtt_ns"`
	At     time.Time     `json:"at"`
}

// Judge compares one answer with what is wanted.
func Judge(w Want, a resolver.Answer) Line {
	l := Line{
		Server: a.Server.Name, Address: bare(a.Server), Resolver: a.Recurse, Name: w.Name, Type: w.Type,
		Status: a.Status.String(), Values: append([]netip.Addr{}, a.Addrs...), TTL: a.TTL, RTT: a.RTT, At: a.At,
	}
	if l.Server == "" {
		l.Server = l.Address
	}
	l.Verdict = verdict(w, a)
	l.Detail = detail(w, a, l.Verdict)
	return l
}

// bare is the server's address without its name.
func bare(s resolver.Server) string {
	s.Name = ""
	return s.String()
}

// Who names the server for people: "google (8.8.8.8:53)", or the address alone.
func (l Line) Who() string {
	if l.Server == l.Address {
		return l.Address
	}
	return l.Server + " (" + l.Address + ")"
}

func verdict(w Want, a resolver.Answer) Verdict {
	switch a.Status {
	case resolver.Answered:
		return answered(w, a)
	case resolver.NoData, resolver.NXDomain:
		if len(w.Values) == 0 || w.Any {
			return Agrees
		}
		return Missing
	case resolver.Timeout, resolver.NoRoute, resolver.ConnRefused, resolver.Broken, resolver.Cancelled:
		return Silent
	}
	return Failing
}

func answered(w Want, a resolver.Answer) Verdict {
	if w.Or != nil && answered(*w.Or, a).Good() {
		return Agrees
	}
	switch {
	case w.stillOld(a):
		return Differs
	case w.Any:
		return Agrees
	case len(w.Values) == 0:
		return Present
	case w.Proxied:
		return ByProxy
	case !slices.Equal(w.Values, a.Addrs), !a.Recurse && len(a.CNAME) > 0:
		return Differs // an authoritative server that has the RRset gives no alias
	case w.TTL != 0 && (a.TTL > w.TTL || w.Exact && a.TTL != w.TTL):
		return OldTTL
	}
	return Agrees
}

// stillOld tells whether the answer is the RRset that was there before, where
// others are right.
func (w Want) stillOld(a resolver.Answer) bool {
	return len(w.Not) > 0 && len(a.CNAME) == 0 && slices.Equal(w.Not, a.Addrs) && (w.NotTTL == 0 || w.NotTTL == a.TTL)
}

func detail(w Want, a resolver.Answer, v Verdict) string {
	var parts []string
	if v == OldTTL {
		parts = append(parts, fmt.Sprintf("TTL %d, want %d", a.TTL, w.TTL))
	}
	if len(a.CNAME) > 0 {
		parts = append(parts, "by CNAME "+a.CNAME[len(a.CNAME)-1].Display())
	}
	if a.EDE != "" {
		parts = append(parts, a.EDE)
	}
	if a.Err != nil && (v == Silent || v == Failing) {
		parts = append(parts, a.Err.Error())
	}
	return strings.Join(parts, "; ")
}
