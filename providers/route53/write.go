package route53

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Write lists what the changes are about, compares, and sends one change batch
// (more only beyond Route 53's limits). Receipt.ID holds the change ids, with
// commas between them; Receipt.Requests counts the lists and the batches
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html).
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	receipt, err := p.write(ctx, z, changes)
	if errors.Is(err, providers.ErrZoneNotFound) {
		p.forget(z)
	}
	if err != nil {
		return receipt, fmt.Errorf("write zone %s: %w", z, err)
	}
	return receipt, nil
}

func (p *Provider) write(ctx context.Context, z zone.Name, changes []providers.Change) (receipt providers.Receipt, err error) {
	groups, err := group(z, changes)
	if err != nil || len(groups) == 0 {
		return receipt, ofAll(changes, err)
	}
	if ctx.Err() != nil {
		return receipt, context.Cause(ctx)
	}
	h, err := p.lookUp(ctx, z)
	if err != nil {
		return receipt, err
	}
	seen, requests, err := p.look(ctx, z, h, groups)
	receipt.Requests = requests
	if err != nil {
		return receipt, err
	}
	if err := seen.admit(groups); err != nil {
		return receipt, err
	}
	batches, err := seen.batches(groups)
	if err != nil {
		return receipt, ofAll(changes, err)
	}
	return p.send(ctx, z, h, batches, receipt)
}

// send writes the batches in order.
func (p *Provider) send(ctx context.Context, z zone.Name, h hosted, batches []batch, receipt providers.Receipt) (providers.Receipt, error) {
	var ids []string
	for i, b := range batches {
		id, err := p.change(ctx, z, h, b)
		receipt.Requests++
		if err != nil && i > 0 {
			return receipt, fmt.Errorf("%w: change batch %d of %d: %w", providers.ErrPartial, i+1, len(batches), err)
		}
		if err != nil {
			return receipt, err
		}
		ids = append(ids, id)
		receipt.ID, receipt.Accepted = strings.Join(ids, ","), time.Now()
	}
	return receipt, nil
}

// change sends one batch and returns the id of its change.
func (p *Provider) change(ctx context.Context, z zone.Name, h hosted, b batch) (string, error) {
	client := &noting{client: p.chain.Client()}
	out, err := p.client.ChangeResourceRecordSets(ctx, &sdk.ChangeResourceRecordSetsInput{
		HostedZoneId: &h.id,
		ChangeBatch:  &types.ChangeBatch{Changes: b.changes, Comment: aws.String("dnsplan")},
	}, func(o *sdk.Options) { o.HTTPClient = client })
	if errors.Is(client.err, providers.ErrUnknown) {
		err = client.err
	}
	if invalid, ok := errors.AsType[*types.InvalidChangeBatch](err); ok {
		return "", p.refused(ctx, z, h, b, invalid)
	}
	if err != nil {
		return "", refusal(p.explain(ctx, h.id, err), b)
	}
	if out.ChangeInfo == nil || aws.ToString(out.ChangeInfo.Id) == "" {
		return "", fmt.Errorf("%w: the change batch was sent: %w", providers.ErrUnknown, p.strange(http.StatusOK, ""))
	}
	return strings.TrimPrefix(*out.ChangeInfo.Id, "/change/"), nil
}

// refusal is err, as a *providers.RefusedError where Route 53 does not take the
// request as it is.
func refusal(err error, b batch) error {
	answer, ok := errors.AsType[*answerError](err)
	if !ok || answer.status < http.StatusBadRequest || answer.status >= http.StatusInternalServerError {
		return err
	}
	return &providers.RefusedError{Keys: keysOf(b.groups), Culprit: culprit(err.Error(), keysOf(b.groups)), Reason: err.Error()}
}

// noting is the client of one request. It notes the error of the chain, in place
// of which the SDK returns the context's when that has ended, although the
// request may have been sent.
type noting struct {
	client *http.Client
	err    error
}

// Do makes the request.
func (n *noting) Do(r *http.Request) (*http.Response, error) {
	resp, err := n.client.Do(r)
	n.err = err
	return resp, err
}

// look lists the names of the groups.
func (p *Provider) look(ctx context.Context, z zone.Name, h hosted, groups []changeGroup) (sight, int, error) {
	names := make([]zone.Name, len(groups))
	for i, g := range groups {
		names[i] = g.name
	}
	sets, requests, err := p.listNames(ctx, h, names)
	if err != nil {
		return sight{}, requests, err
	}
	snap, err := snapshot(z, sets)
	if err != nil {
		return sight{}, requests, err
	}
	_, byKey := grouped(sets)
	return sight{snap, byKey}, requests, nil
}

// sight is what is live at the names of a write: as dnsplan sees it, and as
// Route 53 listed it.
type sight struct {
	snap *zone.Snapshot
	sets map[rrkey][]types.ResourceRecordSet
}

// admit compares the changes with what is live, and returns what is wrong first.
func (s sight) admit(groups []changeGroup) error {
	for _, g := range groups {
		for _, c := range g.changes {
			if err := s.compare(c); err != nil {
				return err
			}
		}
		if err := s.admitCNAME(g, groups); err != nil {
			return err
		}
	}
	return nil
}

// compare tells whether a change's set is as it was seen.
func (s sight) compare(c providers.Change) error {
	live, ok := s.snap.Find(c.Key())
	switch {
	case ok && live.Foreign != "":
		return fmt.Errorf("%s (%s): %w", c.Key(), live.Detail, providers.ErrForeign)
	case ok != (c.Before != nil), ok && !c.Before.Equal(live):
		return s.conflict(c)
	}
	return nil
}

func (s sight) conflict(c providers.Change) error {
	e := &providers.ConflictError{Keys: []zone.Key{c.Key()}, Seen: c.Before}
	if live, ok := s.snap.Find(c.Key()); ok {
		e.Live = &live
	}
	return e
}

// admitCNAME tells whether the CNAME record at a group's name, if there is one,
// is the one that the group replaces.
func (s sight) admitCNAME(g changeGroup, all []changeGroup) error {
	cnames := s.sets[rrkey{g.name, types.RRTypeCname}]
	target := s.target(g.name)
	switch {
	case g.replaces == "" && (len(cnames) == 0 || !g.adds()):
		return nil
	case g.replaces == "":
		return &providers.RefusedError{Keys: keysOf(all), Culprit: g.changes[0].Key(), Reason: "there is a CNAME record to " + string(target)}
	case target != g.replaces && len(cnames) == 0:
		return fmt.Errorf("the CNAME record to replace points to %s, now there is none: %w", g.replaces, s.conflict(g.changes[0]))
	case target != g.replaces:
		return fmt.Errorf("the CNAME record to replace points to %s, now to %s: %w", g.replaces, target, s.conflict(g.changes[0]))
	}
	if why, detail := foreign(cnames); why != "" {
		return fmt.Errorf("%s CNAME (%s): %w", g.name, detail, providers.ErrForeign)
	}
	return nil
}

// target returns where the CNAME record at name points to; empty for none.
func (s sight) target(name zone.Name) zone.Name {
	i := slices.IndexFunc(s.snap.Others, func(r zone.Record) bool { return r.Type == "CNAME" && r.Name == name })
	if i < 0 {
		return ""
	}
	return zone.Canonical(s.snap.Others[i].Data)
}

// changeGroup is the changes of one name, which stay in one batch.
type changeGroup struct {
	name     zone.Name
	replaces zone.Name // target of the CNAME record that goes, or empty
	changes  []providers.Change
}

// adds tells whether the group creates a set where there was none.
func (g changeGroup) adds() bool {
	return slices.ContainsFunc(g.changes, func(c providers.Change) bool { return c.Before == nil })
}

// group checks the changes and puts those of one name together, in the order in
// which the names first come. It copies them, with their values in order.
func group(z zone.Name, changes []providers.Change) ([]changeGroup, error) {
	var groups []changeGroup
	at, seen := map[zone.Name]int{}, map[zone.Key]bool{}
	for _, c := range changes {
		c.Before, c.After = normal(c.Before), normal(c.After)
		if err := validate(z, c); err != nil {
			return nil, err
		}
		key := c.Key()
		if seen[key] {
			return nil, refuse(c, "two changes of one RRset in one write")
		}
		seen[key] = true
		i, ok := at[key.Name]
		if !ok {
			i = len(groups)
			at[key.Name] = i
			groups = append(groups, changeGroup{name: key.Name})
		}
		g := &groups[i]
		if c.Replaces != "" && g.replaces != "" && c.Replaces != g.replaces {
			return nil, refuse(c, "A and AAAA replace different CNAME records")
		}
		g.replaces = max(g.replaces, c.Replaces)
		g.changes = append(g.changes, c)
	}
	return groups, nil
}

func normal(r *zone.RRset) *zone.RRset {
	if r == nil {
		return nil
	}
	c := r.Clone()
	c.Members = nil
	c.Normalize()
	return &c
}

var errNoChange = errors.New("a change of nothing into nothing")

// validate refuses what Route 53 cannot hold. A TTL of 0 it can: it is what a
// set may go back to, whatever Limits say of new ones.
func validate(z zone.Name, c providers.Change) error {
	if c.Before == nil && c.After == nil {
		return errNoChange
	}
	switch {
	case !c.Key().Name.IsSubdomainOf(z):
		return refuse(c, "the name lies outside the zone "+string(z))
	case isForeign(c.Before) || isForeign(c.After):
		return fmt.Errorf("%s: %w", c.Key(), providers.ErrForeign)
	case c.After == nil && c.Replaces != "":
		return refuse(c, "a deletion replaces no CNAME record")
	case c.After == nil:
		return nil
	}
	return validateAfter(c, *c.After)
}

func isForeign(r *zone.RRset) bool { return r != nil && r.Foreign != "" }

func validateAfter(c providers.Change, after zone.RRset) error {
	switch {
	case after.Key != c.Key():
		return refuse(c, "before and after have different keys")
	case after.Proxied || after.Auto:
		return refuse(c, "Route 53 has no proxy and no automatic TTL")
	case after.TTL > zone.MaxTTL:
		return refuse(c, "a TTL is at most 2147483647 seconds")
	case len(after.Addrs) == 0:
		return refuse(c, "a set without addresses")
	}
	for _, a := range after.Addrs {
		if !a.IsValid() || a.Zone() != "" || zone.TypeOf(a) != after.Type {
			return refuse(c, fmt.Sprintf("%v is no address for it", a))
		}
	}
	return nil
}

// ofAll makes a refusal that came before the first request one of all changes.
func ofAll(changes []providers.Change, err error) error {
	if r, ok := errors.AsType[*providers.RefusedError](err); ok {
		r.Keys = nil
		for _, c := range changes {
			if c.Before != nil || c.After != nil {
				r.Keys = append(r.Keys, c.Key())
			}
		}
	}
	return err
}

func refuse(c providers.Change, reason string) error {
	return &providers.RefusedError{Keys: []zone.Key{c.Key()}, Culprit: c.Key(), Reason: reason}
}

func keysOf(groups []changeGroup) []zone.Key {
	var keys []zone.Key
	for _, g := range groups {
		for _, c := range g.changes {
			keys = append(keys, c.Key())
		}
	}
	return keys
}
