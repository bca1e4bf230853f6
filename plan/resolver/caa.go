package resolver

import (
	"context"
	"strconv"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// CAA is one CAA record (RFC 8659, section 4.1), as it stands on the wire.
type CAA struct {
	Flags uint8
	// Tag is as the zone has it, also in upper case.
	Tag string
	// Value may hold any octets.
	Value string
}

// CAAAnswer is what one server says about the CAA RRset at a name.
type CAAAnswer struct {
	// Server was asked about Name.
	Server Server
	Name   zone.Name
	// Records are the set in the order of the reply; nil unless Answered.
	Records []CAA
	// CNAME are the targets of the chain that leads from Name to Records, or
	// to nothing.
	CNAME []zone.Name
	// The other fields are as in Answer.
	TTL           zone.TTL
	Status        Status
	Authoritative bool
	EDE           string
	Rcode         string
	RTT           time.Duration
	At            time.Time
	Err           error
}

// CAA asks one server for the CAA RRsets at all names and returns the answers
// in their order. It does not climb: see plan/acme/caa.
func (c *Client) CAA(ctx context.Context, s Server, names []zone.Name, recurse bool) []CAAAnswer {
	questions := make([]question, len(names))
	for i, n := range names {
		questions[i] = question{name: n, qtype: typeCAA, recurse: recurse}
	}
	out := make([]CAAAnswer, len(names))
	for i, k := range c.listen(ctx, s, questions) {
		out[i] = k.caaAnswer(names[i])
	}
	return out
}

// LookupCAA asks for the CAA RRsets at all names along r, as Lookup does for
// addresses.
func (c *Client) LookupCAA(ctx context.Context, r Route, names []zone.Name) []CAAAnswer {
	out := make([]CAAAnswer, len(names))
	each(len(names), func(i int) {
		out[i] = c.walk(ctx, r, question{name: names[i], qtype: typeCAA}).caaAnswer(names[i])
	})
	return out
}

func (k said) caaAnswer(n zone.Name) CAAAnswer {
	return CAAAnswer{
		Server: k.server, Name: n, Records: k.caa, CNAME: k.chain, TTL: k.ttl, Status: k.status,
		Authoritative: k.authoritative, EDE: k.ede, Rcode: k.rcode, RTT: k.rtt, At: k.at, Err: k.err,
	}
}

// caas reads checked CAA records.
func (m *message) caas(records []record) []CAA {
	out := make([]CAA, len(records))
	for i, r := range records {
		data := m.raw[r.start:r.end]
		tag := 2 + int(data[1])
		out[i] = CAA{Flags: data[0], Tag: string(data[2:tag]), Value: string(data[tag:])}
	}
	return out
}

// isCAA tells whether data is a CAA record's: flags, the length of a tag that
// is not empty, the tag, and the value (RFC 8659, section 4.1).
func isCAA(data []byte) bool {
	return len(data) >= 2 && data[1] > 0 && len(data) >= 2+int(data[1])
}

// String is the record's data as a zone file has it: 0 issue "letsencrypt.org"
// (RFC 8659, section 4.1.1).
func (c CAA) String() string {
	b := []byte(strconv.Itoa(int(c.Flags)) + " ")
	for i := range len(c.Tag) {
		b = appendEscaped(b, c.Tag[i])
	}
	b = append(b, ` "`...)
	for i := range len(c.Value) {
		switch o := c.Value[i]; {
		case o == '"' || o == '\\':
			b = append(b, '\\', o)
		case o < ' ' || o > '~':
			b = append(b, '\\', '0'+o/100, '0'+o/10%10, '0'+o%10)
		default:
			b = append(b, o)
		}
	}
	return string(append(b, '"'))
}
