package zonefile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

var (
	errNoAddress = errors.New("no address")
	errOneValue  = errors.New("more than one address on a line")
	errFamily    = errors.New("address of the other family")
	errRFC3597   = errors.New("bad generic data (RFC 3597, section 5)")
	errSOAFields = errors.New("SOA record without its seven fields")
)

// typeNumber returns the number of a type's mnemonic, or of TYPEn; 0 for one
// that is not known.
func typeNumber(tok string) uint16 {
	switch tok {
	case "A":
		return typeA
	case "AAAA":
		return typeAAAA
	}
	upper := strings.ToUpper(tok)
	if n, ok := dns.StringToType[upper]; ok {
		return n
	}
	if digits, ok := strings.CutPrefix(upper, "TYPE"); ok {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err == nil {
			return uint16(n)
		}
	}
	return 0
}

// address takes in an A or AAAA record; toks starts at the type.
func (p *parser) address(f *frame, e entry, toks []span) (err error) {
	if e.ttlSrc == ttlNone {
		return errNoTTL
	}
	data := toks[1:]
	if len(data) == 0 {
		return errNoAddress
	}
	e.data = span{data[0].pos, data[len(data)-1].end}
	if first := f.at(data[0]); first == `\#` {
		e.addr, err = genericAddress(f, data[1:])
	} else if len(data) > 1 {
		return errOneValue
	} else {
		e.addr, err = netip.ParseAddr(first)
		e.plain = isMnemonic(f.at(toks[0]))
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", e.name, zone.Type(e.typ), err)
	}
	if e.addr.Is4() != (e.typ == typeA) || e.addr.Zone() != "" {
		return fmt.Errorf("%s %s %s: %w", e.name, zone.Type(e.typ), e.addr, errFamily)
	}
	p.doc.entries = append(p.doc.entries, e)
	return nil
}

// isMnemonic tells "A" and "AAAA" in any case from TYPE1 and TYPE28.
func isMnemonic(tok string) bool { return tok[0]|0x20 == 'a' }

// genericAddress reads an address in the form of unknown types:
// \# 4 c0000201 (RFC 3597, section 5).
func genericAddress(f *frame, toks []span) (netip.Addr, error) {
	if len(toks) < 2 {
		return netip.Addr{}, errRFC3597
	}
	var digits strings.Builder
	for _, t := range toks[1:] {
		digits.WriteString(f.at(t))
	}
	raw, err := hex.DecodeString(digits.String())
	if err != nil || strconv.Itoa(len(raw)) != f.at(toks[0]) {
		return netip.Addr{}, errRFC3597
	}
	addr, ok := netip.AddrFromSlice(raw)
	if !ok {
		return netip.Addr{}, errRFC3597
	}
	return addr, nil
}

// other takes in a record of any other type; toks starts at the type.
func (p *parser) other(f *frame, e entry, toks []span) error {
	if err := checkType(f, e.typ, toks); err != nil {
		return err
	}
	rec := zone.Record{Name: e.name, Type: strings.ToUpper(f.at(toks[0])), TTL: e.ttl}
	if t, ok := dns.TypeToString[e.typ]; ok && e.typ != 0 {
		rec.Type = t
	}
	rec.Data = p.data(f, &rec, e.typ, toks[1:])
	if e.typ == typeSOA && e.name == p.doc.zone {
		if err := p.soa(f, &e, &rec, toks[1:]); err != nil {
			return err
		}
	}
	e.other = uint32(len(p.doc.others))
	p.doc.entries = append(p.doc.entries, e)
	p.doc.others = append(p.doc.others, rec)
	return nil
}

// checkType refuses a token that can be no type, and one in front of an address
// type, which is a misspelt class or TTL: the address would go unseen.
func checkType(f *frame, typ uint16, toks []span) error {
	tok := f.at(toks[0])
	if typ != 0 {
		return nil
	}
	c := tok[0] | 0x20
	if c < 'a' || c > 'z' {
		return fmt.Errorf("%q is not a type", tok)
	}
	for _, t := range toks[1:min(len(toks), 4)] {
		if n := typeNumber(f.at(t)); n == typeA || n == typeAAAA {
			return fmt.Errorf("%q is neither a TTL, a class nor a type", tok)
		}
	}
	return nil
}

// soa notes where the serial stands, and takes the TTL of a zone without $TTL
// from MINIMUM.
func (p *parser) soa(f *frame, e *entry, rec *zone.Record, data []span) error {
	if p.doc.soa >= 0 {
		return errTwoSOA
	}
	if len(data) != 7 {
		return errSOAFields
	}
	e.data = data[2]
	if e.ttlSrc == ttlNone {
		ttl, err := parseTTL(f.at(data[6]))
		if err != nil {
			return fmt.Errorf("SOA MINIMUM: %w", err)
		}
		e.ttl, e.ttlSrc, rec.TTL = ttl, ttlDefault, ttl
		f.dflt = ttlState{ttl, true}
	}
	p.doc.soa = len(p.doc.entries)
	return nil
}

// data returns a record's data in one form. Types that hold one name, as a
// large zone may have many, need no more than the name.
func (p *parser) data(f *frame, rec *zone.Record, typ uint16, toks []span) string {
	if len(toks) == 1 && (typ == dns.TypeCNAME || typ == dns.TypeNS || typ == dns.TypePTR) && isPlainName(f.at(toks[0])) {
		if target, err := p.names.resolve(f.at(toks[0]), f.origin); err == nil {
			return string(target)
		}
	}
	return presentation(rec, rawData(f, toks), f.origin)
}

// rawData returns the data as it stands, without parentheses and comments.
func rawData(f *frame, toks []span) string {
	if len(toks) == 1 {
		return f.at(toks[0])
	}
	var b strings.Builder
	for i, t := range toks {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(f.at(t))
	}
	return b.String()
}

// presentation returns the data in the one form that the DNS library writes:
// absolute names, TTLs in seconds, quoted strings. Data that it cannot parse is
// returned as it stands.
func presentation(rec *zone.Record, raw string, origin zone.Name) string {
	line := string(rec.Name) + " 0 IN " + rec.Type + " " + raw + "\n"
	zp := dns.NewZoneParser(strings.NewReader(line), string(origin), "")
	rr, ok := zp.Next()
	if !ok || zp.Err() != nil {
		return raw
	}
	// name TAB TTL TAB class TAB type TAB data; none of the first four has a
	// tab in it.
	fields := strings.SplitN(rr.String(), "\t", 5)
	if len(fields) < 5 {
		return raw
	}
	return fields[4]
}
