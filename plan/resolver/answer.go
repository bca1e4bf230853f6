package resolver

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Query is one question to one server.
type Query struct {
	// Server is whom to ask.
	Server Server
	// Key is the RRset that is asked for.
	Key zone.Key
	// Recurse sets the RD bit: true for a resolver, false for an
	// authoritative server.
	Recurse bool
}

// Answer is what came of one Query.
type Answer struct {
	Query
	// Status says how it ended; the fields below are as the reply had them.
	Status Status
	// Addrs are the addresses of the asked type, ascending, each once; nil
	// unless Answered.
	Addrs []netip.Addr
	// TTL is the lowest TTL in seconds along the CNAME chain and the set.
	TTL zone.TTL
	// CNAME are the targets of the chain that leads from the name to Addrs, or
	// to nothing; nil when there is none.
	CNAME []zone.Name
	// Authoritative is the AA bit.
	Authoritative bool
	// NegativeTTL is how long a resolver may remember NoData or NXDomain, in
	// seconds (RFC 2308, section 5); 0 where the reply carries no SOA.
	NegativeTTL zone.TTL
	// EDE is the extended error in words (RFC 8914); mostly empty.
	EDE string
	// Rcode is the response code's mnemonic; empty without a reply.
	Rcode string
	// RTT is the time from the last try to the reply; 0 without a reply.
	RTT time.Duration
	// At is when the reply arrived, or when the question was given up.
	At time.Time
	// Err tells people what happened and names the server; a *QueryError. It is
	// nil exactly when Status.Definite.
	Err error
}

// QueryError is why a question has no definite answer.
type QueryError struct {
	// Server is who was asked.
	Server Server
	// Question is "www.example.org. A".
	Question string
	// Status is the Answer's.
	Status Status
	// Cause is what happened.
	Cause error
}

// Error reads "ask ns1 (192.0.2.53:53) for www.example.org. A: no reply in 3 tries".
func (e *QueryError) Error() string {
	if e.Server == (Server{}) { // there was none to ask
		return fmt.Sprintf("ask for %s: %v", e.Question, e.Cause)
	}
	return fmt.Sprintf("ask %s for %s: %v", e.Server, e.Question, e.Cause)
}

// Unwrap returns the cause, so that errors.Is finds context.Canceled and such.
func (e *QueryError) Unwrap() error { return e.Cause }

// ServFailed tells whether err is of a server that could not resolve what it was
// asked for: another one may not either, as where DNSSEC fails.
func ServFailed(err error) bool {
	q, ok := errors.AsType[*QueryError](err)
	return ok && q.Status == ServFail
}

// outcome is how one question ended. Its message is valid only while the
// outcome is being delivered, and nil without a reply.
type outcome struct {
	msg    *message
	status Status // without msg
	cause  error  // without msg
	rtt    time.Duration
	at     time.Time
}

var (
	errNoAuthority = errors.New("not authoritative: the AA bit is clear")
	errReferral    = errors.New("a referral or an empty reply in place of an answer")
)

// replyError says what is wrong with a reply that has no definite answer.
func (m *message) replyError(s Status, recurse bool) error {
	if s == Lame {
		if recurse {
			return errReferral
		}
		return errNoAuthority
	}
	name := rcodeName(m.rcode)
	if len(m.extended) == 0 {
		return errors.New(name)
	}
	return fmt.Errorf("%s (%s)", name, m.edeAll())
}

// verdict is the part of an outcome that every kind of question shares.
type verdict struct {
	status        Status
	authoritative bool
	negativeTTL   zone.TTL
	ede, rcode    string
	err           error
	found         found
}

// assess reads an outcome.
func (o outcome) assess(s Server, q question) verdict {
	if o.msg == nil {
		return verdict{status: o.status, err: &QueryError{Server: s, Question: q.String(), Status: o.status, Cause: o.cause}}
	}
	m := o.msg
	f := m.follow()
	v := verdict{
		status:        m.judge(q.recurse, f),
		authoritative: m.authoritative(),
		ede:           m.edeAll(),
		rcode:         rcodeName(m.rcode),
		found:         f,
	}
	if m.hasSOA {
		v.negativeTTL = min(m.soa.TTL, m.soa.Minimum)
	}
	if !v.status.Definite() {
		v.err = &QueryError{Server: s, Question: q.String(), Status: v.status, Cause: m.replyError(v.status, q.recurse)}
	}
	return v
}

// answer makes the Answer to q from its outcome.
func (q Query) answer(o outcome) Answer {
	v := o.assess(q.Server, q.question())
	a := Answer{
		Query: q, Status: v.status, TTL: v.found.ttl, CNAME: v.found.chain,
		Authoritative: v.authoritative, NegativeTTL: v.negativeTTL,
		EDE: v.ede, Rcode: v.rcode, RTT: o.rtt, At: o.at, Err: v.err,
	}
	if v.status == Answered {
		a.Addrs = o.msg.addrs(v.found.records)
	}
	return a
}

func (q Query) question() question {
	return question{name: q.Key.Name, qtype: uint16(q.Key.Type), recurse: q.Recurse}
}
