package acme

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/mpic"
)

// fetched is what an address has answered.
type fetched struct {
	target
	http01.Result
}

// answered tells whether the address itself has answered in HTTP.
func answered(f fetched) bool { return len(f.Hops) > 0 && f.Hops[0].Status != 0 }

// wantsTLS tells whether the address wants TLS in place of HTTP, and says so in either.
func wantsTLS(f fetched) bool {
	return len(f.Hops) == 1 && f.Err != nil && f.Err.Kind == http01.TLSOnHTTP
}

// unreached tells whether no connection to the address itself was made.
func unreached(f fetched) bool {
	if len(f.Hops) != 1 || f.Err == nil {
		return false
	}
	switch f.Err.Kind {
	case http01.ConnectRefused, http01.ConnectTimeout, http01.ConnectReset, http01.HostUnreachable:
		return true
	}
	return false
}

// decisive are those fetches that decide whether a certificate can be issued, now, by
// another name server, or once the wanted addresses are there.
func decisive(all []fetched) []fetched {
	return filter(all, func(f fetched) bool { return f.found || f.given || f.wanted })
}

// doubt says why a fetch does not show what an authority would find; empty where
// it does.
func (e *examination) doubt(f fetched) string {
	if f.Err == nil {
		return ""
	}
	switch f.Err.Kind {
	case http01.BadHost: // as a wildcard
		return reason(f.Err)
	case http01.Cancelled:
		return "it was interrupted"
	case http01.NoRoute:
		return fmt.Sprintf("this machine has no way to %s", f.Last().Used)
	case http01.ConnectFailed:
		return fmt.Sprintf("this machine cannot connect: %s", reason(f.Err))
	case http01.NoAddress:
		if len(f.Hops) == 1 && len(f.Hops[0].Dropped) > 0 {
			return "no public authority connects to a reserved address, and it was not asked (allow_reserved in [check] permits it)"
		}
	case http01.LookupFailed:
		switch {
		case !f.Unresolved():
		case len(e.subject.Zone.Resolvers) == 0:
			return fmt.Sprintf("no [[verify.resolver]] looks up where %s leads", clipped(f.Err.URL))
		default:
			return fmt.Sprintf("nobody who was asked says where %s leads: %s", clipped(f.Err.URL), reason(f.Err))
		}
	}
	return ""
}

// spared tells whether an authority as Let's Encrypt's turns to IPv4 in time: the
// IPv6 address cannot be connected to, and an IPv4 address answers.
func spared(f fetched, all []fetched) bool {
	return f.addr.Is6() && unreached(f) && slices.ContainsFunc(all, func(o fetched) bool {
		return o.addr.Is4() && (o.found || !f.found) && answered(o)
	})
}

// graded is a finding about an address that failed. One that Let's Encrypt spares is
// a warning where that is to issue: others need not turn to IPv4.
func (e *examination) graded(x Finding, f fetched, all []fetched) Finding {
	if !spared(f, all) {
		return x
	}
	x.Summary += "; Let's Encrypt turns to IPv4 then, others may not"
	if strings.HasPrefix(e.opts.Issuer.Name, mpic.LetsEncrypt) { // or its staging environment
		return x.at(Warning)
	}
	return x
}

// at is the address with the challenge's port.
func (e *examination) at(a netip.Addr) string {
	return netip.AddrPortFrom(a, uint16(e.opts.HTTPPort)).String() //nolint:gosec // G115: a port, checked by the inventory
}

// place is the address, and what it is to the name where that is not plain.
func (e *examination) place(t target) string {
	switch {
	case t.wanted && !t.found && !t.given:
		return e.at(t.addr) + " (wanted, not answered by the DNS)"
	case t.given && !t.found:
		return e.at(t.addr) + " (not answered by every name server)"
	case e.astray(t):
		return e.at(t.addr) + " (not wanted, still answered by the DNS)"
	}
	return e.at(t.addr)
}

// hops are the requests of a fetch with their answers.
func hops(f fetched) (out []Asked) {
	for i, h := range f.Hops {
		a := Asked{Who: "GET " + h.URL, Said: status(h)}
		if h.Used.IsValid() {
			a.Who += " at " + netip.AddrPortFrom(h.Used, h.Port).String()
		}
		if i == len(f.Hops)-1 && f.Err != nil {
			a.Said = strings.TrimPrefix(a.Said+"; "+reason(f.Err), "; ")
		}
		out = append(out, a)
	}
	return out
}

// status reads "301 to https://www.example.org/ (nginx)"; empty without an answer.
func status(h http01.Hop) string {
	if h.Status == 0 {
		return ""
	}
	out := fmt.Sprint(h.Status)
	if h.Location != "" {
		out += " to " + clipped(h.Location)
	}
	if s := h.Header.Get("Server"); s != "" {
		out += " (" + clipped(s) + ")"
	}
	return out
}

// reason is an error without what the reader knows already.
func reason(err *http01.Error) string {
	switch {
	case err == nil:
		return "it answers"
	case err.Cause == nil:
		return string(err.Kind)
	}
	return strings.ReplaceAll(err.Cause.Error(), "\n", "; ")
}
