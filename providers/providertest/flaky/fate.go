package flaky

import (
	"time"

	"github.com/miekg/dns"
)

// Fate is what becomes of one request.
type Fate uint8

// The fates. Over UDP a connection that is closed is silence.
//
// Those that answer in the server's place can sign nothing: they are what a
// client sees of a middlebox that is broken, or of someone who lies. Each is
// there twice, for a request that never reaches the server, and for one that the
// server has carried out.
const (
	// Pass it on, and the reply back.
	Pass Fate = iota
	// CutBefore closes the connection: the server never sees the request.
	CutBefore
	// LoseReply lets the server act, and closes the connection without its reply.
	LoseReply
	// CutReply lets the server act, and passes half of its reply on.
	CutReply
	// Late passes it on after Delay.
	Late
	// Twice passes it on two times, and the first reply back.
	Twice
	// Fail answers SERVFAIL.
	Fail
	// FailAfter lets the server act, and answers SERVFAIL.
	FailAfter
	// Refuse answers REFUSED.
	Refuse
	// RefuseAfter lets the server act, and answers REFUSED.
	RefuseAfter
	// Deny answers NOTAUTH and, to a signed request, BADKEY without a signature,
	// as a server does that does not know the key (RFC 8945, section 5.2.1).
	Deny
	// DenyAfter lets the server act, and answers as Deny does.
	DenyAfter
)

// Delay is how long a Late request takes.
const Delay = 150 * time.Millisecond

// answers tells the fates that answer in the server's place.
func (f Fate) answers() bool { return f >= Fail }

// acts tells whether the server gets the request.
func (f Fate) acts() bool { return f != CutBefore && f != Fail && f != Refuse && f != Deny }

// rcode is what a fate answers with.
func (f Fate) rcode() int {
	switch f {
	case Fail, FailAfter:
		return dns.RcodeServerFailure
	case Refuse, RefuseAfter:
		return dns.RcodeRefused
	}
	return dns.RcodeNotAuth
}

// answer is the reply to m of a fate that answers, on the wire.
func (f Fate) answer(m *dns.Msg) []byte {
	r := new(dns.Msg).SetRcode(m, f.rcode())
	if asked := m.IsTsig(); asked != nil && r.Rcode == dns.RcodeNotAuth {
		r.Extra = []dns.RR{&dns.TSIG{
			Hdr:       dns.RR_Header{Name: asked.Hdr.Name, Rrtype: dns.TypeTSIG, Class: dns.ClassANY},
			Algorithm: asked.Algorithm, TimeSigned: asked.TimeSigned, Fudge: asked.Fudge,
			OrigId: m.Id, Error: dns.RcodeBadKey,
		}}
	}
	b, err := r.Pack()
	if err != nil {
		panic(err) // all of it came off the wire
	}
	return b
}
