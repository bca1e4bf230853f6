package rfc2136

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// fudge is how many seconds the clocks may differ (RFC 8945, section 10).
const fudge = 300

// maxUnsigned is how many messages of a transfer may follow each other without
// a signature (RFC 8945, section 5.3.1).
const maxUnsigned = 99

// TSIG error codes (RFC 8945, section 3).
const (
	badSig   = 16
	badKey   = 17
	badTime  = 18
	badTrunc = 22
)

var (
	errUnsigned  = errors.New("the reply is not signed with TSIG")
	errSignature = errors.New("the reply's TSIG does not verify")
)

// key signs and verifies. The zero value does neither. miekg/dns is not used
// for it, because it demands a signature on every message of a transfer, and
// parses each message twice.
type key struct {
	name      string // canonical, with the final dot
	algorithm string // the same
	owner     []byte // name on the wire
	alg       []byte // algorithm on the wire
	secret    []byte
	hash      func() hash.Hash
}

func newKey(name, algorithm, secret string) (k key, err error) {
	if k.algorithm, k.hash, err = parseAlgorithm(algorithm); err != nil {
		return key{}, err
	}
	if name == "" && secret == "" {
		return key{}, nil
	}
	if name == "" || secret == "" {
		return key{}, errors.New("tsig_name and tsig_secret belong together: give both, or neither to send unsigned")
	}
	n, err := zone.ParseName(name)
	if err != nil {
		return key{}, fmt.Errorf("tsig_name: %w", err)
	}
	k.name = string(n)
	k.secret, err = base64.StdEncoding.DecodeString(strings.TrimSpace(secret))
	if err != nil || len(k.secret) == 0 {
		return key{}, errors.New("tsig_secret is not base64") // without the cause: it may show the secret
	}
	if k.owner, err = wireName(k.name); err != nil {
		return key{}, fmt.Errorf("tsig_name %q: %w", name, err)
	}
	k.alg, err = wireName(k.algorithm)
	return k, err
}

// parseAlgorithm reads Config.TSIGAlgorithm. It is checked without a key too:
// who names gss-tsig does not expect unsigned messages.
func parseAlgorithm(s string) (name string, h func() hash.Hash, err error) {
	switch strings.ToLower(strings.TrimSuffix(s, ".")) {
	case "", defaultAlgorithm:
		return dns.HmacSHA256, sha256.New, nil
	case "hmac-sha384":
		return dns.HmacSHA384, sha512.New384, nil
	case "hmac-sha512":
		return dns.HmacSHA512, sha512.New, nil
	case "gss-tsig", "gss.microsoft.com":
		return "", nil, fmt.Errorf("tsig_algorithm %q: GSS-TSIG (Kerberos) is not supported: want a key of hmac-sha256, hmac-sha384 or hmac-sha512", s)
	}
	return "", nil, fmt.Errorf("tsig_algorithm %q: want hmac-sha256, hmac-sha384 or hmac-sha512", s)
}

func wireName(name string) ([]byte, error) {
	buf := make([]byte, 256)
	n, err := dns.PackDomainName(name, buf, 0, nil, false)
	return buf[:n], err
}

func (k key) signs() bool { return k.hash != nil }

// overhead is how many octets sign adds to a message.
func (k key) overhead() int {
	if !k.signs() {
		return 0
	}
	return len(k.owner) + 10 + len(k.alg) + 16 + k.hash().Size()
}

// sign appends the TSIG record to a packed message and returns the MAC, which
// the reply's MAC covers (RFC 8945, section 4.3).
func (k key) sign(msg []byte, now time.Time) (signed, mac []byte) {
	if !k.signs() {
		return msg, nil
	}
	at := uint64(now.Unix())
	h := hmac.New(k.hash, k.secret)
	h.Write(msg)
	h.Write(k.variables(at, fudge, 0, nil))
	mac = h.Sum(nil)

	out := slices.Concat(msg, k.owner)
	out = binary.BigEndian.AppendUint16(out, dns.TypeTSIG)
	out = binary.BigEndian.AppendUint16(out, dns.ClassANY)
	out = binary.BigEndian.AppendUint32(out, 0)
	out = binary.BigEndian.AppendUint16(out, uint16(len(k.alg)+16+len(mac)))
	out = append(out, k.alg...)
	out = appendTimers(out, at, fudge)
	out = binary.BigEndian.AppendUint16(out, uint16(len(mac)))
	out = append(out, mac...)
	out = append(out, msg[0], msg[1], 0, 0, 0, 0) // original ID, no error, no other data
	binary.BigEndian.PutUint16(out[10:], binary.BigEndian.Uint16(out[10:])+1)
	return out, mac
}

// variables are the fields of a TSIG record that its MAC covers (RFC 8945,
// section 4.3.3).
func (k key) variables(at uint64, fudge, tsigError uint16, other []byte) []byte {
	out := slices.Concat(k.owner, []byte{0, dns.ClassANY, 0, 0, 0, 0}, k.alg)
	out = appendTimers(out, at, fudge)
	out = binary.BigEndian.AppendUint16(out, tsigError)
	out = binary.BigEndian.AppendUint16(out, uint16(len(other)))
	return append(out, other...)
}

func appendTimers(out []byte, at uint64, fudge uint16) []byte {
	out = binary.BigEndian.AppendUint16(out, uint16(at>>32))
	out = binary.BigEndian.AppendUint32(out, uint32(at))
	return binary.BigEndian.AppendUint16(out, fudge)
}

// verifier checks the replies to one request. A transfer's replies are chained:
// each MAC covers the one before, and messages without one in between (RFC
// 8945, section 5.3.1).
type verifier struct {
	key
	prior    []byte // MAC of the request, then of the last signed reply
	unsigned []byte // messages since then
	count    int    // how many those are
	chained  bool   // a signed reply was seen
	told     int64  // the server's time in the last signed reply, Unix seconds; 0 if there is none
}

// unsignedDenial is an ErrCredentials that anyone may have sent: a server does not
// sign what it has against a key that it does not know, or a signature that does
// not verify (RFC 8945, section 5.3.2).
type unsignedDenial struct{ error }

func (e *unsignedDenial) Unwrap() error { return e.error }

// check verifies a reply, or keeps one without a signature for the next that
// has one. It returns an ErrCredentials when the server refused the request's
// signature, which is an unsignedDenial unless it is signed.
func (v *verifier) check(m *message, now time.Time) error {
	if !v.signs() {
		return nil
	}
	if m.tsig == nil {
		v.unsigned = append(v.unsigned, m.raw...)
		if v.count++; v.count > maxUnsigned {
			return errUnsigned
		}
		return nil
	}
	mac, err := hex.DecodeString(m.tsig.MAC)
	if err != nil {
		return errSignature
	}
	if len(mac) == 0 && m.rcode == dns.RcodeNotAuth {
		return &unsignedDenial{v.refusal(m.tsig)}
	}
	if err := v.verify(m, mac, now); err != nil {
		return err
	}
	v.prior, v.unsigned, v.count, v.chained = mac, nil, 0, true
	if m.tsig.Error != 0 {
		return v.refusal(m.tsig)
	}
	return nil
}

// complete tells whether the last message was signed, which covers all before.
func (v *verifier) complete() bool { return !v.signs() || (v.chained && v.count == 0) }

func (v *verifier) verify(m *message, mac []byte, now time.Time) error {
	t := m.tsig
	if dns.CanonicalName(t.Hdr.Name) != v.name || dns.CanonicalName(t.Algorithm) != v.algorithm {
		return errSignature
	}
	other, err := hex.DecodeString(t.OtherData)
	if err != nil {
		return errSignature
	}
	header := slices.Clone(m.raw[:headerLen])
	binary.BigEndian.PutUint16(header, t.OrigId)
	binary.BigEndian.PutUint16(header[10:], binary.BigEndian.Uint16(header[10:])-1)

	h := hmac.New(v.hash, v.secret)
	h.Write(binary.BigEndian.AppendUint16(nil, uint16(len(v.prior))))
	h.Write(v.prior)
	h.Write(v.unsigned)
	h.Write(header)
	h.Write(m.raw[headerLen:m.tsigOff])
	if v.chained {
		h.Write(appendTimers(nil, t.TimeSigned, t.Fudge))
	} else {
		h.Write(v.variables(t.TimeSigned, t.Fudge, t.Error, other))
	}
	if !hmac.Equal(h.Sum(nil), mac) {
		return errSignature
	}
	v.told = serverTime(t, other)
	if d := now.Unix() - int64(t.TimeSigned); max(d, -d) > int64(t.Fudge) {
		return fmt.Errorf("%w: it was signed %d seconds away from this machine's time", errSignature, max(d, -d))
	}
	return nil
}

// refusal says what the server holds against the request's signature.
func (v *verifier) refusal(t *dns.TSIG) error {
	return &keyError{key: strings.TrimSuffix(v.name, "."), code: t.Error}
}

// keyError is an ErrCredentials: a server that does not take a signature.
type keyError struct {
	key  string
	code uint16 // the TSIG error (RFC 8945, section 3)
}

func (e *keyError) Error() string {
	why := fmt.Sprintf("TSIG error %d", e.code)
	switch e.code {
	case badSig:
		why = "BADSIG: tsig_secret or tsig_algorithm is not the server's"
	case badKey:
		why = "BADKEY: the server does not know a key of this name and algorithm, or (Knot) no acl gives it the right to this"
	case badTime:
		why = "BADTIME: the server's clock and this machine's are more than 5 minutes apart"
	case badTrunc:
		why = "BADTRUNC: the server wants a longer signature"
	}
	return fmt.Sprintf("%v: tsig key %q: %s", providers.ErrCredentials, e.key, why)
}

// Is makes errors.Is(err, providers.ErrCredentials) true.
func (e *keyError) Is(target error) bool { return target == providers.ErrCredentials }
