// Package namesilo reads and writes the zones of a NameSilo account
// (https://www.namesilo.com/api-reference).
//
//	p, err := namesilo.New(namesilo.Config{Name: "ns", APIKey: key})
//	live, err := p.Read(ctx, "example.org.")
//
// The API knows records, not RRsets, one request each, and has neither batches
// nor preconditions. So a Write lists the zone, compares every Before, and then
// goes record by record, in an order in which no name ever has fewer values than
// before or after: values that are new are added first, or take the place of an
// old one under its id, and only then is removed what is left over. The one
// exception is a change that Replaces a CNAME, beside which the API accepts no
// address: the CNAME is deleted, the address added at once, and the CNAME put
// back when that is refused. What another client writes between the list and
// the last request is noticed only where the API refuses a duplicate.
//
// TTLs are from 3600 seconds to 30 days. NameSilo publishes changes every 15
// minutes or later, and may change a TTL of 3603 or 7207 by itself
// (https://www.namesilo.com/support/v2/articles/domain-manager/dns-manager).
//
// All requests are GETs that carry the key in their query. It is kept out of
// every error and every line of log. Software that runs on its own must use the
// base URL https://www.namesilo.com/apibatch; NameSilo limits it under /api
// (https://www.namesilo.com/support/v2/articles/account-options/api-automated-batch).
//
// libdns/namesilo v1.0.0 is not used: its SetRecords gives several values to one
// and the same record, its errors show the key, it knows no other address than
// the vendor's, one record alone, which the API may send without a list around
// it, is an error to it, and net/http repeats its writes, which are GETs, when a
// reply is lost. Tests beside this package show each.
package namesilo
