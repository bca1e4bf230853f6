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
	w := &writing{p: p, z: z}
	err := w.write(ctx, changes)
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
	// all are the changes of the batch, edits those that take a write.
	all, edits []edit

	requests int
	accepted time.Time
}

// edit is a change whose precondition holds.
type edit struct {
	key           zone.Key
	before, after *zone.RRset
	replaces      zone.Name
}

// retimed tells whether the set's TTL changes.
func (e edit) retimed() bool {
	return e.before != nil && e.after != nil && e.before.TTL != e.after.TTL
}

// wants tells whether addr is in the wanted set.
func (e edit) wants(addr netip.Addr) bool {
	return e.after != nil && slices.Contains(e.after.Addrs, addr)
}

// stays tells whether addr is in both sets.
func (e edit) stays(addr netip.Addr) bool {
	return e.before != nil && slices.Contains(e.before.Addrs, addr) && e.wants(addr)
}

// retimes tells whether a value that stays gets another TTL.
func (e edit) retimes() bool { return e.retimed() && slices.ContainsFunc(e.after.Addrs, e.stays) }

func (w *writing) write(ctx context.Context, changes []providers.Change) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(changes) == 0 {
		return nil
	}
	var err error
	if w.all, err = w.plan(changes); err != nil {
		return err
	}
	if err := w.p.acquire(ctx); err != nil {
		return err
	}
	defer w.p.release()
	if w.seen, err = w.p.read(ctx, w.z); err != nil {
		return err
	}
	for _, e := range w.all {
		if err := w.compare(e); err != nil {
			return err
		}
		if !same(e.before, e.after) {
			w.edits = append(w.edits, e)
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

// mutate makes a call that changes something.
func (w *writing) mutate(ctx context.Context, what string, f func(context.Context) error) error {
	if err := w.p.admit(ctx, what); err != nil {
		return err
	}
	w.requests++
	if err := w.p.guard(ctx, what, f); err != nil {
		return err
	}
	w.accepted = time.Now()
	return nil
}
