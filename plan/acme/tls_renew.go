package acme

import (
	"context"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/cert"
)

// checkRenewal is T-RENEW. Behind a CDN, which renews by itself what it shows, it is
// about the certificate of the server there.
func checkRenewal(ctx context.Context, e *examination) []Finding {
	t, v, edged := e.front(ctx)
	c, ok := e.inUse(ctx)
	if !ok {
		return []Finding{e.noCertificate(ctx, "when a renewal is due")}
	}
	f := e.judgeRenewal(c, e.due(ctx, c), edged || e.subject.Proxied())
	if edged {
		f.Summary += fmt.Sprintf("; %s answers clients at %s, with a certificate that is renewed there (H-CDN)", v.Vendor.Title(), e.atTLS(t.addr))
		f.Asked = slices.Concat(f.Asked, e.certificate(ctx, t).saysTLS(), signs(v))
	}
	return []Finding{f}
}

// noCertificate says that nothing can be told, for there is no certificate.
func (e *examination) noCertificate(ctx context.Context, what string) Finding {
	var said []Asked
	name, why, because := e.subject.Name.Display(), "", ID("T-CERT")
	all := e.allCertificates(ctx, e.servers(ctx))
	t, v, edged := e.front(ctx)
	switch {
	case edged && len(all) == 0:
		why = fmt.Sprintf("%s answers at %s, with a certificate that is renewed there, and no server behind it is known (H-CDN)", v.Vendor.Title(), e.atTLS(t.addr))
	case edged:
		why, because = fmt.Sprintf("no server behind %s serves a certificate", v.Vendor.Title()), "X-TLS"
	default:
		why = "no address of " + name + " serves a certificate"
	}
	for _, c := range all {
		said = append(said, c.saysTLS()...)
		if d := c.doubt(); d != "" {
			why = e.atTLS(c.addr) + ": " + d
		}
	}
	f := unclear(append(said, signs(v)...), "%s cannot be told: %s", what, why).because(because)
	if edged && len(all) == 0 {
		return f.with(Remedy{
			Do:    fmt.Sprintf("Have the server behind %s asked: write its addresses and acme_client = true into its [[host]]. Or see there how long its own certificate lasts:", v.Vendor.Title()),
			Paste: "certbot certificates --cert-name " + name,
		})
	}
	return f
}

// judgeRenewal compares when the certificate is to be renewed with the changes that
// are under way; behind says that it is that of a server behind a CDN.
func (e *examination) judgeRenewal(c certificate, due cert.Due, behind bool) Finding {
	of, where, now := e.subject.Name.Display(), "", e.opts.Now()
	if behind {
		of, where = of+" at "+e.atTLS(c.addr), fmt.Sprintf(" on the machine of %s", c.addr)
	}
	said := c.saysTLS()
	if due.Source == cert.ARI {
		said = append(said, Asked{Who: c.issuer() + ", asked when to renew (RFC 9773)", Said: minute(due.From) + " to " + minute(due.To)})
	}
	until := e.underWay()
	switch {
	case !until.IsZero() && c.Leaf().NotAfter.Before(until):
		f := failed(said, "the certificate of %s ends on %s, and the change goes on until %s", of, minute(c.Leaf().NotAfter), minute(until)).at(Error).with(e.renew(c, where)...)
		if behind { // T-CERT may speak of the CDN's
			return f
		}
		return f.because("T-CERT")
	case !until.IsZero() && due.From.Before(until):
		return failed(said, "the certificate of %s is to be renewed from %s, and the change goes on until %s", of, minute(due.From), minute(until)).with(e.renew(c, where)...)
	case due.To.Before(now):
		return failed(said, "the certificate of %s was to be renewed by %s, and was not; it ends on %s", of, minute(due.To), minute(c.Leaf().NotAfter)).with(e.tryRenewal(c, where)...)
	}
	return passed(said, "the certificate of %s is to be renewed on %s, and no change is under way then", of, cert.Moment(c.Leaf(), due.From))
}

// renew has a certificate renewed although it is not due. One that its own server has
// signed, or another that clients do not trust, no ACME client renews.
func (e *examination) renew(c certificate, where string) []Remedy {
	if !c.public() {
		return e.getCertificate(c)
	}
	return []Remedy{{Do: fmt.Sprintf("Renew it now%s, before anything else changes:", where), Paste: "certbot renew --cert-name " + e.subject.Name.Display() + " --force-renewal"}}
}

// tryRenewal finds out why a certificate was not renewed.
func (e *examination) tryRenewal(c certificate, where string) []Remedy {
	if !c.public() {
		return e.getCertificate(c)
	}
	return []Remedy{{Do: fmt.Sprintf("See%s why its client has not done it, and try it for trial:", where), Paste: "certbot renew --cert-name " + e.subject.Name.Display() + " --dry-run"}}
}

// public tells whether an authority has issued the certificate that clients trust.
func (c certificate) public() bool {
	return !slices.ContainsFunc(c.flaws, func(p cert.Problem) bool {
		return p.Flaw == cert.SelfSigned || p.Flaw == cert.CloudflareOrigin || p.Flaw == cert.Staging || p.Flaw == cert.Unknown
	})
}
