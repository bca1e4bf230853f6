package generic

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// readBacks is how often a read-back is made that is not as wanted: some
// vendors' lists lag behind their writes.
const readBacks = 3

// settle reads back and returns what is live, once reached is content with it.
// cause is the error of the step before, if any: then what is live decides what
// became of it.
func (w *writing) settle(ctx context.Context, cause error, reached func(*listing) error) (*listing, error) {
	if cause != nil && w.requests == 0 {
		return nil, cause
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w: a request was sent: %w", providers.ErrUnknown, errors.Join(context.Cause(ctx), cause))
	}
	var live *listing
	var missing error
	for try := range readBacks {
		if err := transport.Wait(ctx, time.Duration(try)*w.p.pause); err != nil {
			return nil, fmt.Errorf("%w: a request was sent: %w", providers.ErrUnknown, errors.Join(err, cause))
		}
		l, err := w.p.read(ctx, w.z)
		if err != nil {
			return nil, fmt.Errorf("%w: a request was sent, and the read behind it failed: %w", providers.ErrUnknown, errors.Join(err, cause))
		}
		live = l
		if missing = reached(live); missing == nil {
			return live, w.publish(ctx, cause)
		}
	}
	return nil, w.conclude(ctx, live, cause, missing)
}

// publish makes the vendor serve what it lists, where a failed call may have
// left that out.
func (w *writing) publish(ctx context.Context, cause error) error {
	if cause == nil || w.p.hooks.Publish == nil {
		return nil
	}
	err := w.mutate(ctx, "publish", 0, func(ctx context.Context) error { return w.p.hooks.Publish(ctx, w.z) })
	if err != nil {
		return fmt.Errorf("%w: the records are written and may not be served yet: %w", providers.ErrPartial, errors.Join(err, cause))
	}
	return nil
}

// conclude names the outcome of a write that did not come to what was wanted.
func (w *writing) conclude(ctx context.Context, live *listing, cause, missing error) error {
	if w.restore(ctx, live) {
		if l, err := w.p.read(ctx, w.z); err == nil {
			live = l
		}
	}
	switch {
	case !w.untouched(live):
		if err := w.publish(ctx, cause); err != nil {
			cause = err
		}
		return fmt.Errorf("%w: %w", providers.ErrPartial, errors.Join(cause, missing))
	case cause == nil:
		return w.all.Refuse(w.edits[0].Key(), "the provider accepted it, and nothing has changed: "+missing.Error())
	}
	return w.p.judgeWrite(cause, w.all.Keys())
}

// restore puts CNAME records back that were deleted for sets which did not come
// to be. It tells whether it wrote.
func (w *writing) restore(ctx context.Context, live *listing) bool {
	var records []libdns.Record
	var names []zone.Name
	for _, e := range w.edits {
		name := e.Key().Name
		if e.Replaces == "" || slices.Contains(names, name) || len(live.cnames[name]) > 0 || addressed(live, name) {
			continue
		}
		names = append(names, name)
		for _, c := range w.seen.cnames[name] {
			records = append(records, c.record)
		}
	}
	if len(records) == 0 {
		return false
	}
	// Whether it worked is what the next read shows.
	_ = w.append(ctx, records)
	return true
}

func addressed(l *listing, name zone.Name) bool {
	return find(l, zone.Key{Name: name, Type: zone.A}) != nil || find(l, zone.Key{Name: name, Type: zone.AAAA}) != nil
}

// untouched tells whether the sets and CNAME records are as they were seen.
func (w *writing) untouched(live *listing) bool {
	for _, e := range w.edits {
		if !providers.Same(find(live, e.Key()), find(w.seen, e.Key())) || len(live.cnames[e.Key().Name]) != len(w.seen.cnames[e.Key().Name]) {
			return false
		}
	}
	return true
}

// grown tells which wanted value is not there with its TTL, or which value there
// is neither old nor wanted.
func (w *writing) grown(live *listing) error {
	for _, e := range w.edits {
		values := live.values[e.Key()]
		for _, v := range values {
			if !e.wants(v.addr) && (e.Before == nil || !slices.Contains(e.Before.Addrs, v.addr)) {
				return w.differs(live, e)
			}
		}
		if e.After == nil {
			continue
		}
		for _, addr := range e.After.Addrs {
			if !e.settled(values, addr) {
				return w.differs(live, e)
			}
		}
		if e.Replaces != "" && len(live.cnames[e.Key().Name]) > 0 {
			return fmt.Errorf("%s: the CNAME record is still there", e.Key())
		}
	}
	return nil
}

// settled tells whether a value is there with the wanted TTL. Where no TTL changes,
// that of a value that stays is left alone: TTLFixed.
func (e edit) settled(values []value, addr netip.Addr) bool {
	return slices.ContainsFunc(values, func(v value) bool {
		return v.addr == addr && (v.ttl == e.After.TTL || e.stays(addr) && !e.retimed())
	})
}

// done tells which set is not as wanted.
func (w *writing) done(live *listing) error {
	if err := w.grown(live); err != nil {
		return err
	}
	for _, e := range w.edits {
		if !providers.Same(find(live, e.Key()), e.After) {
			return w.differs(live, e)
		}
	}
	return nil
}

// differs says what is there instead of what is wanted.
func (w *writing) differs(live *listing, e edit) error {
	return fmt.Errorf("wanted %s, found %s", orNone(e.After), orNone(find(live, e.Key())))
}

func orNone(r *zone.RRset) string {
	if r == nil {
		return "nothing"
	}
	return r.String()
}
