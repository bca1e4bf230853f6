package route53

import (
	"fmt"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// The limits of a change batch
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests-changeresourcerecordsets).
const (
	maxRecords    = 1000
	maxCharacters = 32000
	// maxChanges fills a batch where each changes one address into another.
	maxChanges = maxRecords / 2
)

// batch is what one request changes.
type batch struct {
	*providers.Batch
	changes []types.Change
	size    size
}

// size is what is counted of a batch: dnsplan's changes, and what Route 53 counts,
// the values and their characters.
type size struct{ changes, records, characters int }

func (s size) add(o size) size {
	return size{s.changes + o.changes, s.records + o.records, s.characters + o.characters}
}

func (s size) fits() bool {
	return s.changes <= maxChanges && s.records <= maxRecords && s.characters <= maxCharacters
}

func sizeOf(g providers.Group, changes []types.Change) size {
	s := size{changes: len(g.Changes)}
	for _, c := range changes {
		for _, r := range c.ResourceRecordSet.ResourceRecords {
			s.records++
			s.characters += utf8.RuneCountInString(aws.ToString(r.Value))
		}
	}
	return s
}

// batches makes as few batches as it can of the groups that change something,
// in their order.
func (s sight) batches(all *providers.Batch) ([]batch, error) {
	var out []batch
	for _, g := range all.Groups {
		changes := s.changes(g)
		if len(changes) == 0 {
			continue
		}
		n := sizeOf(g, changes)
		if !n.fits() {
			return nil, all.Refuse(g.Changes[0].Key(), fmt.Sprintf("%d values of %d characters at one name: Route 53 takes %d values and %d characters at once",
				n.records, n.characters, maxRecords, maxCharacters))
		}
		if len(out) == 0 || !out[len(out)-1].size.add(n).fits() {
			out = append(out, batch{Batch: all.Part()})
		}
		b := &out[len(out)-1]
		b.Add(g)
		b.changes, b.size = append(b.changes, changes...), b.size.add(n)
	}
	return out, nil
}

// changes deletes the sets of a group exactly as they were listed, and creates
// those that are wanted. A set that stays as it is is left out.
func (s sight) changes(g providers.Group) []types.Change {
	var deletes, creates []types.Change
	if g.Replaces != "" {
		deletes = append(deletes, deletion(s.sets[rrkey{g.Name, types.RRTypeCname}][0]))
	}
	for _, c := range g.Changes {
		if c.Before != nil && c.After != nil && c.Before.Equal(*c.After) {
			continue
		}
		var healthCheck *string
		if c.Before != nil {
			live := s.sets[rrkey{g.Name, types.RRType(c.Before.Type.String())}][0]
			healthCheck = live.HealthCheckId
			deletes = append(deletes, deletion(live))
		}
		if c.After != nil {
			creates = append(creates, creation(*c.After, healthCheck))
		}
	}
	return append(deletes, creates...)
}

func deletion(live types.ResourceRecordSet) types.Change {
	return types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: &live}
}

func creation(r zone.RRset, healthCheck *string) types.Change {
	set := &types.ResourceRecordSet{
		Name:          aws.String(formatName(r.Name)),
		Type:          types.RRType(r.Type.String()),
		TTL:           aws.Int64(int64(r.TTL)),
		HealthCheckId: healthCheck,
	}
	for _, a := range r.Addrs {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: aws.String(a.String())})
	}
	return types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: set}
}
