package powerdns

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Examine asks the server who it is and for each zone. An API key may do all
// that the API can, so that there is nothing to find out about permissions.
func (p *Provider) Examine(ctx context.Context, zones []zone.Name) []providers.Finding {
	findings := []providers.Finding{p.examineServer(ctx)}
	if f, ok := p.examineURL(); ok {
		findings = append(findings, f)
	}
	if findings[0].Verdict == providers.Bad {
		return findings
	}
	for _, z := range zones {
		findings = append(findings, p.examineZone(ctx, z))
	}
	return findings
}

func (p *Provider) examineServer(ctx context.Context) providers.Finding {
	f := providers.Finding{Topic: "credentials"}
	s, err := p.server(ctx)
	switch {
	case err != nil:
		f.Verdict, f.Detail, f.Err = providers.Bad, err.Error(), err
	case s.Daemon != "" && s.Daemon != "authoritative":
		f.Verdict = providers.Bad
		f.Detail = fmt.Sprintf("%s is a PowerDNS %s", p.base.Host, s.Daemon)
		f.Remedy = "set server_url to the API of the authoritative server"
	default:
		f.Detail = fmt.Sprintf("PowerDNS authoritative server %s at %s takes the api_key, which permits everything", s.Version, p.base.Host)
	}
	return f
}

// examineURL warns of a key that others on the way can read.
func (p *Provider) examineURL() (providers.Finding, bool) {
	host := p.base.Hostname()
	addr, err := netip.ParseAddr(host)
	if p.base.Scheme == "https" || host == "localhost" || err == nil && addr.IsLoopback() {
		return providers.Finding{}, false
	}
	return providers.Finding{
		Topic: "credentials", Verdict: providers.Unclear,
		Detail: fmt.Sprintf("the api_key goes to %s over plain http, where others on the way can read it", p.base.Host),
		Remedy: "put a proxy with https in front of the API",
	}, true
}

func (p *Provider) examineZone(ctx context.Context, z zone.Name) providers.Finding {
	f := providers.Finding{Topic: "zone", Zone: z}
	h, err := p.getZone(ctx, z)
	if err != nil {
		f.Verdict, f.Detail, f.Err = providers.Bad, err.Error(), err
		return f
	}
	f.Detail = fmt.Sprintf("kind %s, %d address sets", h.doc.Kind, len(h.snap.RRsets))
	switch {
	case copied(h.doc.Kind):
		f.Verdict, f.Detail = providers.Bad, kindReason(z, h.doc)
		f.Remedy = "set server_url to the primary's, or the provider to one of type rfc2136"
	case h.doc.serves() && h.doc.SOAEditAPI != nil && *h.doc.SOAEditAPI == "":
		f.Verdict = providers.Unclear
		f.Detail += "; its SOA-EDIT-API is not set, so that a write does not raise the serial, and secondaries that transfer the zone do not follow"
		f.Remedy = "pdnsutil set-meta " + z.Display() + " SOA-EDIT-API DEFAULT"
	}
	return f
}

// serves tells the kinds of zones that notify secondaries.
func (d zoneDoc) serves() bool {
	switch strings.ToLower(d.Kind) {
	case "master", "primary", "producer":
		return true
	}
	return false
}
