package resolver

import (
	"context"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// SOAAnswer is what one server says about a zone's SOA record.
type SOAAnswer struct {
	// Server was asked about Zone.
	Server Server
	Zone   zone.Name
	// SOA is the record; zero unless Answered. A resolver's TTL is what is
	// left of it.
	SOA zone.SOA
	// The other fields are as in Answer.
	Status        Status
	Authoritative bool
	EDE           string
	Rcode         string
	RTT           time.Duration
	At            time.Time
	Err           error
}

// NegativeTTL is how long resolvers may remember that a name of the zone does
// not exist, in seconds (RFC 2308, section 5).
func (a SOAAnswer) NegativeTTL() zone.TTL { return min(a.SOA.TTL, a.SOA.Minimum) }

// SOA asks one server for the SOA record of z. It is the cheap way to see
// whether a server lives, and which serial it has, that leaves no trace in a
// resolver's cache of the names that are about to change.
func (c *Client) SOA(ctx context.Context, s Server, z zone.Name, recurse bool) SOAAnswer {
	var a SOAAnswer
	q := question{name: z, qtype: typeSOA, recurse: recurse}
	c.fly(ctx, s, []question{q}, func(_ int, o outcome) {
		v := o.assess(s, q)
		a = SOAAnswer{
			Server: s, Zone: z, Status: v.status, Authoritative: v.authoritative,
			EDE: v.ede, Rcode: v.rcode, RTT: o.rtt, At: o.at, Err: v.err,
		}
		if v.status == Answered {
			a.SOA = o.msg.soaOf(v.found.records[0])
		}
	})
	return a
}
