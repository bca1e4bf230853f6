package memory

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// moment is when a fault strikes.
type moment uint8

const (
	onRead       moment = iota // in place of a read
	beforeCheck                // before a write looks at its preconditions
	insteadWrite               // in place of a write
	afterWrite                 // behind a write that has landed
	amidWrite                  // behind the first changes of a write
)

// Fault is one thing that goes wrong, once. Faults of one kind strike in the
// order in which they were injected.
type Fault struct {
	when    moment
	err     error
	refused *refusal
	moved   bool
	landed  int
	edit    func(*zone.Snapshot)
}

type refusal struct {
	reason  string
	culprit zone.Key
}

var (
	errPage = errors.New("the provider answered with an error")
	errLost = errors.New("reply lost")
	errRest = errors.New("a later batch failed")
)

// FailRead makes the next read fail with err.
func FailRead(err error) Fault { return Fault{when: onRead, err: err} }

// FailPage makes the next read fail on page n, behind n-1 that were read.
func FailPage(n int) Fault {
	return Fault{when: onRead, err: fmt.Errorf("page %d: %w", n, errPage)}
}

// FailWrite makes the next write fail with err, nothing written.
func FailWrite(err error) Fault { return Fault{when: insteadWrite, err: err} }

// RefuseWrite makes the next write fail with a *providers.RefusedError that
// has reason, and culprit where it is not zero.
func RefuseWrite(reason string, culprit zone.Key) Fault {
	return Fault{when: insteadWrite, refused: &refusal{reason, culprit}}
}

// ConflictWrite makes the next write fail with a *providers.ConflictError that
// lists the keys of the batch and does not tell what is there now.
func ConflictWrite() Fault { return Fault{when: insteadWrite, moved: true} }

// LoseReply lets the next write land, and returns an ErrUnknown for it.
func LoseReply() Fault {
	return Fault{when: afterWrite, err: fmt.Errorf("%w: %w", providers.ErrUnknown, errLost)}
}

// PartWrite lets the first n changes of the next write land, and returns an
// ErrPartial for it.
func PartWrite(n int) Fault {
	return Fault{when: amidWrite, landed: n, err: fmt.Errorf("%w: %w", providers.ErrPartial, errRest)}
}

// MoveFirst lets somebody else edit the zone right before the next write looks
// at its preconditions.
func MoveFirst(edit func(*zone.Snapshot)) Fault { return Fault{when: beforeCheck, edit: edit} }

// Inject queues faults.
func (p *Provider) Inject(faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, faults...)
}

// Pending returns how many faults have not struck yet.
func (p *Provider) Pending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.faults)
}

// take removes and returns the first fault of a moment.
func (p *Provider) take(when moment) (Fault, bool) {
	i := slices.IndexFunc(p.faults, func(f Fault) bool { return f.when == when })
	if i < 0 {
		return Fault{}, false
	}
	f := p.faults[i]
	p.faults = slices.Delete(p.faults, i, i+1)
	return f, true
}
