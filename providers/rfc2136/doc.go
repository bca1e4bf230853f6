// Package rfc2136 reads and changes zones of a primary server that speaks the
// DNS itself: dynamic update (RFC 2136) and zone transfer (RFC 5936), both
// signed with TSIG (RFC 8945). BIND, Knot, PowerDNS (dnsupdate=yes) and others
// do. GSS-TSIG (RFC 3645) is not spoken.
//
//	p, err := rfc2136.New(rfc2136.Config{
//		Server:     "ns1.example.org",
//		TSIGName:   "dnsplan",
//		TSIGSecret: secret, // base64
//	})
//	live, err := p.Read(ctx, "example.org.")
//
// A write is one UPDATE message, applied whole or not at all (RFC 2136, section
// 3.4): each change carries the old RRset as a prerequisite, so that the server
// itself compares and sets. Only what does not fit into the 64 KiB of a message
// over TCP is split, in the order given; A and AAAA of one name never part.
// Prerequisites compare values and not TTLs, and a server may answer NOERROR
// and still ignore an addition (section 3.4.2.2), so the sets are read right
// before and right after: a TTL that someone else sets in the moment between is
// the one change that is not noticed.
//
// With a key, an answer that is not signed is believed in nothing: an UPDATE that
// gets one, whatever it says, has an unknown outcome, and what is live decides
// when the server seems not to know the key, which no server can sign. SERVFAIL
// leaves the outcome open too, signed or not: servers that pass updates on answer
// so when they hear nothing more (RFC 2136, section 2.2).
//
// A server that refuses the transfer and answers questions lists nothing: Read is
// an error that wraps providers.ErrNoListing. Look and Write go by questions
// then, for the names they are given. An answer that a wildcard may have made up
// (RFC 4592) is told from a record by a question for a name below it, which no
// wildcard answers for where the record exists.
//
// A server may hold a zone in several views, chosen by the key (BIND:
// match-clients): a provider of each key reads and writes its own.
//
// What servers do differently, as tried with BIND 9.18, Knot 3.2 and PowerDNS
// 4.7: to a key without the right, BIND answers REFUSED, PowerDNS NOTAUTH to a
// transfer and REFUSED to an update, and Knot BADKEY, as to a key that it does
// not know. To a wrong key PowerDNS answers NOTAUTH without saying what is wrong
// with it, and it signs with the time that it was sent, so that its clock cannot
// be told. Knot looks at keys only for zones that it holds. PowerDNS refuses
// updates with records of the types for private use (FORMERR), which this package
// never writes, and its updates drop what only its database knows of a set that
// they change: disabled records and comments, which package powerdns keeps. All
// three hold to prerequisites, to whole messages and to signed replies.
//
// The provider of github.com/libdns/rfc2136 (v1.0.1) is not used, because
// nothing here could rest on it: its updates carry no prerequisites, so the
// last writer wins; it does not heed the context once it is connected, and
// leaks a goroutine when a transfer ends early; one record that it cannot parse
// fails the whole read; it returns the SOA record twice; its errors are text
// without the rcode, so that a refusal, a lost reply and a bad key look alike.
// The wire format is github.com/miekg/dns's, as it is there.
package rfc2136
