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
	errSOAPlace  = errors.New("an SOA record stands at the apex only, which is")
	errSOAData   = errors.New("SOA record that cannot be read")
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
	if n := laterType(upper); n != 0 {
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

// laterType knows the mnemonics of IANA's registry (RFC 6895, section 3.1) that
// the DNS library has no name for; 0 for all others.
func laterType(mnemonic string) uint16 {
	switch mnemonic {
	case "WKS":
		return 11
	case "NSAP":
		return 22
	case "A6":
		return 38
	case "SINK":
		return 40
	case "DSYNC":
		return 66
	case "HHIT":
		return 67
	case "BRID":
		return 68
	case "DOA":
		return 259
	case "WALLET":
		return 262
	case "CLA":
		return 263
	case "IPN":
		return 264
	}
	return 0
}

// isDataType tells whether a zone can hold records of the type: all but OPT and
// the types of questions and messages (RFC 6895, section 3.1).
func isDataType(typ uint16) bool {
	return typ != 0 && typ != dns.TypeOPT && (typ < 128 || typ > 255)
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
	if !isDataType(e.typ) {
		return fmt.Errorf("%q is not a record type", f.at(toks[0]))
	}
	rec := zone.Record{Name: e.name, Type: strings.ToUpper(f.at(toks[0])), TTL: e.ttl}
	if t, ok := dns.TypeToString[e.typ]; ok {
		rec.Type = t
	}
	if e.typ == typeSOA {
		if err := p.soa(f, &e, &rec, toks[1:]); err != nil {
			return err
		}
	} else {
		rec.Data = p.data(f, &rec, e.typ, toks[1:])
	}
	e.other = uint32(len(p.doc.others))
	p.doc.entries = append(p.doc.entries, e)
	p.doc.others = append(p.doc.others, rec)
	return nil
}

// soa takes in the zone's one SOA record, which must be readable: without it no
// server would load the file. It notes where the serial stands, and takes the
// TTL of a zone without $TTL from MINIMUM.
func (p *parser) soa(f *frame, e *entry, rec *zone.Record, data []span) error {
	switch {
	case e.name != p.doc.zone:
		return fmt.Errorf("%s: %w %s", e.name, errSOAPlace, p.doc.zone)
	case p.doc.soa >= 0:
		return errTwoSOA
	case len(data) != 7:
		return errSOAFields
	}
	e.data = data[2]
	serial, err := strconv.ParseUint(f.at(e.data), 10, 32)
	if err != nil {
		return fmt.Errorf("SOA serial %q is not a number from 0 to 4294967295", f.at(e.data))
	}
	var ok bool
	if rec.Data, ok = presentation(rec, rawData(f, data), f.origin); !ok {
		return fmt.Errorf("%w: %q", errSOAData, rec.Data)
	}
	p.doc.soa, p.doc.serial = len(p.doc.entries), uint32(serial)
	return minimumTTL(f, e, rec, data[6])
}

// minimumTTL gives an SOA record without a TTL, and those behind it, MINIMUM.
func minimumTTL(f *frame, e *entry, rec *zone.Record, minimum span) error {
	if e.ttlSrc != ttlNone {
		return nil
	}
	ttl, err := parseTTL(f.at(minimum))
	if err != nil {
		return fmt.Errorf("SOA MINIMUM: %w", err)
	}
	e.ttl, e.ttlSrc, rec.TTL = ttl, ttlDefault, ttl
	f.dflt = ttlState{ttl, true}
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
	data, _ := presentation(rec, rawData(f, toks), f.origin)
	return data
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
// returned as it stands, and false.
func presentation(rec *zone.Record, raw string, origin zone.Name) (string, bool) {
	line := string(rec.Name) + " 0 IN " + rec.Type + " " + raw + "\n"
	zp := dns.NewZoneParser(strings.NewReader(line), string(origin), "")
	rr, ok := zp.Next()
	if !ok || zp.Err() != nil {
		return raw, false
	}
	// name TAB TTL TAB class TAB type TAB data; none of the first four has a
	// tab in it.
	fields := strings.SplitN(rr.String(), "\t", 5)
	if len(fields) < 5 {
		return raw, false
	}
	return fields[4], true
}
