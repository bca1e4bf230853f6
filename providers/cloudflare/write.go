package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// Write lists the zone, or the one name that changes are about, and sends one
// batch, or more where the zone's plan takes no more records at once. Writes to
// one zone through one provider take turns, so that of two with the same
// precondition one is a conflict.
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	receipt, err := p.write(ctx, z, changes)
	if err != nil {
		return receipt, fmt.Errorf("write %s: %w", z, err)
	}
	return receipt, nil
}

func (p *Provider) write(ctx context.Context, z zone.Name, changes []providers.Change) (receipt providers.Receipt, err error) {
	if ctx.Err() != nil {
		return receipt, context.Cause(ctx)
	}
	b, err := providers.NewBatch(z, changes, providers.Rules{Limits: providers.Limits{Proxy: true}})
	if err != nil || len(changes) == 0 {
		return receipt, err
	}
	done, err := p.writes.Take(ctx, z)
	if err != nil {
		return receipt, err
	}
	defer done()
	var n tally
	defer func() { receipt.Requests = int(n) }()
	v, err := p.view(ctx, &n, z, onlyName(b.Keys()))
	if err != nil {
		return receipt, err
	}
	limits := p.Limits(z) // by the zone's plan, which is known now
	if err := b.Within(limits); err != nil {
		return receipt, err
	}
	if err := v.check(b); err != nil {
		return receipt, err
	}
	batches, err := compile(v, b, limits.Batch)
	if err != nil {
		return receipt, err
	}
	receipt.Accepted = time.Now()
	for i, b := range batches {
		if err := p.post(ctx, &n, z, b); err != nil && i > 0 {
			return receipt, fmt.Errorf("%w: batch %d of %d: %w", providers.ErrPartial, i+1, len(batches), err)
		} else if err != nil {
			return receipt, err
		}
		receipt.Accepted = time.Now()
	}
	return receipt, nil
}

// check compares a batch with what is live. A CNAME record that cannot be written
// is not replaced.
func (v *view) check(b *providers.Batch) error {
	return b.Check(v.snapshot, func(name zone.Name) string {
		for _, r := range v.cnames[name] {
			if why := r.readOnly(); why != "" {
				return why
			}
		}
		return ""
	})
}

// post sends one batch
// (https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/batch/).
func (p *Provider) post(ctx context.Context, n *tally, z zone.Name, b batch) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	info, err := p.zone(ctx, n, z)
	if err != nil {
		return err
	}
	err = p.send(ctx, n, info.ID, b)
	refusal, refused := errors.AsType[*apiError](err)
	switch {
	case err == nil:
		return nil
	case strayed(err) && !errors.Is(err, providers.ErrUnknown):
		return fmt.Errorf("%w: the batch was sent: %w", providers.ErrUnknown, err)
	case gone(err):
		return p.lost(z, err)
	}
	if err := explain(err, dnsEdit); !refused || errors.Is(err, providers.ErrCredentials) {
		return err
	}
	return p.refused(ctx, n, z, b, refusal)
}

// strayed tells whether a write was answered as if it had been taken, but not by
// the API.
func strayed(err error) bool {
	a, ok := errors.AsType[*transport.AnswerError](err)
	return errors.Is(err, errNotAPI) || ok && a.Status < http.StatusMultipleChoices
}

// refused turns a refusal of a batch into an error. Where it may come from a
// record that someone else has just set or removed, the names are looked at
// again.
func (p *Provider) refused(ctx context.Context, n *tally, z zone.Name, b batch, refusal *apiError) error {
	refused := b.Refuse(b.culprit(refusal), refusal.Error())
	if !refusal.has(codeNoSuchRecord, codeAddressThere, codeCNAMEThere, codeRecordThere, codeIdentical) {
		return refused
	}
	if v, err := p.view(ctx, n, z, onlyName(refused.Keys)); err == nil {
		if err := v.check(b.Batch); err != nil {
			return err
		}
	}
	if !refusal.has(codeNoSuchRecord, codeRecordThere, codeIdentical) {
		return refused
	}
	keys := refused.Keys
	if refused.Culprit != (zone.Key{}) {
		keys = []zone.Key{refused.Culprit}
	}
	return fmt.Errorf("%w: %w", &providers.ConflictError{Keys: keys}, refusal)
}
