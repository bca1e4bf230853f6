package resolver

import (
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// found is what a reply's answer section says about the question.
type found struct {
	records []record    // of the asked type, at the end of the chain
	chain   []zone.Name // the CNAME targets, in order
	ttl     zone.TTL    // the lowest along the chain and the records
}

// follow walks the CNAME chain from the question's name to records of the
// asked type. Addresses beside a CNAME win; a loop ends the chain.
func (m *message) follow() (f found) {
	if !m.asked {
		return f
	}
	f.ttl = zone.MaxTTL
	for at, hops := headerLen, 0; hops <= len(m.answers); hops++ {
		if f.records = m.recordsAt(at, m.qtype); len(f.records) > 0 {
			break
		}
		cname := m.recordsAt(at, typeCNAME)
		if len(cname) == 0 || m.qtype == typeCNAME {
			break
		}
		at = cname[0].start
		f.chain = append(f.chain, m.nameAt(at))
		f.ttl = min(f.ttl, cname[0].ttl)
	}
	for _, r := range f.records {
		f.ttl = min(f.ttl, r.ttl)
	}
	if len(f.records) == 0 && len(f.chain) == 0 {
		f.ttl = 0
	}
	return f
}

// recordsAt returns the records of one name and type. Where all answers match,
// as they mostly do, nothing is copied.
func (m *message) recordsAt(name int, rtype uint16) []record {
	match := func(r record) bool { return r.rtype == rtype && m.sameName(r.owner, name) }
	first := slices.IndexFunc(m.answers, match)
	if first < 0 {
		return nil
	}
	last := first + 1
	for last < len(m.answers) && match(m.answers[last]) {
		last++
	}
	out := m.answers[first:last:last]
	for _, r := range m.answers[last:] {
		if match(r) {
			out = append(out, r) // beyond its capacity: a copy
		}
	}
	return out
}

// addrs returns the records' addresses in ascending order, each once.
func (m *message) addrs(records []record) []netip.Addr {
	if len(records) == 0 {
		return nil
	}
	out := make([]netip.Addr, 0, len(records))
	for _, r := range records {
		if addr, ok := netip.AddrFromSlice(m.raw[r.start:r.end]); ok {
			out = append(out, addr)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// judge turns a reply into a Status:
//
//	rcode      authority asked (no RD)   resolver asked (RD)
//	NOERROR    AA clear: Lame            referral, or nothing and RA clear: Lame
//	           records: Answered         records: Answered
//	           else NoData               else NoData
//	NXDOMAIN   AA clear: Lame            NXDomain
//	           else NXDomain
//	others     by rcode                  by rcode
func (m *message) judge(recurse bool, f found) Status {
	switch m.rcode {
	case 0, 3:
	case 2:
		return ServFail
	case 5:
		return Refused
	default:
		return OtherRcode
	}
	if !m.authoritative() && (!recurse || m.unhelpful(f)) {
		return Lame
	}
	switch {
	case m.rcode == 3:
		return NXDomain
	case len(f.records) > 0:
		return Answered
	}
	return NoData
}

// unhelpful tells a NOERROR that is no answer, from a server that does not
// recurse for us: a referral upwards or downwards (RFC 2308, section 2.2), or
// nothing at all without RA.
func (m *message) unhelpful(f found) bool {
	if m.rcode != 0 || len(f.records) > 0 || len(f.chain) > 0 {
		return false
	}
	return m.referral || !m.recursion() && !m.hasSOA
}
