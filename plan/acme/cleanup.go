package acme

import (
	"context"
	"sync"
	"time"
)

// cleaning is how long it may take to remove one token.
const cleaning = 30 * time.Second

// cleanup undoes one thing that was placed.
type cleanup struct {
	undo func(context.Context) error
	// left is the finding where that fails.
	left func(error) Finding
}

// cleanups are what is to be undone at the end of an examination. The zero value
// is empty.
type cleanups struct {
	mu  sync.Mutex
	all []cleanup
}

func (c *cleanups) add(one cleanup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, one)
}

// cleanUp undoes what examinations have placed, also where the context has ended,
// and several at the same time.
func cleanUp(ctx context.Context, all []*examination) (out []Finding) {
	found := make([][]Finding, len(all))
	var g sync.WaitGroup
	for i, e := range all {
		if len(e.cleanups.all) > 0 {
			g.Go(func() { found[i] = e.cleanUp(ctx) })
		}
	}
	g.Wait()
	for _, f := range found {
		out = append(out, f...)
	}
	return out
}

func (e *examination) cleanUp(ctx context.Context) (out []Finding) {
	for _, c := range e.cleanups.all {
		limited, stop := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		if err := c.undo(limited); err != nil {
			row := check{id: "H-TOKEN", severity: Warning}
			out = append(out, e.complete(row, []Finding{c.left(err)})...)
		}
		stop()
	}
	return out
}
