package resolver

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Types, classes and bits of the wire (RFC 1035, sections 3.2 and 4.1.1;
// RFC 6891 for OPT).
const (
	typeNS    = 2
	typeCNAME = 5
	typeSOA   = 6
	typeOPT   = 41
	typeRRSIG = 46
	typeCAA   = 257

	classIN = 1

	bitQR = 1 << 15
	bitAA = 1 << 10
	bitTC = 1 << 9
	bitRD = 1 << 8
	bitRA = 1 << 7
	bitAD = 1 << 5
	bitCD = 1 << 4
	bitDO = 1 << 15 // of the OPT record's flags

	headerLen = 12
	maxName   = 255
	maxLabel  = 63

	// udpSize is the reply size that is asked for: what passes any network
	// without fragments.
	udpSize = 1232
	// optEDE is the option code of an extended error (RFC 8914, section 2).
	optEDE = 15
)

var (
	errLongName  = errors.New("longer than 255 octets")
	errLongLabel = errors.New("label longer than 63 octets")
	errNoLabel   = errors.New("empty label")
	errEscape    = errors.New("bad escape")
	errRelative  = errors.New("not absolute")
)

// question is one question as it stands on the wire.
type question struct {
	name    zone.Name
	qtype   uint16
	recurse bool
	ways    ways
}

// ways are what a question has beside the usual.
type ways struct {
	mixed     bool // every other letter in upper case
	plain     bool // no OPT record
	dnssec    bool // the DO and AD bits: signatures, and what the resolver makes of them
	unchecked bool // the CD bit: no validation
}

// flags are the header's.
func (q question) flags() (flags uint16) {
	if q.recurse {
		flags |= bitRD
	}
	if q.ways.dnssec {
		flags |= bitAD
	}
	if q.ways.unchecked {
		flags |= bitCD
	}
	return flags
}

// String returns "www.example.org. A".
func (q question) String() string {
	switch q.qtype {
	case typeNS:
		return string(q.name) + " NS"
	case typeSOA:
		return string(q.name) + " SOA"
	case typeCAA:
		return string(q.name) + " CAA"
	}
	return zone.Key{Name: q.name, Type: zone.Type(q.qtype)}.String()
}

// appendQuery appends the message that asks q: one question and mostly an OPT
// record. On error b is returned as it was.
func appendQuery(b []byte, id uint16, q question) ([]byte, error) {
	start := len(b)
	b = binary.BigEndian.AppendUint16(b, id)
	b = binary.BigEndian.AppendUint16(b, q.flags())
	b = append(b, 0, 1, 0, 0, 0, 0, 0, 1)
	b, err := appendName(b, q.name)
	if err != nil {
		return b[:start], fmt.Errorf("name %q: %w", q.name, err)
	}
	if q.ways.mixed {
		mixCase(b[start+headerLen:])
	}
	b = binary.BigEndian.AppendUint16(b, q.qtype)
	b = append(b, 0, classIN)
	if q.ways.plain {
		b[start+headerLen-1] = 0
		return b, nil
	}
	return appendOPT(b, q.ways.dnssec), nil
}

// appendOPT appends an OPT record without options (RFC 6891, section 6.1.2).
func appendOPT(b []byte, do bool) []byte {
	var flags uint16
	if do {
		flags = bitDO
	}
	b = append(b, 0, 0, typeOPT) // the root's name, then the type
	b = binary.BigEndian.AppendUint16(b, udpSize)
	b = append(b, 0, 0) // the upper bits of the response code, and the version
	b = binary.BigEndian.AppendUint16(b, flags)
	return append(b, 0, 0)
}

// appendName appends n uncompressed (RFC 1035, section 3.1), its escapes
// resolved (section 5.1).
func appendName(b []byte, n zone.Name) ([]byte, error) {
	if n == zone.Root {
		return append(b, 0), nil
	}
	first := len(b)
	length := len(b) // where the label's length octet stands
	b = append(b, 0)
	for i := 0; i < len(n); i++ {
		c := n[i]
		switch c {
		case '.':
			size := len(b) - length - 1
			if err := checkLabel(size); err != nil {
				return b, err
			}
			b[length] = byte(size)
			length = len(b)
			b = append(b, 0)
			continue
		case '\\':
			var width int
			if c, width = unescape(string(n[i+1:])); width == 0 {
				return b, errEscape
			}
			i += width
		}
		b = append(b, c)
	}
	switch {
	case len(b)-length != 1 || len(b)-first == 1:
		return b, errRelative
	case len(b)-first > maxName:
		return b, errLongName
	}
	return b, nil
}

func checkLabel(octets int) error {
	switch {
	case octets == 0:
		return errNoLabel
	case octets > maxLabel:
		return errLongLabel
	}
	return nil
}

// unescape reads what follows a backslash: three digits or any one octet.
// Width is the number of octets read, 0 when they are no escape.
func unescape(s string) (c byte, width int) {
	switch {
	case s == "":
		return 0, 0
	case s[0] < '0' || s[0] > '9':
		return s[0], 1
	case len(s) < 3:
		return 0, 0
	}
	n := 0
	for _, d := range []byte(s[:3]) {
		if d < '0' || d > '9' {
			return 0, 0
		}
		n = 10*n + int(d-'0')
	}
	if n > 255 {
		return 0, 0
	}
	return byte(n), 3
}
