package route53

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Read lists the whole zone
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html).
func (p *Provider) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	s, err := p.read(ctx, z, func(h hosted) ([]types.ResourceRecordSet, error) {
		sets, _, err := p.list(ctx, h)
		return sets, err
	})
	if err != nil {
		return nil, fmt.Errorf("read zone %s: %w", z, err)
	}
	return s, nil
}

// Look lists the names of keys alone, where that takes fewer requests than the
// whole zone does.
func (p *Provider) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	names := namesOf(keys)
	s, err := p.read(ctx, z, func(h hosted) ([]types.ResourceRecordSet, error) {
		sets, _, err := p.listNames(ctx, h, names)
		return sets, err
	})
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", z, err)
	}
	return providers.Only(s, keys), nil
}

func (p *Provider) read(ctx context.Context, z zone.Name, list func(hosted) ([]types.ResourceRecordSet, error)) (*zone.Snapshot, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	h, err := p.lookUp(ctx, z)
	if err != nil {
		return nil, err
	}
	sets, err := list(h)
	if errors.Is(err, providers.ErrZoneNotFound) {
		p.forget(z)
	}
	if err != nil {
		return nil, err
	}
	return snapshot(z, sets)
}

// namesOf returns the names of keys, each once, in their order.
func namesOf(keys []zone.Key) []zone.Name {
	var names []zone.Name
	seen := make(map[zone.Name]bool, len(keys))
	for _, k := range keys {
		if !seen[k.Name] {
			seen[k.Name] = true
			names = append(names, k.Name)
		}
	}
	return names
}
