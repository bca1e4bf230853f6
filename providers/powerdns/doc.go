// Package powerdns reads and changes zones of a PowerDNS Authoritative Server
// over its HTTP API (https://doc.powerdns.com/authoritative/http-api/).
//
//	p, err := powerdns.New(powerdns.Config{
//		Name:      "pdns",
//		ServerURL: "https://dns.example.org:8081",
//		APIKey:    key,
//	})
//	live, err := p.Read(ctx, "example.org.")
//
// A zone is read in one request. A write is one such read, which the changes
// are compared with, and one PATCH of all RRsets, which PowerDNS applies whole
// or not at all. The API has no compare-and-set: what someone else sets between
// the two is not noticed. PowerDNS's dynamic updates have one, which package
// rfc2136 uses; but they drop the disabled records and the comments of each RRset
// that they change.
//
// What PowerDNS keeps beside live addresses:
//
//   - A disabled record is not served. An RRset whose addresses are all disabled
//     is foreign. The disabled ones among others are named in its Detail, and
//     each write puts them back; a wanted address that was disabled is live
//     afterwards. An RRset that holds some is not deleted, as that would take
//     them along. Disabled records of other types are in no snapshot: they are
//     no part of the zone as it is served, and no write touches them. A backup
//     therefore lacks them.
//   - The comments belong to the RRset: each address shows all of them. A write
//     leaves them as they are, a deletion takes them along.
//   - ALIAS and LUA records are other types. Addresses beside them are written
//     as they are anywhere; what PowerDNS answers then is its own affair.
//   - A write over the API raises the SOA serial only where the zone's
//     SOA-EDIT-API says so. Examine tells where it does not.
//
// A zone that the server only has from another (kind Slave, Secondary or
// Consumer) is read and never written: PowerDNS would take the change, and lose
// it with the next transfer.
//
// Sets are not looked for one by one: with rrset_name, PowerDNS 4.7 leaves out
// disabled records, which a write would then lose.
//
// The provider of github.com/libdns/powerdns (v0.1.4) is not used. It returns
// disabled records as live and enables them when it writes; it sends one PATCH
// for each RRset in random order, so that a refusal leaves some applied; a URL
// without a scheme makes it panic; it offers no way to the shared transport.
package powerdns
