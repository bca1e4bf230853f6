package providers

import (
	"context"
	"sync"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Turns let one caller at a time work on a zone. An adapter whose vendor compares
// nothing takes a turn around the read and the write: of two writers that read
// the same, the later one would win without a word. It is no mutex, because a
// turn spans requests and waiting for it heeds the context. The zero value is
// ready.
type Turns struct {
	mu    sync.Mutex
	taken map[zone.Name]chan struct{}
}

// Take waits for z's turn, or returns the context's cause; done ends the turn. An
// adapter whose vendor wants one caller at all takes the turn of one name always.
func (t *Turns) Take(ctx context.Context, z zone.Name) (done func(), err error) {
	turn := t.of(z)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (t *Turns) of(z zone.Name) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	turn, ok := t.taken[z]
	if !ok {
		if t.taken == nil {
			t.taken = map[zone.Name]chan struct{}{}
		}
		turn = make(chan struct{}, 1)
		t.taken[z] = turn
	}
	return turn
}
