package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
)

// tlsChecks are the rows of the table about certificates.
func tlsChecks() []check {
	return []check{
		{"T-CERT", Error, "clients take the certificate of each address", checkCertificate},
		{"T-RENEW", Warning, "no renewal falls into a change", checkRenewal},
		{"T-AUTHZ", Warning, "what was issued was validated at the addresses of today", checkAuthorization},
	}
}

// minute is a time to the minute, in UTC.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// atTLS is the address with the port of certificates.
func (e *examination) atTLS(a netip.Addr) string {
	return netip.AddrPortFrom(a, uint16(e.opts.HTTPSPort)).String() //nolint:gosec // G115: a port, checked by the inventory
}

// checkCertificate is T-CERT.
func checkCertificate(ctx context.Context, e *examination) []Finding {
	all := e.certificates(ctx)
	var better *certificate
	if i := slices.IndexFunc(all, certificate.good); i >= 0 {
		better = &all[i]
	}
	seen := e.elsewhere(ctx)
	var out []Finding
	for _, c := range all {
		if !c.found && !c.wanted {
			continue
		}
		if !c.good() {
			c.lender = c.lenderOf(e.lends(ctx, better), seen)
		}
		f := e.atEdge(ctx, c, e.judgeCertificate(c, better))
		if f.Outcome == Fail && e.astray(c.target) {
			f = f.because(expectation(c.addr))
		}
		out = append(out, f)
	}
	return e.gathered(out, "clients take the certificate")
}

// judgeCertificate judges what one address serves; better is one of another
// address that clients take, or nil.
func (e *examination) judgeCertificate(c certificate, better *certificate) Finding {
	at := e.atTLS(c.addr)
	until := e.underWay()
	switch why := c.doubt(); {
	case why != "":
		return c.doubted(at, why)
	case c.good() && c.Leaf().NotAfter.Before(until): // zero is before all
		return failed(c.saysTLS(), "%s serves a certificate for %s that ends on %s, and the change goes on until %s", at, e.subject.Name.Display(), minute(c.Leaf().NotAfter), minute(until)).with(e.renew(c, "")...)
	case c.good():
		return passed(c.saysTLS(), "of %s at %s, until %s", c.issuer(), at, cert.Moment(c.Leaf(), c.Leaf().NotAfter))
	case c.Err == nil:
		return failed(c.saysTLS(), "%s serves %s a certificate that clients refuse: %s", at, e.subject.Name.Display(), c.flaws[0].Text).with(e.mendTLS(c)...)
	case better == nil: // nobody has one yet, so nobody loses it
		return failed(c.saysTLS(), "%s serves no certificate for %s: %s", at, e.subject.Name.Display(), c.why()).at(Warning).with(e.mendTLS(c)...)
	}
	return failed(c.saysTLS(), "%s serves no certificate for %s, and %s does: %s", at, e.subject.Name.Display(), e.atTLS(better.addr), c.why()).with(e.mendTLS(c)...)
}

// mendTLS has an address serve a certificate that clients take. nginx starts with no
// server whose certificate is not there yet, so that comes first.
func (e *examination) mendTLS(c certificate) []Remedy {
	out := e.getCertificate(c)
	if c.Err == nil {
		return out
	}
	port, name := e.opts.HTTPSPort, e.subject.Name.Display()
	switch c.Err.Kind {
	case cert.Refused, cert.Reset, cert.NotTLS, cert.Alert:
		live := "/etc/letsencrypt/live/" + name
		out = append(out, Remedy{
			Do:    fmt.Sprintf("Then have the web server at %s speak TLS for the name. For nginx, in the server of %s, and then nginx -t:", c.addr, name),
			Paste: fmt.Sprintf("listen %d ssl;\nssl_certificate %s/fullchain.pem;\nssl_certificate_key %s/privkey.pem;", port, live, live),
		})
	case cert.Timeout, cert.Unreachable:
		out = slices.Insert(out, 0, Remedy{Do: fmt.Sprintf("Open the port in the firewall of %s:", c.addr), Paste: fmt.Sprintf("ufw allow %d/tcp", port)})
	}
	return out
}

// lender is an address whose certificates another one can have.
type lender struct {
	addr netip.Addr
	// when says when they are to be copied, behind "to 192.0.2.2"; mostly empty.
	when string
}

// lenderOf is where a certificate of the address can be had without an order: from
// one of another address that clients take or, in a view that the authority does not
// see, from where it sees the name; nil where there is none.
func (c certificate) lenderOf(better *certificate, seen []netip.Addr) *lender {
	switch {
	case slices.Contains(seen, c.addr):
		return nil
	case len(seen) > 0:
		return &lender{seen[0], ", and again when they are renewed, because the authority does not see this one"}
	case better == nil || better.addr == c.addr:
		return nil
	case c.wanted && !c.found:
		return &lender{better.addr, " before the name moves"}
	}
	return &lender{better.addr, ""}
}

// getCertificate brings a better certificate to the server, or mends how it shows
// the one that it has.
func (e *examination) getCertificate(c certificate) []Remedy {
	name, w := e.subject.Name.Display(), serverCalled(c.Header.Get("Server"))
	for _, p := range c.flaws {
		switch p.Flaw {
		case cert.Incomplete:
			return []Remedy{{Do: fmt.Sprintf("Have the server at %s send the whole chain. For %s:", c.addr, w), Paste: w.wholeChain(name)}}
		case cert.OldTLS:
			return []Remedy{{Do: fmt.Sprintf("Have the server at %s speak a TLS of today. For %s:", c.addr, w), Paste: w.versionsOfTLS()}}
		case cert.NotYet:
			return []Remedy{{Do: "See that the clocks are right, here and there:", Paste: "timedatectl"}}
		}
	}
	if from := c.lender; from != nil {
		return []Remedy{{
			Do:    fmt.Sprintf("Copy the certificates from %s to %s%s; for those of certbot:", from.addr, c.addr, from.when),
			Paste: fmt.Sprintf("ssh root@%s tar -C /etc -cz letsencrypt | ssh root@%s tar -C /etc -xz", from.addr, c.addr),
		}}
	}
	return []Remedy{e.issue(c)}
}

// issue is to have a certificate issued by certbot: one for all names of that which is
// served, if for this one as well, for certbot puts what is for others beside it, where
// no web server reads it. What is served already is read again when that is told to.
func (e *examination) issue(c certificate) Remedy {
	webroot, _ := webrootOf(e.client().Planter)
	do := fmt.Sprintf("Have one issued on the machine of %s, once the other findings are put right", c.addr)
	names, how, reload := []string{e.subject.Name.Display()}, "", ""
	if c.Leaf() != nil {
		w := serverCalled(c.Header.Get("Server"))
		do += fmt.Sprintf(", and its web server read it, here %s", w)
		how, reload = " --force-renewal", "\n"+w.reload()
		switch old := c.renewable(); {
		case old != nil && c.flawed(cert.WrongName):
			how, names = " --expand", append(slices.Clone(old), names...)
		case old != nil:
			names = old
		}
	}
	return Remedy{Do: do + ":", Paste: "certbot certonly --webroot --webroot-path " + inShell(webroot) + how + " -d " + strings.Join(names, " -d ") + reload}
}

// renewable are the names of a certificate that another one, perhaps for the name as
// well, can take the place of; nil where there is something else wrong with it, or
// HTTP-01 cannot prove all of them.
func (c certificate) renewable() []string {
	for _, p := range c.flaws {
		if p.Flaw != cert.WrongName && p.Flaw != cert.Expired && p.Flaw != cert.Staging {
			return nil
		}
	}
	for _, text := range c.Leaf().DNSNames {
		if n, err := zone.ParseName(text); err != nil || n.IsWildcard() || n.Display() != text || strings.ContainsFunc(text, oddInHost) {
			return nil
		}
	}
	return c.Leaf().DNSNames
}

// flawed tells whether a certificate has a flaw.
func (c certificate) flawed(f cert.Flaw) bool {
	return slices.ContainsFunc(c.flaws, func(p cert.Problem) bool { return p.Flaw == f })
}

// oddInHost tells what a host's name never holds: what a server shows is not to get
// into a command.
func oddInHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
}

// underWay is until when a run changes the name, or caches remember what one has
// changed; zero where nothing is under way.
func (e *examination) underWay() (until time.Time) {
	now := e.opts.Now()
	for _, p := range e.subject.Pending {
		end := p.Until
		if p.Run != "" && end.Before(now) {
			end = now // it has not ended, and may end at once
		}
		if !end.Before(now) && end.After(until) {
			until = end
		}
	}
	return until
}
