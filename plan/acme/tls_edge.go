package acme

import (
	"context"
	"fmt"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

// lends is better, where it is a server of one's own: nobody gets at the files of a
// CDN.
func (e *examination) lends(ctx context.Context, better *certificate) *certificate {
	if better == nil || e.edge(ctx, better.target).Vendor != "" {
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
	v, name := e.edge(ctx, c.target), e.subject.Name.Display()
	if v.Vendor == "" {
		return f
	}
	title := v.Vendor.Title()
	f.Summary += fmt.Sprintf("; %s answers there (H-CDN)", title)
	f.Asked, f.Remedies = append(f.Asked, signs(v)...), nil
	if v.Vendor == cdn.Cloudflare {
		return f.with(Remedy{Do: fmt.Sprintf("At Cloudflare, see at SSL/TLS, Edge Certificates, that Universal SSL is on, and that a certificate for %s is active there.", name)})
	}
	return f.with(Remedy{Do: fmt.Sprintf("Have %s serve a certificate for %s at its edge: one that it orders itself, or yours.", title, name)})
}
