package acme

import (
	"context"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// origins are the addresses behind the proxy: those that the provider holds. None
// where the name is not proxied, nor wanted to be.
func (e *examination) origins() (out []target) {
	if !e.subject.Proxied() && !e.subject.wantsProxy() {
		return nil
	}
	var all tally
	for _, t := range families() {
		if r, ok := e.subject.Live(t); ok {
			all.add(r.Addrs, func(t *target) { t.held = true })
		}
	}
	return all
}

// unseenOrigins is the finding where there may be addresses behind a proxy, and the
// provider cannot be read; none where it can.
func (e *examination) unseenOrigins() []Finding {
	if f, none := e.subject.unread(); none && e.subject.Proxied() {
		return []Finding{f}
	}
	return nil
}

// wantsProxy tells whether the inventory says that the name is proxied.
func (s *Subject) wantsProxy() bool {
	return slices.ContainsFunc(s.Records, func(r Record) bool { return r.ProxiedGiven && r.Proxied })
}

// checkOrigin is X-ORIGIN.
func checkOrigin(ctx context.Context, e *examination) []Finding {
	all := e.origins()
	if len(all) == 0 {
		return e.unseenOrigins()
	}
	token, placed := e.unplaced(), e.placed(ctx)
	if placed {
		p, _ := e.planted(ctx)
		token = p.token
	}
	v := e.validator(ctx, "")
	var out []Finding
	for _, t := range all {
		f := fetched{t, e.validate(ctx, v, http01.Request{Host: e.subject.Name.Display(), Token: token.Name, Want: token.Body, Pin: t.addr})}
		out = append(out, e.judgeOrigin(ctx, f, placed))
	}
	return e.unneeded(ctx, e.gathered(out, "a challenge is answered without the proxy"))
}

// judgeOrigin judges what one address behind the proxy has answered, to a token
// where one is placed.
func (e *examination) judgeOrigin(ctx context.Context, f fetched, placed bool) Finding {
	at := e.at(f.addr)
	if e.selection.Opening {
		if early, ok := e.judgeOpening(ctx, f); ok {
			return early
		}
	}
	if why := e.doubt(f); why != "" {
		return unclear(hops(f), "%s: %s", at, why)
	}
	if by, ok := e.reachedFrom(ctx, f); ok {
		return by
	}
	keep := Remedy{Do: "Or leave the proxy on, and have the name validated by DNS; in its record in the inventory:", Paste: `acme = "dns-01"`}
	switch {
	case f.Verdict == http01.Valid:
		return passed(hops(f), "at %s", at)
	case !answered(f):
		return failed(hops(f), "%s, behind the proxy of %s, lets nobody but the proxy in: %s; in an issuance window no authority would get through", at, e.subject.Name.Display(), reason(f.Err)).with(e.remedies(f)...).with(keep)
	case placed:
		return failed(hops(f), "%s, behind the proxy of %s, does not answer the challenge: %s", at, e.subject.Name.Display(), reason(f.Err)).with(e.remedies(f)...).with(keep)
	}
	return unclear(hops(f), "%s answers; only a token could tell whether it answers challenges", at).because("H-TOKEN").with(e.sayWhere())
}

// checkOriginTLS is X-TLS.
func checkOriginTLS(ctx context.Context, e *examination) []Finding {
	all := e.origins()
	if len(all) == 0 {
		return e.unseenOrigins()
	}
	var out []Finding
	for _, c := range e.allCertificates(ctx, all) {
		out = append(out, e.judgeOriginTLS(c))
	}
	return e.unneeded(ctx, e.gathered(out, "clients take the certificate without the proxy"))
}

// judgeOriginTLS judges what clients find while the proxy is off.
func (e *examination) judgeOriginTLS(c certificate) Finding {
	at, name := e.atTLS(c.addr), e.subject.Name.Display()
	strict := ""
	if c.HSTS != nil && c.HSTS.MaxAge > 0 {
		strict = ", and HSTS leaves browsers no way around"
	}
	switch why := c.doubt(); {
	case why != "":
		return c.doubted(at, why)
	case c.good():
		return passed(c.saysTLS(), "of %s at %s, until %s", c.issuer(), at, cert.Moment(c.Leaf(), c.Leaf().NotAfter))
	case c.Err != nil:
		return failed(c.saysTLS(), "%s, behind the proxy of %s, serves no certificate: %s; clients fail for as long as an issuance window is open", at, name, c.why()).with(e.mendTLS(c)...)
	case slices.ContainsFunc(c.flaws, func(p cert.Problem) bool { return p.Flaw == cert.CloudflareOrigin }):
		return failed(c.saysTLS(), "%s, behind the proxy of %s, has a Cloudflare Origin CA certificate: browsers fail for as long as an issuance window is open%s", at, name, strict).with(e.publicCertificate(c)...)
	}
	return failed(c.saysTLS(), "%s, behind the proxy of %s, serves a certificate that clients refuse: %s%s; they fail for as long as an issuance window is open", at, name, c.flaws[0].Text, strict).with(e.mendTLS(c)...)
}

// publicCertificate replaces one that the proxy alone takes.
func (e *examination) publicCertificate(c certificate) []Remedy {
	return append([]Remedy{{Do: fmt.Sprintf("Give the server at %s a certificate that everybody trusts; the proxy takes it too, in the mode Full (strict).", c.addr)}}, e.getCertificate(c)...)
}
