package acme

import (
	"sync"

	"golang.org/x/sync/errgroup"
)

// zoneEvidence is what has been asked about a zone, once for all its names.
type zoneEvidence struct {
	dnsZone
	httpZone
	operationZone
	tlsZone
}

// nameEvidence is what has been asked about one name, once for all its checks.
type nameEvidence struct {
	dnsName
	httpName
	tlsName
}

// lazy is evidence that is gathered when a check first wants it. Others that want
// it meanwhile wait.
type lazy[T any] struct {
	once sync.Once
	v    T
}

func (l *lazy[T]) get(gather func() T) T {
	l.once.Do(func() { l.v = gather() })
	return l.v
}

// lazies are lazy evidence of several things of a kind.
type lazies[K comparable, T any] struct {
	mu  sync.Mutex
	all map[K]*lazy[T]
}

func (l *lazies[K, T]) get(k K, gather func() T) T {
	l.mu.Lock()
	if l.all == nil {
		l.all = map[K]*lazy[T]{}
	}
	one, ok := l.all[k]
	if !ok {
		one = &lazy[T]{}
		l.all[k] = one
	}
	l.mu.Unlock()
	return one.get(gather)
}

// unbounded is the limit of ofEach that is none.
const unbounded = -1

// ofEach calls do for all of a list, as many at once as limit says, and returns what
// it returns, in their order.
func ofEach[In, Out any](list []In, limit int, do func(In) Out) []Out {
	out := make([]Out, len(list))
	var g errgroup.Group
	g.SetLimit(limit)
	for i, x := range list {
		g.Go(func() error {
			out[i] = do(x)
			return nil
		})
	}
	_ = g.Wait() // what fails is evidence, not an error
	return out
}

// filter are those of a list that keep holds for.
func filter[T any](list []T, keep func(T) bool) (out []T) {
	for _, x := range list {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}
