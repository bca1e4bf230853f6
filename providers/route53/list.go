package route53

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

const (
	// fullPage is the most record sets that Route 53 returns at once
	// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html).
	fullPage = 300
	// namePage holds the sets of any ordinary name.
	namePage = 20
)

var errPaging = errors.New("the list's next page is where this one began")

// cursor is where a page begins; the zero one is the zone's beginning.
type cursor struct {
	name       string
	typ        types.RRType
	identifier string
}

// page returns one page of a hosted zone's record sets, and where the next one
// begins; the zero cursor is no next one.
func (p *Provider) page(ctx context.Context, h hosted, from cursor, most int32) ([]types.ResourceRecordSet, cursor, error) {
	in := &sdk.ListResourceRecordSetsInput{HostedZoneId: &h.id, MaxItems: &most, StartRecordType: from.typ}
	if from.name != "" {
		in.StartRecordName = &from.name
	}
	if from.identifier != "" {
		in.StartRecordIdentifier = &from.identifier
	}
	out, err := p.client.ListResourceRecordSets(ctx, in)
	switch {
	case err != nil:
		return nil, cursor{}, p.explain(ctx, h.id, err)
	case out.ResourceRecordSets == nil: // an empty list is not nil
		return nil, cursor{}, p.strange(http.StatusOK, "")
	case !out.IsTruncated:
		return out.ResourceRecordSets, cursor{}, nil
	}
	next := cursor{aws.ToString(out.NextRecordName), out.NextRecordType, aws.ToString(out.NextRecordIdentifier)}
	if next.name == "" || next == from {
		return nil, cursor{}, errPaging
	}
	return out.ResourceRecordSets, next, nil
}

// list returns all record sets of a hosted zone, and how many requests it took.
// Changes that are not in sync yet are among them.
func (p *Provider) list(ctx context.Context, h hosted) (all []types.ResourceRecordSet, requests int, err error) {
	var at cursor
	for {
		requests++
		sets, next, err := p.page(ctx, h, at, fullPage)
		if err != nil {
			return nil, requests, fmt.Errorf("page %d: %w", requests, err)
		}
		all = append(all, sets...)
		if next == (cursor{}) {
			return all, requests, nil
		}
		at = next
	}
}

// listNames returns at least the record sets at names: with the whole zone, or
// with a request for each name where that takes fewer.
func (p *Provider) listNames(ctx context.Context, h hosted, names []zone.Name) (sets []types.ResourceRecordSet, requests int, err error) {
	if pages := (h.sets + fullPage - 1) / fullPage; int64(len(names)) >= pages {
		return p.list(ctx, h)
	}
	for _, n := range names {
		at, took, err := p.listName(ctx, h, n)
		requests += took
		if err != nil {
			return nil, requests, fmt.Errorf("%s: %w", n, err)
		}
		sets = append(sets, at...)
	}
	return sets, requests, nil
}

// listName returns the record sets at a name. The list is sorted by name, and a
// page may begin where there is nothing.
func (p *Provider) listName(ctx context.Context, h hosted, n zone.Name) (found []types.ResourceRecordSet, requests int, err error) {
	at := cursor{name: formatName(n)}
	for {
		requests++
		sets, next, err := p.page(ctx, h, at, namePage)
		if err != nil {
			return nil, requests, err
		}
		found = append(found, slices.DeleteFunc(sets, func(s types.ResourceRecordSet) bool { return parseName(aws.ToString(s.Name)) != n })...)
		if next.name == "" || parseName(next.name) != n {
			return found, requests, nil
		}
		at = next
	}
}
