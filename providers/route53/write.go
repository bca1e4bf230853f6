package route53

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	b, err := providers.NewBatch(z, changes, providers.Rules{})
	if err != nil || len(changes) == 0 {
		return receipt, err
	}
	if ctx.Err() != nil {
		return receipt, context.Cause(ctx)
	}
	h, err := p.lookUp(ctx, z)
	if err != nil {
		return receipt, err
	}
	seen, requests, err := p.look(ctx, h, b)
	receipt.Requests = requests
	if err != nil {
		return receipt, err
	}
	if err := seen.admit(b); err != nil {
		return receipt, err
	}
	batches, err := seen.batches(b)
	if err != nil {
		return receipt, err
	}
	return p.send(ctx, h, batches, receipt)
}

// send writes the batches in order.
func (p *Provider) send(ctx context.Context, h hosted, batches []batch, receipt providers.Receipt) (providers.Receipt, error) {
	var ids []string
	for i, b := range batches {
		id, err := p.change(ctx, h, b)
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
func (p *Provider) change(ctx context.Context, h hosted, b batch) (string, error) {
	client := &noting{client: p.chain.Client()}
	out, err := p.client.ChangeResourceRecordSets(ctx, &sdk.ChangeResourceRecordSetsInput{
		HostedZoneId: &h.id,
		ChangeBatch:  &types.ChangeBatch{Changes: b.changes, Comment: aws.String("dnsplan")},
	}, func(o *sdk.Options) { o.HTTPClient = client })
	if errors.Is(client.err, providers.ErrUnknown) {
		err = client.err
	}
	if invalid, ok := errors.AsType[*types.InvalidChangeBatch](err); ok {
		return "", p.refused(ctx, h, b, invalid)
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
	return b.Refuse(culprit(err.Error(), b.Keys()), err.Error())
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

// look lists the names of a batch.
func (p *Provider) look(ctx context.Context, h hosted, b *providers.Batch) (sight, int, error) {
	names := make([]zone.Name, len(b.Groups))
	for i, g := range b.Groups {
		names[i] = g.Name
	}
	sets, requests, err := p.listNames(ctx, h, names)
	if err != nil {
		return sight{}, requests, err
	}
	snap, err := snapshot(b.Zone, sets)
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

// admit compares the changes with what is live. A CNAME record with a policy, or
// an alias, is not replaced.
func (s sight) admit(b *providers.Batch) error {
	return b.Check(s.snap, func(name zone.Name) string {
		_, detail := foreign(s.sets[rrkey{name, types.RRTypeCname}])
		return detail
	})
}
