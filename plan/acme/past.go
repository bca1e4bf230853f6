package acme

import (
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/ledger"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Past is what is written down here of earlier work. Each function is called when
// a check first wants to know, from several goroutines; nil says that nothing is
// written down here.
type Past struct {
	// Changes returns the change log, the oldest entry first.
	Changes func() ([]journal.Change, error)
	// Windows returns the issuance windows whose proxies are off, or may be.
	Windows func() ([]journal.OpenWindow, error)
	// Runs returns the ids of the runs that were made here.
	Runs func() ([]string, error)
	// Tries returns the issuances that dnsplan has seen.
	Tries func() ([]ledger.Try, error)
	// Backup returns the newest backup of a zone, read again as a whole.
	Backup func(plan.ZoneRef) (Backup, error)
	// Watched returns when live was last compared with the inventory; zero where it
	// never was.
	Watched func() (time.Time, error)
}

// Backup is a copy of a zone. The zero value is none.
type Backup struct {
	Taken time.Time
	// Path is the file that it was read from.
	Path string
	// Snapshot is what it holds.
	Snapshot *zone.Snapshot
}

// told calls what may be nil.
func told[T any](f func() (T, error)) (v T, known bool, err error) {
	if f == nil {
		return v, false, nil
	}
	v, err = f()
	return v, err == nil, err
}

// logged is an entry of the change log.
type logged struct{ journal.Change }

// undone tells whether the entry's change was taken back.
func (l logged) undone() bool { return l.Outcome == "rolled back" }

// stands are the values that the entry has left, in the order of addresses.
func (l logged) stands() []string {
	if l.undone() {
		return l.OldValues
	}
	return l.NewValues
}

// proxied tells whether the entry has left the name proxied.
func (l logged) proxied() bool { return l.undone() && l.OldProxied || !l.undone() && l.NewProxied }

// leads tells whether the entry has changed where the name leads, and not its TTL
// alone.
func (l logged) leads() bool {
	return !slices.Equal(l.OldValues, l.NewValues) || l.OldProxied != l.NewProxied
}

// lastChange is the last entry of the change log about where the name leads; ok is
// false where there is none, or nobody knows.
func (e *examination) lastChange() (last logged, ok bool, err error) {
	all, err := e.history()
	for _, l := range all {
		if l.leads() {
			last, ok = l, true
		}
	}
	return last, ok, err
}

// history are the entries of the change log about the name, the oldest first; none
// where nobody knows.
func (e *examination) history() (out []logged, err error) {
	all, _, err := told(e.opts.Past.Changes)
	for _, c := range all {
		if z := e.subject.Zone; c.Zone == z.Zone && c.View == z.View && c.Name == e.subject.Name {
			out = append(out, logged{c})
		}
	}
	return out, err
}
