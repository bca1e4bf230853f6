package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// recordsPerPage is how many records a page may hold. Cloudflare takes up to
// 5,000,000; this bounds a reply to a few megabytes.
const recordsPerPage = 5000

// Read lists the zone's records
// (https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/list/).
// The SOA record and Cloudflare's own NS records are not among them.
func (p *Provider) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	var n tally
	v, err := p.view(ctx, &n, z, "")
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", z, err)
	}
	return v.snapshot, nil
}

// Look lists the records of one name, or of the zone where keys are of more
// than one: that takes fewer requests.
func (p *Provider) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	if len(keys) == 0 {
		return &zone.Snapshot{Zone: z}, context.Cause(ctx)
	}
	var n tally
	v, err := p.view(ctx, &n, z, onlyName(keys))
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", z, err)
	}
	return providers.Only(v.snapshot, keys), nil
}

// onlyName is the name that all keys share; empty when there are several.
func onlyName(keys []zone.Key) zone.Name {
	if slices.ContainsFunc(keys, func(k zone.Key) bool { return k.Name != keys[0].Name }) {
		return ""
	}
	return keys[0].Name
}

// view lists the records of z, or those of one name.
func (p *Provider) view(ctx context.Context, n *tally, z, name zone.Name) (*view, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	info, err := p.zone(ctx, n, z)
	if err != nil {
		return nil, err
	}
	items, err := p.list(ctx, n, info.ID, name)
	if gone(err) {
		return nil, p.lost(z, err)
	}
	if err != nil {
		return nil, explain(err, dnsRead)
	}
	return newView(z, items), nil
}

func (p *Provider) list(ctx context.Context, n *tally, zoneID string, name zone.Name) ([]json.RawMessage, error) {
	var params dns.RecordListParams
	params.ZoneID.Value, params.ZoneID.Present = zoneID, true
	if name != "" {
		params.Name.Present = true
		params.Name.Value.Exact.Value, params.Name.Value.Exact.Present = name.Display(), true
	}
	return whole(func(page int) (envelope, error) {
		params.Page.Value, params.Page.Present = float64(page), true
		params.PerPage.Value, params.PerPage.Present = recordsPerPage, true
		return p.ask(n, p.apiToken, func(opts ...option.RequestOption) error {
			_, err := p.records.List(ctx, params, opts...)
			return err
		})
	})
}
