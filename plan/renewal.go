package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Renewal is when the certificate is due that a live address of a name serves.
type Renewal struct {
	Name zone.Name
	// Addr served it.
	Addr netip.Addr
	// From is when clients begin to renew it.
	From time.Time
	// NotAfter is when it expires.
	NotAfter time.Time
	// ByAuthority says that the authority gave the time (RFC 9773); else it follows
	// from the certificate's life.
	ByAuthority bool
}

// Signing is when the first signature ends that an RRset of a zone has (RFC 4034,
// section 3.1.5), unless somebody signs it again.
type Signing struct {
	Zone zone.Name
	Ends time.Time
}

// The codes of warnings about certificates.
const (
	// ACMENotChecked: whether challenges are answered at a new address is not asked.
	ACMENotChecked = "acme-not-checked"
	// ACMEBridge: the old server has to pass challenges on for a while.
	ACMEBridge = "acme-bridge"
	// RenewalInChange: a certificate is due for renewal while the change goes on.
	RenewalInChange = "renewal-in-change"
	// SignaturesEnd: a zone's DNSSEC signatures end while the change goes on.
	SignaturesEnd = "signatures-end"
	// CachedAuthorization: a renewal may succeed without being validated anew.
	CachedAuthorization = "cached-authorization"
)

// warnAboutACME says what a person has to know of the certificates of names that
// move, where the policy knows the authority that issues. What takes back or goes on
// with a run has said it once.
func (p *Plan) warnAboutACME(diffs []ZoneDiff, o Origin) {
	if p.Policy.Authority == nil || p.Window != nil || p.RollbackOf+p.ResumeOf+p.RestoreOf != "" {
		return
	}
	var unasked []zone.Name
	for i := range diffs {
		unasked = append(unasked, diffs[i].Unasked...)
	}
	p.warnNames(ACMENotChecked, unasked, "whether the new server of %s answers challenges is not checked: its address is reserved, and no public authority connects to it (allow_reserved in [check] permits it)")
	if p.Policy.NoACMECheck {
		p.warnNames(ACMENotChecked, p.moving(), "whether the new server of %s answers challenges is not checked: so --no-acme-check says")
	}
	p.warnBridges()
	p.warnRenewals(o.Renewals)
	p.warnSignings(o.Signings)
	p.warnNames(CachedAuthorization, p.moving(Update), "a renewal of %s soon behind the change may succeed by an authorization from before it, which an authority uses again for up to 30 days, and prove nothing: rehearse it with dnsplan rehearse, or certbot renew --dry-run, once the authority is ready")
}

// moving are the names that get new addresses and are validated there, each once.
// Actions limits it to changes of these.
func (p *Plan) moving(actions ...Action) (out []zone.Name) {
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.moves() && (len(actions) == 0 || slices.Contains(actions, c.Action)) {
			out = append(out, c.Name)
		}
	}
	return slices.Compact(out)
}

// warnNames adds one warning about all of names, if there are any. Format takes
// their list; what is about one name alone is about "the name".
func (p *Plan) warnNames(code string, names []zone.Name, format string) {
	if len(names) == 0 {
		return
	}
	w := Warning{Code: code, Message: fmt.Sprintf(format, listed(names))}
	if len(names) == 1 {
		w.Name, w.Message = string(names[0]), fmt.Sprintf(format, "the name")
	}
	p.Warnings = append(p.Warnings, w)
}

// listed names some of names and counts the rest: "a.example.org, b.example.org and
// 7 more names".
func listed(names []zone.Name) string {
	const most = 3
	var words []string
	for _, n := range names[:min(len(names), most)] {
		words = append(words, n.Display())
	}
	switch more := len(names) - most; {
	case more == 1:
		return strings.Join(words, ", ") + " and 1 more name"
	case more > 1:
		return fmt.Sprintf("%s and %d more names", strings.Join(words, ", "), more)
	case len(words) > 1:
		last := len(words) - 1
		return strings.Join(words[:last], ", ") + " and " + words[last]
	}
	return words[0]
}

// warnBridges says, for each server that names leave, what it has to do until all
// caches have forgotten it.
func (p *Plan) warnBridges() {
	type bridge struct{ from, to netip.Addr }
	var order []bridge
	names, ports := map[bridge][]zone.Name{}, map[bridge]uint16{}
	for i := range p.Changes {
		c := &p.Changes[i]
		if !c.moves() || len(c.Remove) == 0 || c.Before.Proxied {
			continue
		}
		b := bridge{c.Remove[0], c.Add[0]}
		if names[b] == nil {
			order = append(order, b)
		}
		names[b] = append(names[b], c.Name)
		if c.Challenge != nil {
			ports[b] = c.Challenge.Port
		}
	}
	for _, b := range order {
		p.warnNames(ACMEBridge, names[b], fmt.Sprintf(
			"until every cache has forgotten %[1]s, an authority may ask it for the challenges of %%s: have it pass them on to %[2]s, as nginx does by:\nlocation ^~ /.well-known/acme-challenge/ {\n    proxy_pass http://%[3]s;\n    proxy_set_header Host $host;\n}",
			b.from, b.to, hostPort(b.to, ports[b])))
	}
}

// hostPort is the address as a URL has it, with the port where it is not HTTP's.
func hostPort(a netip.Addr, port uint16) string {
	switch {
	case port != 0 && port != 80:
		return netip.AddrPortFrom(a, port).String()
	case a.Is6():
		return "[" + a.String() + "]"
	}
	return a.String()
}

// warnRenewals warns of certificates that are due before the change is over.
func (p *Plan) warnRenewals(renewals []Renewal) {
	moving := map[zone.Name]bool{}
	for _, n := range p.moving() {
		moving[n] = true
	}
	end := p.end()
	for _, r := range renewals {
		if !moving[r.Name] || r.From.After(end) {
			continue
		}
		p.Warnings = append(p.Warnings, Warning{Code: RenewalInChange, Name: string(r.Name), Message: r.due(p.Created, end)})
	}
}

// end is when the change is over at the earliest.
func (p *Plan) end() time.Time { return p.Created.Add(time.Duration(p.Summary.Duration) * time.Second) }

// warnSignings warns of signatures that end before the change is over.
func (p *Plan) warnSignings(signings []Signing) {
	end := p.end()
	for _, s := range signings {
		if s.Ends.After(end) {
			continue
		}
		p.Warnings = append(p.Warnings, Warning{Code: SignaturesEnd, Name: string(s.Zone), Message: fmt.Sprintf(
			"the DNSSEC signatures of the zone end on %s, and the change takes until %s at least; without new ones resolvers refuse its names, and so must every authority: have it signed again before the change begins, as BIND does by rndc sign %s",
			inUTC(s.Ends), inUTC(end), s.Zone.Display())})
	}
}

// inUTC is a moment as these warnings have it.
func inUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// due says when the renewal falls, and what to do about it.
func (r *Renewal) due(begin, end time.Time) string {
	by := "by its life"
	if r.ByAuthority {
		by = "its authority says so"
	}
	when := "is due for renewal from " + inUTC(r.From)
	if !r.From.After(begin) {
		when = "has been due for renewal since " + inUTC(r.From)
	}
	return fmt.Sprintf("the certificate that %s serves %s (%s), and the change takes until %s at least: renew it before the change begins; it expires on %s",
		r.Addr, when, by, inUTC(end), inUTC(r.NotAfter))
}
