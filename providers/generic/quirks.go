package generic

import (
	"context"
	"net/http"
	"time"

	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Libdns is what the adapter needs of a libdns provider. A libdns.RecordSetter
// is used where Quirks.TTL says so, and a libdns.ZoneLister where there is one.
type Libdns interface {
	libdns.RecordGetter
	libdns.RecordAppender
	libdns.RecordDeleter
}

// TTLRoute says how the TTL of a value that stays is changed without a moment
// in which the value is missing.
type TTLRoute uint8

// The routes. Those with SetRecords need a libdns.RecordSetter.
const (
	// TTLFixed: there is no sound way; such a change is refused.
	TTLFixed TTLRoute = iota
	// TTLAppend: AppendRecords of a value that is there gives its whole RRset
	// the new TTL, in one request.
	TTLAppend
	// TTLReplace: SetRecords replaces whole RRsets, each in one request. It is
	// taken for everything but deletions of a whole RRset.
	TTLReplace
	// TTLInPlace: SetRecords of the very record that was read, with another TTL
	// (Quirks.Retime), changes just that record, in one request.
	TTLInPlace
	// TTLInPlaceSet: SetRecords of a whole RRset in which one TTL differs
	// changes just that record, in one request.
	TTLInPlaceSet
	// TTLBeside: a value may stand twice with two TTLs, and DeleteRecords minds
	// the TTL: the new one is appended before the old one is deleted.
	TTLBeside
	// TTLHook: Hooks.SetTTL does it.
	TTLHook
)

// String returns the route as the documentation lists it.
func (r TTLRoute) String() string {
	return [...]string{
		"refused", "append sets it", "SetRecords replaces the set", "SetRecords changes the record",
		"SetRecords changes the record", "append, then delete", "the vendor's own API",
	}[r]
}

// ChainRoute says how the requests of a libdns provider come to the chain of
// package transport.
type ChainRoute uint8

// The routes. All but ChainByClient need a transport.Carrier in the place of
// http.DefaultTransport.
const (
	// ChainByContext: the provider makes its requests with the context that it
	// was given, through http.DefaultTransport, where the carrier finds the chain
	// in the context.
	ChainByContext ChainRoute = iota
	// ChainByClaim: as ChainByContext, but some requests have no context of ours;
	// Hooks.Claims tells them by what they carry.
	ChainByClaim
	// ChainByClient: the provider takes the client that Setup.Client makes.
	ChainByClient
)

// String returns the route as the documentation lists it.
func (r ChainRoute) String() string {
	return [...]string{"by its context", "by its context, or by what the request carries", "by the client that it takes"}[r]
}

// Quirks are what a libdns provider and its vendor really do. They are data;
// the zero value is a careful one.
type Quirks struct {
	// Limits are the vendor's. A TTL outside of them is refused beforehand,
	// because vendors clamp in silence.
	Limits providers.Limits
	// TTLs are the only TTLs that the vendor takes, in order; nil is any.
	TTLs []zone.TTL
	// DefaultTTL is what a record with the TTL 0 lasts.
	DefaultTTL zone.TTL
	// TTL says how the TTL of a value that stays is changed.
	TTL TTLRoute
	// TTLFirst says that the vendor refuses a new value whose TTL is not that of
	// the values there. With TTLHook, the set's TTL is then changed before.
	TTLFirst bool

	// AbsoluteNames says that a name which ends in the zone's name may be
	// absolute, without a final dot.
	AbsoluteNames bool
	// AbsoluteTargets says that targets of CNAME, NS, MX and SRV records are
	// absolute without a final dot. Elsewhere they are as in a zone file.
	AbsoluteTargets bool

	// NeverEmpty says that each zone has records at the vendor, so that a list
	// without any is a failed one.
	NeverEmpty bool
	// ExactZone says that the provider takes a zone that it does not find for a
	// part of its parent, so that the list of zones is asked first.
	ExactZone bool
	// ByID says that DeleteRecords deletes the very record that it is given and
	// no other of the same value, so that duplicates can be told apart.
	ByID bool
	// Serial says that the provider holds a lock while it waits for the vendor,
	// which no context ends: reads then go one after the other too.
	Serial bool

	// Retime returns a record that was read with another TTL, for TTLInPlace.
	Retime func(r libdns.Record, ttl time.Duration) libdns.Record
	// Status returns the HTTP status in one of the vendor's typed errors, or 0.
	Status func(error) int
	// NoZone are parts of texts that say that there is no such zone, and
	// NoAccess of texts that say that the credentials are refused.
	NoZone, NoAccess []string

	// Chain says how the provider's requests come to the chain.
	Chain ChainRoute
	// Writes tells the requests that change something; nil is every method but
	// GET and HEAD. It must not read the body.
	Writes func(*http.Request) bool
	// Redirects says that the provider asks for addresses that the vendor sends
	// it on from, within the same host.
	Redirects bool
	// Rate is the most requests a second, and Burst how many at once; 0 is no
	// bound. The chain holds to them.
	Rate  float64
	Burst int
	// Timeout bounds one libdns call, with another 5 s for each record that it is
	// to change; 0 is two minutes.
	Timeout time.Duration

	// Notes are what a person should know, one sentence each.
	Notes []string
}

// Hooks do what libdns cannot, over the vendor's own API.
type Hooks struct {
	// SetTTL gives all records at name (relative to the zone, "@" for the apex)
	// of a type the TTL, for TTLHook.
	SetTTL func(ctx context.Context, z zone.Name, name string, typ zone.Type, ttl zone.TTL) error
	// Claims tells a request that the libdns provider made without the context it
	// was given, for ChainByClaim. It must be true of no other provider's.
	Claims func(*http.Request) bool
	// Publish makes the vendor serve what its API lists. It is called after a
	// libdns call failed that has changed something all the same.
	Publish func(ctx context.Context, z zone.Name) error
}
