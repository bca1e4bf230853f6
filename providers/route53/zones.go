package route53

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// twinsError is a zone that cannot be told from its twins. It is an
// ErrZoneNotFound: no try finds it until the settings name one.
type twinsError struct{ public []hosted }

// Error names the twins.
func (e *twinsError) Error() string {
	return "more than one public hosted zone has this name: " + listed(e.public) + ": set hosted_zone_id to the one that the parent zone delegates to"
}

// Is makes errors.Is(err, ErrZoneNotFound) true.
func (e *twinsError) Is(target error) bool { return target == providers.ErrZoneNotFound }

// maxZones is the most hosted zones of a page.
const maxZones = 100

// hosted is a hosted zone.
type hosted struct {
	id      string // without "/hostedzone/"
	name    zone.Name
	sets    int64 // how many record sets it had when it was looked up
	private bool
	comment string
	linked  string // the service that manages it; empty for the account's own
}

func newHosted(z types.HostedZone) hosted {
	h := hosted{
		id:   strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/"),
		name: parseName(aws.ToString(z.Name)),
		sets: aws.ToInt64(z.ResourceRecordSetCount),
	}
	if z.Config != nil {
		h.private, h.comment = z.Config.PrivateZone, aws.ToString(z.Config.Comment)
	}
	if z.LinkedService != nil {
		h.linked = aws.ToString(z.LinkedService.ServicePrincipal)
	}
	return h
}

// String is the id and the comment, by which people know twins apart.
func (h hosted) String() string {
	if h.comment == "" {
		return h.id
	}
	return fmt.Sprintf("%s (%q)", h.id, h.comment)
}

// lookUp returns the hosted zone of z, out of what was found before where it can.
func (p *Provider) lookUp(ctx context.Context, z zone.Name) (hosted, error) {
	p.mu.Lock()
	h, ok := p.zones[z]
	p.mu.Unlock()
	if ok {
		return h, nil
	}
	h, err := p.find(ctx, z)
	if err != nil {
		return hosted{}, err
	}
	p.mu.Lock()
	p.zones[z] = h
	p.mu.Unlock()
	return h, nil
}

// forget drops what was found of z: its hosted zone is gone.
func (p *Provider) forget(z zone.Name) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.zones, z)
}

func (p *Provider) find(ctx context.Context, z zone.Name) (hosted, error) {
	if p.zoneID != "" {
		return p.findByID(ctx, z)
	}
	all, err := p.named(ctx, z)
	if err != nil {
		return hosted{}, err
	}
	return choose(all)
}

// findByID looks whether the hosted zone of the settings is z's.
func (p *Provider) findByID(ctx context.Context, z zone.Name) (hosted, error) {
	h, err := p.get(ctx, p.zoneID)
	if err != nil {
		return hosted{}, err
	}
	if h.name != z {
		return hosted{}, fmt.Errorf("%w: hosted_zone_id %s is the hosted zone of %s: give each zone with an id a provider of its own", providers.ErrZoneNotFound, p.zoneID, h.name)
	}
	return h, nil
}

// get asks for a hosted zone
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html).
func (p *Provider) get(ctx context.Context, id string) (hosted, error) {
	out, err := p.client.GetHostedZone(ctx, &sdk.GetHostedZoneInput{Id: &id})
	if err != nil {
		return hosted{}, p.explain(ctx, id, err)
	}
	if out.HostedZone == nil {
		return hosted{}, p.strange(http.StatusOK, "")
	}
	return newHosted(*out.HostedZone), nil
}

// named returns all hosted zones of the name. Where that list is withheld, as by
// policies that allow only the other one, they are picked out of all.
func (p *Provider) named(ctx context.Context, z zone.Name) ([]hosted, error) {
	found, err := p.byName(ctx, z)
	if withheld(err) {
		if all, second := p.all(ctx); second == nil {
			return slices.DeleteFunc(all, func(h hosted) bool { return h.name != z }), nil
		}
	}
	if err != nil {
		return nil, p.explain(ctx, "", err)
	}
	return found, nil
}

// byName lists the hosted zones of the name
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html).
func (p *Provider) byName(ctx context.Context, z zone.Name) (found []hosted, err error) {
	in := &sdk.ListHostedZonesByNameInput{DNSName: aws.String(formatName(z)), MaxItems: aws.Int32(maxZones)}
	for {
		out, err := p.client.ListHostedZonesByName(ctx, in)
		if err != nil {
			return nil, err
		}
		if out.HostedZones == nil { // an empty list is not nil
			return nil, p.strange(http.StatusOK, "")
		}
		for _, listed := range out.HostedZones {
			if h := newHosted(listed); h.name == z {
				found = append(found, h)
			}
		}
		if !out.IsTruncated || parseName(aws.ToString(out.NextDNSName)) != z {
			return found, nil
		}
		if aws.ToString(out.NextHostedZoneId) == aws.ToString(in.HostedZoneId) {
			return nil, errPaging
		}
		in.DNSName, in.HostedZoneId = out.NextDNSName, out.NextHostedZoneId
	}
}

// choose takes the public one of the hosted zones of one name.
func choose(all []hosted) (hosted, error) {
	public := slices.DeleteFunc(slices.Clone(all), func(h hosted) bool { return h.private })
	switch {
	case len(public) == 1:
		return public[0], nil
	case len(public) > 1:
		return hosted{}, &twinsError{public}
	case len(all) > 0:
		return hosted{}, fmt.Errorf("%w: only private hosted zones have this name: %s: set hosted_zone_id if one of them is meant", providers.ErrZoneNotFound, listed(all))
	}
	return hosted{}, fmt.Errorf("%w: none of the hosted zones of this AWS account has this name: check the name, and that AWS_PROFILE or the access key is of the right account", providers.ErrZoneNotFound)
}

func listed(zones []hosted) string {
	words := make([]string, len(zones))
	for i, h := range zones {
		words[i] = h.String()
	}
	return strings.Join(words, ", ")
}

// ListZones returns the names of the public hosted zones, in order; with a
// HostedZoneID that one's name alone.
func (p *Provider) ListZones(ctx context.Context) ([]zone.Name, error) {
	names, err := p.zoneNames(ctx)
	if err != nil {
		return nil, fmt.Errorf("list zones: %w", err)
	}
	slices.SortFunc(names, zone.CompareNames)
	return slices.Compact(names), nil
}

func (p *Provider) zoneNames(ctx context.Context) (names []zone.Name, err error) {
	if p.zoneID != "" {
		h, err := p.get(ctx, p.zoneID)
		if err != nil {
			return nil, err
		}
		return []zone.Name{h.name}, nil
	}
	all, err := p.all(ctx)
	if err != nil {
		return nil, p.explain(ctx, "", err)
	}
	for _, h := range all {
		if !h.private {
			names = append(names, h.name)
		}
	}
	return names, nil
}

// all lists the hosted zones of the account
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZones.html).
func (p *Provider) all(ctx context.Context) (all []hosted, err error) {
	in := &sdk.ListHostedZonesInput{MaxItems: aws.Int32(maxZones)}
	for {
		out, err := p.client.ListHostedZones(ctx, in)
		if err != nil {
			return nil, err
		}
		if out.HostedZones == nil { // an empty list is not nil
			return nil, p.strange(http.StatusOK, "")
		}
		for _, listed := range out.HostedZones {
			all = append(all, newHosted(listed))
		}
		if !out.IsTruncated {
			return all, nil
		}
		if next := aws.ToString(out.NextMarker); next == "" || next == aws.ToString(in.Marker) {
			return nil, errPaging
		}
		in.Marker = out.NextMarker
	}
}
