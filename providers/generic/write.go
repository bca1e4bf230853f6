package generic

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Write goes the way that the package comment shows. Receipt.Requests counts the
// calls that change something; each takes the vendor one request or more.
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	all, err := providers.NewBatch(z, changes, providers.Rules{Limits: p.quirks.Limits, Also: p.cannot})
	if err != nil {
		return providers.Receipt{}, fmt.Errorf("write %s: %w", z, err)
	}
	w := &writing{p: p, z: z, all: all}
	err = w.write(ctx)
	receipt := providers.Receipt{Requests: w.requests, Accepted: w.accepted}
	if err != nil {
		return receipt, fmt.Errorf("write %s: %w", z, err)
	}
	return receipt, nil
}

// writing is one Write under way.
type writing struct {
	p *Provider
	z zone.Name
	// seen is the zone before anything was written.
	seen *listing
	all  *providers.Batch
	// edits are the changes that take a write.
	edits []edit

	requests int
	accepted time.Time
}

// edit is a change whose precondition holds.
type edit struct{ providers.Change }

// retimed tells whether the TTL of a record changes.
func (e edit) retimed() bool {
	return e.Before != nil && e.After != nil && (e.Before.TTL != e.After.TTL || e.Before.Mixed)
}

// wants tells whether addr is in the wanted set.
func (e edit) wants(addr netip.Addr) bool {
	return e.After != nil && slices.Contains(e.After.Addrs, addr)
}

// stays tells whether addr is in both sets.
func (e edit) stays(addr netip.Addr) bool {
	return e.Before != nil && slices.Contains(e.Before.Addrs, addr) && e.wants(addr)
}

// retimes tells whether a value that stays gets another TTL.
func (e edit) retimes() bool { return e.retimed() && slices.ContainsFunc(e.After.Addrs, e.stays) }

func (w *writing) write(ctx context.Context) error {
	done, err := w.p.turns.Take(ctx, account)
	if err != nil || len(w.all.Changes) == 0 {
		return err
	}
	defer done()
	if w.seen, err = w.p.read(ctx, w.z); err != nil {
		return err
	}
	if err := w.check(); err != nil {
		return err
	}
	for _, c := range w.all.Changes {
		if live := find(w.seen, c.Key()); live != nil && c.Before != nil {
			c.Before.Mixed = live.Mixed
		}
		if !providers.Same(c.Before, c.After) || c.Before != nil && c.Before.Mixed {
			w.edits = append(w.edits, edit{c})
		}
	}
	if len(w.edits) == 0 {
		return nil
	}
	return w.carryOut(ctx)
}

// carryOut adds what is wanted, looks, deletes what is not, and looks again.
func (w *writing) carryOut(ctx context.Context) error {
	live, err := w.settle(ctx, w.grow(ctx), w.grown)
	if err != nil {
		return err
	}
	surplus := w.surplus(live)
	if len(surplus) == 0 && w.done(live) == nil {
		return nil
	}
	_, err = w.settle(ctx, w.remove(ctx, surplus), w.done)
	return err
}

// mutate makes a call that changes n records.
func (w *writing) mutate(ctx context.Context, what string, n int, f func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w.requests++
	if err := w.p.call(ctx, what, n, f); err != nil {
		return err
	}
	w.accepted = time.Now()
	return nil
}
