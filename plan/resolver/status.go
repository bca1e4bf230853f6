package resolver

import "fmt"

// Status says how one question ended.
type Status uint8

// The ways in which a question ends. The zero Status is none of them.
const (
	// Answered: NOERROR with at least one record of the asked type.
	Answered Status = iota + 1
	// NoData: NOERROR without a record of the asked type (RFC 2308, 2.2). A
	// CNAME chain that leads nowhere ends here too; see Answer.CNAME.
	NoData
	// NXDomain: the name, or the end of its CNAME chain, does not exist.
	NXDomain
	// ServFail: the server could not tell; Answer.EDE may say why.
	ServFail
	// Refused: the server does not want to answer this.
	Refused
	// OtherRcode: any other response code; see Answer.Rcode.
	OtherRcode
	// Timeout: no reply to any of the tries.
	Timeout
	// NoRoute: the server's address cannot be routed from here, as IPv6 on a
	// machine without it.
	NoRoute
	// ConnRefused: the host is there, and nothing listens on the port.
	ConnRefused
	// Broken: the exchange broke off: connection closed, TLS or HTTP failed,
	// the client was closed, or the name does not fit into a query.
	Broken
	// Malformed: replies came, but none that answers the question: garbage, a
	// wrong id, another question, or truncation over TCP.
	Malformed
	// Lame: asked as an authoritative server, the server answered without
	// authority; or, asked as a resolver, it gave a referral.
	Lame
	// Cancelled: the context ended before the question did.
	Cancelled
)

// statusWords are what people call each Status.
var statusWords = [...]string{
	Answered:    "answered",
	NoData:      "no data",
	NXDomain:    "NXDOMAIN",
	ServFail:    "SERVFAIL",
	Refused:     "REFUSED",
	OtherRcode:  "error response",
	Timeout:     "timed out",
	NoRoute:     "no route from here",
	ConnRefused: "connection refused",
	Broken:      "connection broken",
	Malformed:   "malformed reply",
	Lame:        "lame (not authoritative)",
	Cancelled:   "cancelled",
}

// String returns the words that people know: "NXDOMAIN", "timed out".
func (s Status) String() string {
	if int(s) < len(statusWords) && statusWords[s] != "" {
		return statusWords[s]
	}
	return fmt.Sprintf("status %d", uint8(s))
}

// MarshalText writes the words of String.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Definite tells whether the server said what the name holds: Answered, NoData
// or NXDomain. Every other Status says nothing about the name.
func (s Status) Definite() bool { return s == Answered || s == NoData || s == NXDomain }

// Unreachable tells whether the server could not be reached at all: NoRoute or
// ConnRefused.
func (s Status) Unreachable() bool { return s == NoRoute || s == ConnRefused }
