package resolver

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Security is what a validating resolver makes of one RRset's DNSSEC.
type Security struct {
	Server Server
	Key    zone.Key
	// Validated is the answer as everybody gets it; Unchecked is the one with
	// the CD bit, which the resolver has not validated (RFC 4035, section
	// 3.2.2).
	Validated, Unchecked SecureAnswer
}

// Bogus tells that validation fails: the data is there, and the resolver
// refuses it. Certificate authorities must not issue then.
func (s Security) Bogus() bool {
	return s.Validated.Status == ServFail && s.Unchecked.Status.Definite()
}

// Secure tells that the resolver has validated the answer.
func (s Security) Secure() bool { return s.Validated.Status.Definite() && s.Validated.AD }

// First is the signature of the answer that runs out first; false where it has
// none.
func (s Security) First() (first Signature, ok bool) {
	for _, a := range []SecureAnswer{s.Validated, s.Unchecked} {
		for _, sig := range a.Signatures {
			if !ok || sig.Expires.Before(first.Expires) {
				first, ok = sig, true
			}
		}
	}
	return first, ok
}

// SecureAnswer is an Answer with what DNSSEC adds to it.
type SecureAnswer struct {
	Answer
	// AD says that the resolver has validated it (RFC 4035, section 3.2.3).
	AD bool
	// Extended are the reasons that it gives for a failure.
	Extended []ExtendedError
	// Signatures are those of the answer, or of the proof that there is none.
	Signatures []Signature
}

// ExtendedError is one extended error (RFC 8914).
type ExtendedError struct {
	Code uint16
	// Text is its name and the server's own words, printable.
	Text string
}

// Signature is one RRSIG record without what only machines read (RFC 4034,
// section 3.1).
type Signature struct {
	// Owner and Type are the RRset that is signed, Signer the zone.
	Owner  zone.Name
	Type   uint16
	Signer zone.Name
	// KeyTag and Algorithm are those of the key.
	KeyTag    uint16
	Algorithm uint8
	// Begins and Expires are when it is valid.
	Begins, Expires time.Time
}

// How long signatures last of servers that sign each answer: more than half a day, as
// clocks and caches need, and less than eight days.
const (
	perAnswerLeast = 12 * time.Hour
	perAnswerMost  = 8 * 24 * time.Hour
)

// PerAnswer tells whether the signature is, as a rule, one that a server makes for each
// answer, and so anew before it ends.
func (s Signature) PerAnswer() bool {
	life := s.Expires.Sub(s.Begins)
	return life >= perAnswerLeast && life < perAnswerMost
}

// Secure asks a resolver for one RRset twice, with validation and without.
func (c *Client) Secure(ctx context.Context, s Server, key zone.Key) Security {
	q := question{name: key.Name, qtype: uint16(key.Type), recurse: true, ways: ways{dnssec: true}}
	unchecked := q
	unchecked.ways.unchecked = true
	k := c.listen(ctx, s, []question{q, unchecked})
	return Security{Server: s, Key: key, Validated: k[0].secure(key), Unchecked: k[1].secure(key)}
}

func (k said) secure(key zone.Key) SecureAnswer {
	return SecureAnswer{Answer: k.answer(key), AD: k.ad, Extended: k.extended, Signatures: k.signatures}
}

// sigFixed is the size of an RRSIG's data before the signer's name.
const sigFixed = 18

// signatures reads the checked RRSIG records.
func (m *message) signatures(now time.Time) []Signature {
	var out []Signature
	for _, r := range m.sigs {
		data := m.raw[r.start:r.end]
		out = append(out, Signature{
			Owner: m.nameAt(r.owner), Signer: m.nameAt(r.start + sigFixed),
			Type: binary.BigEndian.Uint16(data), Algorithm: data[2], KeyTag: binary.BigEndian.Uint16(data[16:]),
			Expires: serialTime(binary.BigEndian.Uint32(data[8:]), now),
			Begins:  serialTime(binary.BigEndian.Uint32(data[12:]), now),
		})
	}
	return out
}

// serialTime is the moment nearest to now whose seconds since 1970 are t modulo
// 2^32 (RFC 4034, section 3.1.5).
func serialTime(t uint32, now time.Time) time.Time {
	off := int32(t - uint32(now.Unix()))
	return time.Unix(now.Unix()+int64(off), 0).UTC()
}
