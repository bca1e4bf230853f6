// Package generic makes a provider out of any libdns provider
// (https://github.com/libdns/libdns) and a written list of what that one's code
// and its vendor really do: its Quirks.
//
//	p, err := generic.New(&gandi.Provider{BearerToken: token}, generic.Catalogue()["gandi"].Quirks,
//		generic.Hooks{}, generic.Config{Name: "gandi", Secrets: []string{token}})
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
// unchanged is the plain error, anything else is providers.ErrPartial, and where
// even the read fails, providers.ErrUnknown. Writes of one Provider go one after
// the other.
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
// and whether GetRecords pages, then write that down.
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
//   - azure, googleclouddns: each would about double the size of the program.
//   - cloudflare, route53, namesilo, powerdns, rfc2136: they have adapters of their own.
package generic
