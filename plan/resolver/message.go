package resolver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

var (
	errShort     = errors.New("message too short")
	errPointer   = errors.New("bad compression pointer")
	errLabelType = errors.New("unknown label type")
	errRdata     = errors.New("bad record data")
	errQuestions = errors.New("more than one question")
	errQuery     = errors.New("a query, not a reply")
)

// message is a reply, parsed in place: names and data are offsets into raw,
// all of them checked by parse. One message is used for many replies in turn.
type message struct {
	raw      []byte
	id       uint16
	flags    uint16
	rcode    uint16 // with the OPT record's upper bits
	asked    bool   // there is a question section
	qtype    uint16
	qclass   uint16
	answers  []record
	soa      zone.SOA // of the authority section
	hasSOA   bool
	referral bool     // NS records in the authority section, and no SOA
	sigs     []record // RRSIG records of the answer and authority sections
	opt      bool     // there is an OPT record
	extended []ExtendedError
}

// record is one record of the answer section.
type record struct {
	owner      int // offset of the owner name
	rtype      uint16
	class      uint16
	ttl        zone.TTL
	start, end int // the data
}

// The message's bits that matter.
func (m *message) authoritative() bool { return m.flags&bitAA != 0 }
func (m *message) truncated() bool     { return m.flags&bitTC != 0 }
func (m *message) recursion() bool     { return m.flags&bitRA != 0 }

// parse reads raw, which m holds on to. What does not matter here (the
// additional section apart from OPT, say) is only stepped over. Stricter than
// most parsers: counts must be true, and pointers lead backwards.
func (m *message) parse(raw []byte) error {
	*m = message{raw: raw, answers: m.answers[:0]}
	if len(raw) < headerLen {
		return errShort
	}
	m.id = binary.BigEndian.Uint16(raw)
	m.flags = binary.BigEndian.Uint16(raw[2:])
	m.rcode = m.flags & 0xf
	if m.flags&bitQR == 0 {
		return errQuery
	}
	off, err := m.parseQuestion()
	if err != nil {
		return err
	}
	for section := 1; section <= 3; section++ {
		for range binary.BigEndian.Uint16(raw[4+2*section:]) {
			if off, err = m.parseRecord(off, section); err != nil {
				return err
			}
		}
	}
	m.referral = m.referral && !m.hasSOA
	return nil
}

func (m *message) parseQuestion() (int, error) {
	switch binary.BigEndian.Uint16(m.raw[4:]) {
	case 0:
		return headerLen, nil
	case 1:
	default:
		return 0, errQuestions
	}
	off, err := m.checkName(headerLen)
	if err != nil {
		return 0, err
	}
	if len(m.raw) < off+4 {
		return 0, errShort
	}
	m.asked = true
	m.qtype = binary.BigEndian.Uint16(m.raw[off:])
	m.qclass = binary.BigEndian.Uint16(m.raw[off+2:])
	return off + 4, nil
}

// parseRecord reads the record at off and returns where the next one starts.
func (m *message) parseRecord(off, section int) (int, error) {
	r := record{owner: off}
	off, err := m.checkName(off)
	if err != nil {
		return 0, err
	}
	if len(m.raw) < off+10 {
		return 0, errShort
	}
	r.rtype = binary.BigEndian.Uint16(m.raw[off:])
	r.class = binary.BigEndian.Uint16(m.raw[off+2:])
	ttl := binary.BigEndian.Uint32(m.raw[off+4:])
	r.start = off + 10
	r.end = r.start + int(binary.BigEndian.Uint16(m.raw[off+8:]))
	if len(m.raw) < r.end {
		return 0, errShort
	}
	if r.ttl = zone.TTL(ttl); r.ttl > zone.MaxTTL {
		r.ttl = 0 // RFC 2181, section 8
	}
	if err := m.keep(r, section, ttl); err != nil {
		return 0, fmt.Errorf("record type %d: %w", r.rtype, err)
	}
	return r.end, nil
}

// keep checks the data of the types that matter and remembers them.
func (m *message) keep(r record, section int, ttl uint32) error {
	if r.rtype == typeOPT && section == 3 {
		m.opt = true
		m.rcode |= uint16(ttl>>24) << 4
		return m.parseOptions(r)
	}
	if r.class != classIN {
		return nil
	}
	if err := m.checkData(r); err != nil {
		return err
	}
	if r.rtype == typeRRSIG && section < 3 {
		m.sigs = append(m.sigs, r)
	}
	switch {
	case section == 1:
		m.answers = append(m.answers, r)
	case section == 2 && r.rtype == typeSOA && !m.hasSOA:
		m.soa, m.hasSOA = m.soaOf(r), true
	case section == 2 && r.rtype == typeNS:
		m.referral = true
	}
	return nil
}

// checkData makes sure that the data of r can be read without a check later.
func (m *message) checkData(r record) error {
	ok := true
	switch r.rtype {
	case uint16(zone.A):
		ok = r.end-r.start == 4
	case uint16(zone.AAAA):
		ok = r.end-r.start == 16
	case typeCNAME, typeNS:
		end, err := m.checkName(r.start)
		ok = err == nil && end == r.end
	case typeSOA:
		end, err := m.checkName(r.start)
		if err == nil {
			end, err = m.checkName(end)
		}
		ok = err == nil && end+20 == r.end
	case typeRRSIG:
		end, err := m.checkName(r.start + sigFixed)
		ok = err == nil && end < r.end
	case typeCAA:
		ok = isCAA(m.raw[r.start:r.end])
	}
	if !ok {
		return errRdata
	}
	return nil
}

// soaOf reads a checked SOA record (RFC 1035, section 3.3.13).
func (m *message) soaOf(r record) zone.SOA {
	return zone.SOA{
		TTL:     r.ttl,
		Serial:  binary.BigEndian.Uint32(m.raw[r.end-20:]),
		Minimum: zone.TTL(binary.BigEndian.Uint32(m.raw[r.end-4:])),
	}
}

// parseOptions looks for extended errors among the options (RFC 6891, 6.1.2).
func (m *message) parseOptions(r record) error {
	for b := m.raw[r.start:r.end]; len(b) > 0; {
		if len(b) < 4 {
			return errShort
		}
		code, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; len(b) < size {
			return errShort
		}
		if code == optEDE && size >= 2 {
			code := binary.BigEndian.Uint16(b)
			m.extended = append(m.extended, ExtendedError{code, edeText(code, b[2:size])})
		}
		b = b[size:]
	}
	return nil
}

// edeAll is all extended errors as one line.
func (m *message) edeAll() string {
	texts := make([]string, len(m.extended))
	for i, e := range m.extended {
		texts[i] = e.Text
	}
	return strings.Join(texts, "; ")
}

// checkName walks the name at off, through its pointers, and returns where it
// ends in place. Pointers lead backwards and a name has at most 255 octets, so
// the walk ends (RFC 1035, section 4.1.4).
func (m *message) checkName(off int) (end int, err error) {
	octets := 0
	for {
		if off >= len(m.raw) {
			return 0, errShort
		}
		c := int(m.raw[off])
		switch c & 0xc0 {
		case 0:
			if octets += c + 1; octets > maxName {
				return 0, errLongName
			}
			if off += c + 1; off > len(m.raw) {
				return 0, errShort
			}
			if c != 0 {
				continue
			}
			if end == 0 {
				end = off
			}
			return end, nil
		case 0xc0:
			to, err := m.hop(off)
			if err != nil {
				return 0, err
			}
			if end == 0 {
				end = off + 2
			}
			if to == headerLen && m.asked {
				return end, m.fits(octets)
			}
			off = to
		default:
			return 0, errLabelType
		}
	}
}

// hop returns where the pointer at off leads: backwards, and behind the header.
func (m *message) hop(off int) (int, error) {
	if off+2 > len(m.raw) {
		return 0, errShort
	}
	to := m.pointer(off)
	if to >= off || to < headerLen {
		return 0, errPointer
	}
	return to, nil
}

// fits tells whether octets more may stand before the question's name, which
// is the usual end of a compressed name and was checked before.
func (m *message) fits(octets int) error {
	if octets == 0 {
		return nil
	}
	for off := m.label(headerLen); m.raw[off] != 0; off = m.label(off + int(m.raw[off]) + 1) {
		octets += int(m.raw[off]) + 1
	}
	if octets+1 > maxName {
		return errLongName
	}
	return nil
}

func (m *message) pointer(off int) int {
	return int(binary.BigEndian.Uint16(m.raw[off:])) & 0x3fff
}

// label returns the offset of the label that a checked name goes on with at off.
func (m *message) label(off int) int {
	for m.raw[off]&0xc0 == 0xc0 {
		off = m.pointer(off)
	}
	return off
}

// sameName compares two checked names, case aside (RFC 4343).
func (m *message) sameName(a, b int) bool {
	for {
		a, b = m.label(a), m.label(b)
		if a == b {
			return true
		}
		size := int(m.raw[a])
		if size != int(m.raw[b]) || !sameFold(m.raw[a+1:a+1+size], m.raw[b+1:b+1+size]) {
			return false
		}
		if size == 0 {
			return true
		}
		a, b = a+1+size, b+1+size
	}
}

// nameAt returns the checked name at off in the form of the whole program.
func (m *message) nameAt(off int) zone.Name {
	if off = m.label(off); m.raw[off] == 0 {
		return zone.Root
	}
	b := make([]byte, 0, 64)
	for m.raw[off] != 0 {
		size := int(m.raw[off])
		for _, c := range m.raw[off+1 : off+1+size] {
			b = appendEscaped(b, lower(c))
		}
		b = append(b, '.')
		off = m.label(off + 1 + size)
	}
	return zone.Name(b)
}

// appendEscaped appends one octet of a label as zone files write it (RFC 1035,
// section 5.1).
func appendEscaped(b []byte, c byte) []byte {
	switch {
	case strings.IndexByte(`."\();@ `, c) >= 0:
		return append(b, '\\', c)
	case c < '!' || c > '~':
		return append(b, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
	}
	return append(b, c)
}

// sameFold compares octets, ASCII case aside; both have the same length.
func sameFold(a, b []byte) bool {
	for i, c := range a {
		if c != b[i] && lower(c) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// answersTo tells whether the reply belongs to query, a message of ours: same
// id, same question with case aside (RFC 5452, section 9.1). A server that
// reports an error may leave the question out.
func (m *message) answersTo(query []byte) bool {
	if m.id != binary.BigEndian.Uint16(query) {
		return false
	}
	if !m.asked {
		return m.rcode != 0 && m.rcode != 3
	}
	return m.sameQuestion(query)
}

func (m *message) sameQuestion(query []byte) bool {
	asked := query[headerLen:]
	if query[headerLen-1] > 0 { // of additional records, the OPT record is the only one
		asked = asked[:len(asked)-optLen]
	}
	if !m.asked || len(m.raw) < headerLen+len(asked) {
		return false
	}
	name := len(asked) - 4
	return string(m.raw[headerLen+name:headerLen+len(asked)]) == string(asked[name:]) &&
		sameFold(m.raw[headerLen:headerLen+name], asked[:name])
}

// optLen is the size of the OPT record that ends most queries of ours.
const optLen = 11
