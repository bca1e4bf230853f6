package rfc2136

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// headerLen is the length of a message's header (RFC 1035, section 4.1.1).
const headerLen = 12

var errShort = errors.New("message is cut short")

// message is a reply taken apart as far as its records' headers. The records'
// data stay on the wire, so that one of them that cannot be parsed does not
// spoil the others.
type message struct {
	raw           []byte
	id            uint16
	response      bool
	authoritative bool
	truncated     bool
	rcode         int
	answer        []record
	authority     []record
	additional    []record
	tsig          *dns.TSIG // nil when the message is not signed
	tsigOff       int       // where its record starts
	signed        bool      // it was received, and verified; see session.receive
}

// record is the head of a resource record, and where its data lie.
type record struct {
	name     zone.Name
	rrtype   uint16
	class    uint16
	ttl      zone.TTL
	off, end int
}

// parseMessage takes a message apart.
func parseMessage(raw []byte) (*message, error) {
	if len(raw) < headerLen {
		return nil, errShort
	}
	bits := binary.BigEndian.Uint16(raw[2:])
	m := &message{
		raw:           raw,
		id:            binary.BigEndian.Uint16(raw),
		response:      bits&(1<<15) != 0,
		authoritative: bits&(1<<10) != 0,
		truncated:     bits&(1<<9) != 0,
		rcode:         int(bits & 0xf),
	}
	off, err := skipQuestions(raw)
	if err != nil {
		return nil, err
	}
	if m.answer, off, err = parseSection(raw, off, 6); err != nil {
		return nil, err
	}
	if m.authority, off, err = parseSection(raw, off, 8); err != nil {
		return nil, err
	}
	if m.additional, _, err = parseSection(raw, off, 10); err != nil {
		return nil, err
	}
	return m, m.takeTSIG(m.additional, off)
}

func skipQuestions(raw []byte) (int, error) {
	off := headerLen
	for range binary.BigEndian.Uint16(raw[4:]) {
		_, next, err := dns.UnpackDomainName(raw, off)
		if err != nil {
			return 0, err
		}
		if off = next + 4; off > len(raw) {
			return 0, errShort
		}
	}
	return off, nil
}

// parseSection reads the records of the section whose count stands at octet
// count of the header.
func parseSection(raw []byte, off, count int) ([]record, int, error) {
	n := int(binary.BigEndian.Uint16(raw[count:]))
	if n > (len(raw)-off)/11 { // the shortest record has 11 octets
		return nil, off, errShort
	}
	out := make([]record, 0, n)
	for range n {
		name, next, err := dns.UnpackDomainName(raw, off)
		if err != nil {
			return nil, off, err
		}
		if next+10 > len(raw) {
			return nil, off, errShort
		}
		r := record{
			name:   zone.Canonical(name),
			rrtype: binary.BigEndian.Uint16(raw[next:]),
			class:  binary.BigEndian.Uint16(raw[next+2:]),
			ttl:    zone.TTL(binary.BigEndian.Uint32(raw[next+4:])),
			off:    next + 10,
		}
		r.end = r.off + int(binary.BigEndian.Uint16(raw[next+8:]))
		if r.end > len(raw) {
			return nil, off, errShort
		}
		out = append(out, r)
		off = r.end
	}
	return out, off, nil
}

// takeTSIG keeps the TSIG record, which is the last of the additional section
// (RFC 8945, section 5.1).
func (m *message) takeTSIG(extra []record, off int) error {
	for i, r := range extra {
		if r.rrtype == dns.TypeTSIG {
			if i != len(extra)-1 {
				return errors.New("a TSIG record is not the last record")
			}
			rr, _, err := dns.UnpackRR(m.raw, off)
			if err != nil {
				return err
			}
			m.tsig, _ = rr.(*dns.TSIG)
			m.tsigOff = off
		}
		off = r.end
	}
	return nil
}

// data returns a record's data in presentation form. What the library does not
// know or cannot parse is written in the form of RFC 3597, section 5.
func (m *message) data(r record) (string, error) {
	hdr := dns.RR_Header{Name: ".", Rrtype: r.rrtype, Class: r.class, Ttl: uint32(r.ttl), Rdlength: uint16(r.end - r.off)}
	if _, known := dns.TypeToRR[r.rrtype]; known && r.off < r.end {
		rr, _, err := dns.UnpackRRWithHeader(hdr, m.raw[:r.end], r.off)
		if err == nil {
			return strings.TrimPrefix(rr.String(), rr.Header().String()), nil
		}
		if mayCompress(r.rrtype) {
			return "", fmt.Errorf("record %s %s: %w", r.name, dns.Type(r.rrtype), err)
		}
	}
	raw := m.raw[r.off:r.end]
	if len(raw) == 0 {
		return `\# 0`, nil
	}
	return `\# ` + strconv.Itoa(len(raw)) + " " + hex.EncodeToString(raw), nil
}

// mayCompress tells whether the data may hold compressed names, which mean
// nothing outside their message (RFC 3597, section 4).
func mayCompress(rrtype uint16) bool {
	return slices.Contains([]uint16{
		dns.TypeNS, dns.TypeMD, dns.TypeMF, dns.TypeCNAME, dns.TypeSOA, dns.TypeMB, dns.TypeMG, dns.TypeMR,
		dns.TypePTR, dns.TypeMINFO, dns.TypeMX, dns.TypeRP, dns.TypeAFSDB, dns.TypeRT, dns.TypeSIG, dns.TypePX,
		dns.TypeNXT, dns.TypeNAPTR, dns.TypeKX, dns.TypeSRV, dns.TypeDNAME,
	}, rrtype)
}
