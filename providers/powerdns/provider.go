package powerdns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// Limits returns what the DNS allows (RFC 2181, section 8), without the TTL 0;
// PowerDNS itself checks no TTL. A write of any size is one PATCH, as long as it
// fits into the server's webserver-max-bodysize (2 MB: more than 10,000 RRsets).
// When the secondaries of the server follow, it does not tell.
func (p *Provider) Limits(zone.Name) providers.Limits {
	return providers.Limits{MinTTL: 1, MaxTTL: zone.MaxTTL, Late: providers.LateServer, Atomic: true, Comments: true}
}

// Read reads the zone in one request: GET /servers/{id}/zones/{zone}
// (https://doc.powerdns.com/authoritative/http-api/zone.html).
func (p *Provider) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	h, err := p.getZone(ctx, z)
	if err != nil {
		return nil, fmt.Errorf("read %s from %s: %w", z, p.base.Host, err)
	}
	return h.snap, nil
}

// ListZones lists the zones of the server, of all kinds, in order: GET
// /servers/{id}/zones, which has no pages.
func (p *Provider) ListZones(ctx context.Context) ([]zone.Name, error) {
	names, err := p.listZones(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the zones of %s: %w", p.base.Host, err)
	}
	return names, nil
}

func (p *Provider) listZones(ctx context.Context) ([]zone.Name, error) {
	// The keys of signed zones take a look-up each and are not needed.
	a, err := p.do(ctx, http.MethodGet, nil, url.Values{"dnssec": {"false"}}, p.id, "zones")
	if err != nil {
		return nil, err
	}
	if a.status == http.StatusNotFound {
		if err := p.findServer(ctx); err != nil {
			return nil, err
		}
	}
	var docs []zoneDoc
	if !a.ok() {
		return nil, fmt.Errorf("%s answers %d %s", p.base.Host, a.status, a.said())
	}
	if err := json.Unmarshal(a.body, &docs); err != nil {
		return nil, fmt.Errorf("the answer is no list of zones of the PowerDNS API: %w", err)
	}
	names := make([]zone.Name, len(docs))
	for i, d := range docs {
		names[i] = zone.Canonical(d.Name)
	}
	slices.SortFunc(names, zone.CompareNames)
	return names, nil
}

// isServerError tells an answer of 500 and above.
func isServerError(err error) bool {
	e, ok := errors.AsType[*transport.AnswerError](err)
	return ok && e.Status >= http.StatusInternalServerError
}
