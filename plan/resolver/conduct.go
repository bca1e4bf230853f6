package resolver

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Conduct is how one authoritative server of a zone takes the questions of a
// strict resolver, as certificate authorities run them.
type Conduct struct {
	Server Server
	Zone   zone.Name
	// Alive: the server has authority for the zone.
	Alive Trial
	// EDNS: it answers a question with an OPT record, with one of its own (RFC
	// 6891, section 7).
	EDNS Trial
	// Case: it repeats the question letter by letter, upper and lower case kept,
	// which resolvers use against forgers.
	Case Trial
	// TCP: it answers over TCP (RFC 7766, section 5).
	TCP Trial
	// CAA: asked for CAA records at the apex, it has some or says that there
	// are none (RFC 8659, section 3).
	CAA Trial
	// UnknownType: asked for a type that it does not know, it says that there
	// is no such record (RFC 3597, RFC 4074).
	UnknownType Trial
}

// Good tells whether all trials went well.
func (c Conduct) Good() bool {
	return c.Alive.Good && c.EDNS.Good && c.Case.Good && c.TCP.Good && c.CAA.Good && c.UnknownType.Good
}

// Trial is one question of a Conduct.
type Trial struct {
	// Question is "example.org. SOA".
	Question string
	// Status is how the question ended.
	Status Status
	// Good says that the server does as it should. It is false too where no
	// reply came.
	Good bool
	// Err says why it is not Good, and names the server.
	Err error
}

// unknownType is of the range for private use (RFC 6895, section 3.1).
const unknownType = 65280

var (
	errNoOPT       = errors.New("the reply lacks the OPT record of EDNS")
	errOnlyWithout = errors.New("it answers only without EDNS")
	errCase        = errors.New("the reply changes the case of the question's letters")
)

// Conduct tries one server with five questions about z, and with a sixth where it
// does not answer one with EDNS.
func (c *Client) Conduct(ctx context.Context, s Server, z zone.Name) Conduct {
	soa := question{name: z, qtype: typeSOA}
	mixed := soa
	mixed.ways.mixed = true
	overTCP := s
	if s.Protocol == UDP || s.Protocol == "" {
		overTCP.Protocol = TCP
	}
	var k, tcp []said
	var both sync.WaitGroup
	both.Go(func() {
		k = c.listen(ctx, s, []question{soa, mixed, {name: z, qtype: typeCAA}, {name: z, qtype: unknownType}})
	})
	both.Go(func() { tcp = c.listen(ctx, overTCP, []question{soa}) })
	both.Wait()
	return Conduct{
		Server: s, Zone: z,
		Alive: k[0].trial(nil), EDNS: c.edns(ctx, k[0]), Case: k[1].trial(k[1].caseError()),
		TCP: tcp[0].trial(nil), CAA: k[2].trial(nil), UnknownType: k[3].trial(nil),
	}
}

// trial judges what was said: the answer is definite, the name exists, and
// nothing else is wrong with it. A zone's apex has an SOA record.
func (k said) trial(wrong error) Trial {
	t := Trial{Question: k.q.String(), Status: k.status, Err: k.err}
	switch {
	case k.err != nil:
	case k.status == NXDomain || k.q.qtype == typeSOA && k.status != Answered:
		t.Err = k.broken(errors.New(k.status.String() + " at the zone's apex")).err
	case wrong != nil:
		t.Err = k.broken(wrong).err
	}
	t.Good = t.Err == nil
	return t
}

// caseError is what is wrong with the letters of a repeated question.
func (k said) caseError() error {
	if k.echoed {
		return nil
	}
	return errCase
}

// edns judges a reply to a question with an OPT record. A server that did not
// answer it is asked without one.
func (c *Client) edns(ctx context.Context, k said) Trial {
	if k.err == nil {
		if k.opt {
			return k.trial(nil)
		}
		return k.trial(errNoOPT)
	}
	plain := k.q
	plain.ways.plain = true
	if again := c.listen(ctx, k.server, []question{plain})[0]; again.err == nil {
		t := again.trial(errOnlyWithout)
		t.Status = k.status
		return t
	}
	return k.trial(nil)
}

// echoes tells whether the question stands in the reply as it was asked.
func (m *message) echoes(q question) bool {
	name, err := appendName(nil, q.name)
	if err != nil {
		return false
	}
	if q.ways.mixed {
		mixCase(name)
	}
	return m.asked && bytes.HasPrefix(m.raw[headerLen:], name)
}

// mixCase turns every other letter of a name on the wire into upper case.
func mixCase(name []byte) {
	letters := 0
	for i, c := range name {
		if 'a' <= c && c <= 'z' { // no length octet is: labels are shorter
			if letters%2 == 0 {
				name[i] = c - 'a' + 'A'
			}
			letters++
		}
	}
}
