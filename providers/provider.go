// Package providers is the contract between dnsplan and whatever holds a zone:
// a vendor's API, a DNS server or a file. Each adapter has a folder of its own
// and passes the suite in providertest.
//
// A provider is asked for a whole zone, and told to replace what was seen by
// what is wanted:
//
//	live, err := p.Read(ctx, "example.org.")
//	before, _ := live.Find(key)
//	after := before.Clone()
//	after.TTL = 300
//	receipt, err := p.Write(ctx, "example.org.", []providers.Change{{Before: &before, After: &after}})
//
// Providers speak RRsets and know nothing of plans.
package providers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Provider is what every adapter does. Implementations are safe for concurrent
// use, honour the context's cancellation between and during their requests, and
// return no secret in any error.
type Provider interface {
	// Read returns the zone as it stands, sorted. A read that is not complete
	// is an error, never a shorter snapshot. A set whose records have several TTLs
	// has the highest, and is Mixed where Write can make them equal.
	// Errors: ErrZoneNotFound, ErrCredentials, ErrNoListing, a *RateLimitError,
	// or others.
	Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error)

	// Write makes each change, in as few requests as the vendor allows and as
	// atomically as it can: the values of a name are replaced in one operation,
	// or new ones are added before old ones are removed. Values that stay keep
	// their ids, and their comments and tags unless After has others. Records of
	// other types are not touched, but for the CNAME that a change Replaces.
	//
	// A Mixed set gets one TTL, also where After has that of Before.
	//
	// Before is the precondition of a change. Where live differs, nothing of
	// the batch that holds it is written and the error is a *ConflictError.
	// Other errors: ErrPartial when an earlier batch has landed, ErrUnknown when
	// a reply was lost (read, then decide; never write again blindly),
	// ErrForeign, ErrCredentials, a *RefusedError, a *RateLimitError.
	// With any error but ErrPartial and ErrUnknown nothing was written.
	Write(ctx context.Context, z zone.Name, changes []Change) (Receipt, error)

	// Limits returns what holds for the zone, without a request.
	Limits(z zone.Name) Limits
}

// Change replaces Before by After. Both have the same key.
type Change struct {
	// Before is the set as it was seen; nil when there was none. Its Members count
	// where After has some: comments and tags that were edited since are a conflict.
	Before *zone.RRset
	// After is the set as it is wanted; nil to delete it. Where it has a Member
	// for each address, their comments and tags are wanted too, as a set out of a
	// backup has them; without, those of values that stay are kept. Ids are the
	// provider's own.
	After *zone.RRset
	// Replaces is the target of the CNAME record at the name that is deleted
	// in the same operation; empty when there is none.
	Replaces zone.Name
}

// Key returns the key of the RRset that c is about.
func (c Change) Key() zone.Key {
	if c.Before != nil {
		return c.Before.Key
	}
	return c.After.Key
}

// Receipt tells what a write did.
type Receipt struct {
	// ID is the vendor's handle of the change, for a Syncer; may be empty.
	ID string
	// Requests is how many requests, messages or file writes it took.
	Requests int
	// Accepted is when the provider accepted the last of them.
	Accepted time.Time
}

// Limits are the bounds of a provider for one zone.
type Limits struct {
	// MinTTL and MaxTTL bound the TTLs that the provider accepts; 0 is no bound.
	MinTTL, MaxTTL zone.TTL
	// Sync is how long the provider says it needs until all its servers
	// serve a change; 0 when it does not say.
	Sync time.Duration
	// Late is how long after a request was sent it may still be applied where nobody
	// has heard its answer, because it was lost or the process has died: what is read
	// before is no proof that it is not. 0 is not at all: the write has ended, or will
	// never be, when the process that makes it has.
	Late time.Duration
	// Proxy says that the provider has a CDN proxy that can be toggled; see
	// SetProxied.
	Proxy bool
	// Comments says that the provider keeps a comment beside an address, or a set,
	// and writes those that the Members of a change's After have.
	Comments bool
	// Batch is how many changes one write takes at once; more are split, in the
	// order given, A and AAAA of one name never apart. 0 is no bound that can be
	// told beforehand.
	Batch int
	// Atomic says that what is written at once is applied whole or not at all.
	Atomic bool
	// Conditional says that the provider itself compares Before as it writes.
	// The other adapters read right before they write: what someone else sets in
	// the moment between is not noticed.
	Conditional bool
}

// LateHTTP is the Late of a vendor's API: it queues what it has taken, and goes on with
// it when the client has gone.
const LateHTTP = 30 * time.Second

// LateServer is the Late of a server of one's own: what is on its way to it, or waits
// for its disk, while it answers questions out of what was there before.
const LateServer = 2 * time.Second

// Syncer is a Provider whose API tells when a change has reached all of its
// authoritative servers.
type Syncer interface {
	// WaitInSync returns when the change of r is served everywhere, or with
	// the context's error.
	WaitInSync(ctx context.Context, z zone.Name, r Receipt) error
}

// Looker is a Provider that can read some RRsets for less than the whole zone.
type Looker interface {
	// Look returns the snapshot of just these keys and the CNAME records at
	// their names, with the same care as Read. Keys that do not exist are
	// absent from it.
	Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error)
}

// Lister is a Provider that can list the zones it holds.
type Lister interface {
	ListZones(ctx context.Context) ([]zone.Name, error)
}

// Budgeter is a Provider whose vendor counts requests.
type Budgeter interface {
	// Budget returns what is left, as the vendor told last. It makes no request.
	Budget() Budget
}

// Budget is how many requests a vendor takes in a span of time.
type Budget struct {
	// Limit is the most requests in a span; 0 is not known.
	Limit int
	// Remaining is how many of them are left until Reset.
	Remaining int
	Reset     time.Time
	// Used is how many requests this provider has made so far.
	Used int
}

// Examiner is a Provider that can tell more of its access than a read does.
type Examiner interface {
	// Examine asks the vendor about the caller's credentials, about what they
	// permit as far as that can be told without writing, and about the given
	// zones. It returns findings also where a request fails, and writes nothing.
	Examine(ctx context.Context, zones []zone.Name) []Finding
}

// Finding is one thing that an Examiner has found out.
type Finding struct {
	// Topic is what it is about: "server" (where it cannot be reached),
	// "credentials", "permissions", "zone" or "clock".
	Topic string
	// Zone is the zone it is about; empty for the whole provider.
	Zone    zone.Name
	Verdict Verdict
	// Detail says what was found, and Remedy what to do about it, which is
	// empty where nothing is, or nothing that Err does not tell.
	Detail, Remedy string
	// Err is why, where something failed. It is not shown itself: whoever shows
	// the finding may know what to do about it.
	Err error
}

// Verdict is what a Finding means.
type Verdict uint8

// The verdicts.
const (
	Good    Verdict = iota // as it should be
	Unclear                // cannot be told from here
	Bad                    // it will stop a plan or a run
)

// String returns "ok", "unclear" or "wrong"; "verdict(7)" for one of no name.
func (v Verdict) String() string {
	words := [...]string{Good: "ok", Unclear: "unclear", Bad: "wrong"}
	if int(v) >= len(words) {
		return fmt.Sprintf("verdict(%d)", uint8(v))
	}
	return words[v]
}

// MarshalText writes String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// ReadOrLook reads the whole zone or, where the provider does not list it
// (ErrNoListing), looks at keys. That snapshot is Blind, and says why.
func ReadOrLook(ctx context.Context, p Provider, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	s, err := p.Read(ctx, z)
	l, looks := p.(Looker)
	if !looks || !errors.Is(err, ErrNoListing) {
		return s, err
	}
	refusal := err
	if s, err = l.Look(ctx, z, keys); err != nil {
		return nil, err
	}
	s.Blind = refusal.Error()
	return s, nil
}

// Look reads keys through p's Looker, or out of a whole read where it has none.
// The snapshot may hold more than was asked for.
func Look(ctx context.Context, p Provider, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	if l, ok := p.(Looker); ok {
		return l.Look(ctx, z, keys)
	}
	return p.Read(ctx, z)
}
