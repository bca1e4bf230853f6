package acme

import (
	"context"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

// edge is the CDN that an address of the name belongs to; none where it is a server
// of one's own, as what the inventory wants of a proxied name is. Nobody is asked by
// HTTP for that: what speaks for a CDN is the provider, lists, aliases, and how the
// server of the certificate calls itself.
func (e *examination) edge(ctx context.Context, c certificate) cdn.Vendor {
	if !c.found || e.subject.Proxied() && slices.Contains(e.subject.Addrs(), c.addr) {
		return ""
	}
	seen := e.cdnEvidence(ctx, []fetched{{target: c.target}})
	if c.Server != "" {
		seen.Header.Set("Server", c.Server)
	}
	return e.opts.Ranges.Judge(seen).Vendor
}

// lends is better, where it is a server of one's own: nobody gets at the files of a
// CDN.
func (e *examination) lends(ctx context.Context, better *certificate) *certificate {
	if better == nil || e.edge(ctx, *better) != "" {
		return nil
	}
	return better
}

// atEdge has what fails at a CDN's edge mended there: there is nothing to configure
// on a server.
func (e *examination) atEdge(ctx context.Context, c certificate, f Finding) Finding {
	if f.Outcome != Fail {
		return f
	}
	v, name := e.edge(ctx, c), e.subject.Name.Display()
	if v == "" {
		return f
	}
	f.Summary += fmt.Sprintf("; %s answers there (H-CDN)", v.Title())
	f.Remedies = nil
	if v == cdn.Cloudflare {
		return f.with(Remedy{Do: fmt.Sprintf("At Cloudflare, see at SSL/TLS, Edge Certificates, that Universal SSL is on, and that a certificate for %s is active there.", name)})
	}
	return f.with(Remedy{Do: fmt.Sprintf("Have %s serve a certificate for %s at its edge: one that it orders itself, or yours.", v.Title(), name)})
}
