package acme

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// checkCDN is H-CDN.
func checkCDN(ctx context.Context, e *examination) []Finding {
	var now []fetched
	for _, f := range e.plain(ctx) {
		if f.found {
			now = append(now, f)
		}
	}
	if len(now) == 0 {
		return []Finding{unclear(nil, "the DNS was not asked for addresses of %s, or has none: who answers for it is not known", e.subject.Name.Display()).because(e.subject.existence())}
	}
	v, said := e.whichCDN(ctx, now)
	tokens, p, ok := e.tokens(ctx)
	f := e.judgeCDN(v, now, tokens, ok)
	f.Asked = append(f.Asked, said...)
	if f.Outcome == Unknown && !ok {
		none := e.noToken(p)
		f = f.with(none.Remedies...)
		if f.Because == "" {
			f.Because = none.Because
		}
	}
	return []Finding{f}
}

// whichCDN weighs the evidence, and asks for Cloudflare's trace where that would add
// something; said is what came of it where that is no trace.
func (e *examination) whichCDN(ctx context.Context, now []fetched) (v cdn.Verdict, said []Asked) {
	at := make([]target, len(now))
	for i, f := range now {
		at[i] = f.target
	}
	evidence := e.shownByEdge(ctx, at)
	v = e.opts.Ranges.Judge(evidence)
	i := slices.IndexFunc(now, answered)
	if i < 0 || !v.Traceable() {
		return v, nil
	}
	host := e.subject.Name.Display()
	f := fetched{at[i], e.validate(ctx, e.validator(ctx, ""), http01.Request{Host: host, Path: cdn.TracePath, Pin: at[i].addr})}
	last := f.Last()
	t, err := cdn.ParseTrace(last.Body, host)
	if last.Status != http.StatusOK || err != nil {
		return v, []Asked{{Who: "GET " + last.URL + " at " + e.at(f.addr), Said: strings.TrimSpace(status(last) + " no trace of Cloudflare's")}}
	}
	evidence.Trace = &t
	return e.opts.Ranges.Judge(evidence), nil
}

// judgeCDN has the token decide, where ok says that there was one.
func (e *examination) judgeCDN(v cdn.Verdict, now, tokens []fetched, ok bool) Finding {
	name, title := e.subject.Name.Display(), v.Vendor.Title()
	said := signs(v)
	if v.Vendor == "" {
		for _, f := range now {
			if answered(f) {
				return passed(hops(f), "nothing shows a CDN in front of %s", name).at(Info)
			}
		}
		return unclear(hops(now[0]), "nothing shows a CDN in front of %s, but none of its addresses answers", name).because(e.cause(now[0]))
	}
	through, lost := passage(e, tokens)
	switch {
	case ok && lost == nil && through > 0:
		also := ""
		if v.Vendor == cdn.Cloudflare {
			also = " (CloudflareCDN)"
		}
		return passed(said, "%s answers for %s, and the token came through: no window is needed%s", title, name, also).at(Info)
	case ok && lost != nil:
		return failed(append(said, hops(*lost)...), "%s answers for %s, and the token does not come through at %s: %s", title, name, e.at(lost.addr), reason(lost.Err)).with(e.passCDN(v)...)
	case v.Challenged:
		return failed(said, "%s answers for %s with a challenge for browsers, which no authority passes", title, name).with(e.passCDN(v)...)
	}
	return unclear(said, "%s answers for %s; only a token could tell whether challenges come through", title, name)
}

// signs are what shows a CDN.
func signs(v cdn.Verdict) (out []Asked) {
	for _, s := range v.Signs {
		out = append(out, Asked{Who: s.Vendor.Title() + ", told by " + s.Basis.String(), Said: s.Detail})
	}
	return out
}

// passage counts the addresses of today that the token came through at, and returns
// one at which it certainly did not.
func passage(e *examination, tokens []fetched) (through int, lost *fetched) {
	for i, f := range tokens {
		switch {
		case !f.found || e.doubt(f) != "":
		case f.Verdict == http01.Valid:
			through++
		default:
			lost = &tokens[i]
		}
	}
	return through, lost
}

// unneeded weighs what stands in the way of an issuance window where none is needed:
// the token comes through the proxy.
func (e *examination) unneeded(ctx context.Context, found []Finding) []Finding {
	if e.selection.Opening || !e.subject.Proxied() {
		return found
	}
	if through, lost := passage(e, e.weighed(ctx)); through == 0 || lost != nil {
		return found
	}
	for i, f := range found {
		if f.Outcome == Fail {
			f.Summary += "; as the token comes through the proxy, none is needed"
			found[i] = f.at(Warning)
		}
	}
	return found
}

// atCDN has what fails because of what a CDN's edge has answered mended there: the
// server is not the user's.
func (e *examination) atCDN(ctx context.Context, f fetched, x Finding) Finding {
	if x.Outcome != Fail || !answered(f) {
		return x
	}
	v := e.edge(ctx, f.target)
	if v.Vendor == "" {
		return x
	}
	x.Remedies = nil
	return x.because("H-CDN").with(e.passCDN(v)...)
}

// passCDN lets challenges through a CDN, or goes around it.
func (e *examination) passCDN(v cdn.Verdict) (out []Remedy) {
	name := e.subject.Name.Display()
	if v.Vendor == cdn.Cloudflare {
		out = append(out, Remedy{
			Do:    "At Cloudflare, add a custom rule of the WAF with the action Skip, above the others, for:",
			Paste: fmt.Sprintf("http.host eq %q and starts_with(http.request.uri.path, %q)", name, http01.Path),
		})
	} else {
		out = append(out, Remedy{Do: fmt.Sprintf("Have %s pass %s to your server, neither kept nor filtered.", v.Vendor.Title(), http01.Path)})
	}
	if e.subject.Proxied() {
		out = append(out, Remedy{Do: "Or take the name out of the proxy while the certificate is issued:", Paste: fmt.Sprintf("dnsplan window %s -- certbot renew --cert-name %s", name, name)})
	}
	return append(out, Remedy{Do: "Or have it validated by DNS, and write into its record in the inventory:", Paste: `acme = "dns-01"`})
}
