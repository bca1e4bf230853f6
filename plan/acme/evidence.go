package acme

import "sync"

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

// ofEach calls do for all at once and returns what it returns, in their order.
func ofEach[In, Out any](list []In, do func(In) Out) []Out {
	out := make([]Out, len(list))
	var all sync.WaitGroup
	for i, x := range list {
		all.Go(func() { out[i] = do(x) })
	}
	all.Wait()
	return out
}
