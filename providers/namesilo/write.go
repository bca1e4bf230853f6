package namesilo

import (
	"context"
	"fmt"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Write lists the zone, compares every Before, and makes the changes record by
// record, names in the order given and A and AAAA of one name together; see the
// package comment. A failure of the first request is an error by itself; behind
// it, it is wrapped in ErrPartial. One Write runs at a time.
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	receipt, err := p.write(ctx, z, changes)
	if err != nil {
		return providers.Receipt{}, fmt.Errorf("write zone %s: %w", z, err)
	}
	return receipt, nil
}

func (p *Provider) write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	all, err := providers.NewBatch(z, changes, providers.Rules{Limits: p.Limits(z), Also: sentTTL})
	if err != nil {
		return providers.Receipt{}, err
	}
	done, err := p.turns.Take(ctx, account)
	if err != nil || len(changes) == 0 {
		return providers.Receipt{}, err
	}
	defer done()
	records, err := p.list(ctx, z)
	if err != nil {
		return providers.Receipt{}, err
	}
	live := newHeld(z, records)
	if err := live.check(all); err != nil {
		return providers.Receipt{}, err
	}
	b := &batch{Batch: all, p: p, steps: live.steps(all)}
	if err := b.run(ctx); err != nil {
		return providers.Receipt{}, err
	}
	return providers.Receipt{Requests: 1 + len(b.steps), Accepted: time.Now()}, nil
}

// sentTTL says that NameSilo does not take a TTL out of its bounds again
// with another value: an update sends both.
func sentTTL(c providers.Change) string {
	if ttl := c.After.TTL; (ttl < minTTL || ttl > maxTTL) && !providers.Same(c.Before, c.After) {
		return fmt.Sprintf("TTL %d is not from %d to %d, and NameSilo wants it with every value", ttl, minTTL, maxTTL)
	}
	return ""
}
