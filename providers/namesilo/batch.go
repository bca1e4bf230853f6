package namesilo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// undoTime bounds putting a CNAME back, also after the caller has given up.
const undoTime = time.Minute

// batch is the requests of one Write.
type batch struct {
	*providers.Batch
	p     *Provider
	steps []step
}

// run makes the requests. It ends at the first that fails.
func (b *batch) run(ctx context.Context) error {
	for i, s := range b.steps {
		if _, err := b.p.call(ctx, s.op, s.params); err != nil {
			return b.failed(ctx, i, err)
		}
	}
	return nil
}

// failed is the error of step i, which tells what has landed before it. A CNAME
// that was deleted to make room for step i is put back, unless step i may have
// landed.
func (b *batch) failed(ctx context.Context, i int, cause error) error {
	landed := i
	var lost error
	if i > 0 && b.steps[i-1].undo != nil && !errors.Is(cause, providers.ErrUnknown) {
		if lost = b.undo(ctx, *b.steps[i-1].undo); lost == nil {
			landed--
		}
	}
	err := b.explain(ctx, b.steps[i], landed, cause)
	if lost != nil {
		undo := b.steps[i-1].undo.params
		err = fmt.Errorf("%w; the CNAME %s of it is deleted and was not put back: %w", err, undo.Get("rrvalue"), lost)
	}
	if landed == 0 {
		return err
	}
	return fmt.Errorf("%w: %d of %d records: %w", providers.ErrPartial, landed, len(b.steps), err)
}

func (b *batch) undo(ctx context.Context, s step) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	_, err := b.p.call(ctx, s.op, s.params)
	return err
}

// explain turns the refusal of step s into an error for the caller.
func (b *batch) explain(ctx context.Context, s step, landed int, cause error) error {
	c := b.Changes[s.change]
	no, ok := errors.AsType[*refusal](cause)
	switch {
	case !ok || errors.Is(cause, providers.ErrUnknown) || errors.Is(cause, providers.ErrCredentials):
		return fmt.Errorf("%s: %w", c.Key(), cause)
	case no.noZone():
		return fmt.Errorf("%s: %w", c.Key(), explain(cause))
	case s.op == opAddRecord && no.duplicate():
		return fmt.Errorf("%w: %w", b.conflict(ctx, c), cause)
	}
	untouched := b.untouched(landed)
	if !slices.Contains(untouched, c.Key()) {
		return fmt.Errorf("%s: refused: %w", c.Key(), cause)
	}
	return &providers.RefusedError{Keys: untouched, Culprit: c.Key(), Reason: cause.Error()}
}

// conflict tells what stands in the place of what c is to add.
func (b *batch) conflict(ctx context.Context, c providers.Change) error {
	live, err := b.p.Read(ctx, b.Zone)
	if err != nil {
		return &providers.ConflictError{Keys: []zone.Key{c.Key()}, Seen: c.Before}
	}
	return providers.Conflict(live, c)
}

// untouched are the sets of which none of the first landed steps was.
func (b *batch) untouched(landed int) []zone.Key {
	begun := make(map[int]bool)
	for _, s := range b.steps[:landed] {
		begun[s.change] = true
	}
	var keys []zone.Key
	for i, c := range b.Changes {
		if !begun[i] {
			keys = append(keys, c.Key())
		}
	}
	return keys
}
