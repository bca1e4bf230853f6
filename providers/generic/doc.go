// Package generic makes a provider out of any libdns provider
// (https://github.com/libdns/libdns) and a written list of what that one's code
// and its vendor really do: its Quirks.
//
//	http.DefaultTransport = transport.NewCarrier(transport.Bounded(http.DefaultTransport)) // once, in main
//	p, err := generic.Catalogue()["gandi"].Open(settings)
//
// Adapters gives openers for all types of the Catalogue, for a
// providers.Registry.
//
// # How it writes
//
// libdns says that SetRecords replaces an RRset. Some providers append with it,
// some empty the name first, some keep only the last of several values. So a
// write is made of small steps, each of which can be looked at:
//
//	read the zone, compare all preconditions
//	delete the CNAME records that are replaced
//	append the new values; change the TTL of those that stay
//	read: all wanted values are there, or stop
//	delete the old values, by the very records that were read
//	read: the sets are as wanted, or say what is there instead
//
// SetRecords is called only where Quirks.TTL says what it does. When a step
// fails, what is live decides: as wanted is a success (the reply was lost),
// unchanged is the error itself (providers.ErrUnknown where the request may still
// be acted on), anything else is providers.ErrPartial, and where even the read
// fails, providers.ErrUnknown. Writes of one Provider go one after the other.
//
// # How it makes requests
//
// All requests of a Provider go through one chain of package transport, which
// limits, repeats, logs and redacts. Most libdns providers take no HTTP client and
// use http.DefaultTransport, where the program has put a transport.Carrier. It
// finds the chain in the request's context, so that two accounts at one vendor
// never meet. Quirks.Chain says for each type how its requests get there. What the
// chain said to them counts, also where libdns has made text of it.
//
// # What libdns does not show
//
// Weights, geographic targets, health checks, disabled records and comments of
// a vendor do not come through libdns: such records look like ordinary ones.
// Names that use them belong under the inventory's ignore. An error of libdns
// has no type, so the reason is taken from its text where the vendor's SDK has
// no typed one.
//
// # One provider more
//
// It takes three lines. In inventory/generic.go, the settings:
//
//	"vendor": {{key: "api_token", secret: true, variables: []string{"VENDOR_TOKEN"}}},
//
// In catalog.go, the import and the entry, for which there is room in a function
// of its own as soon as there are quirks to write down:
//
//	"github.com/libdns/vendor"
//	"vendor": {Quirks{TTL: TTLFixed}, func(s *Setup) (Libdns, Hooks, error) { return &vendor.Provider{Token: s.Secret("api_token")}, Hooks{}, s.Err() }},
//
// An entry without further quirks is safe: it never calls SetRecords, and so it
// refuses to change the TTL of a value that stays. Read the provider's code for
// what AppendRecords does to a value that is there, what DeleteRecords compares,
// whether GetRecords pages, and how it makes its requests, then write that down.
// One that takes neither http.DefaultTransport nor a client fails its first read.
//
// # Left out, and why
//
//   - porkbun, godaddy, ionos, netcup: DeleteRecords takes the whole RRset, or the first record it meets.
//   - huaweicloud: deletes the whole set. alidns: caps TTLs, and races with itself.
//   - namecheap, mailinabox: every write sets all records of the zone anew.
//   - linode: swallows errors and replaces the program's logger.
//   - scaleway: reads the first page only. tencentcloud: refused credentials read as an empty zone.
//   - infomaniak: does not see the apex. dynv6, dynu, duckdns, he: for single dynamic names.
//   - inwx: not safe for concurrent use.
//   - luadns: its SDK makes a transport of its own, which takes none of ours: nothing would limit, repeat or log its requests.
//   - azure, googleclouddns: each would about double the size of the program.
//   - cloudflare, route53, namesilo, powerdns, rfc2136: they have adapters of their own.
package generic
