package resolvertest

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Zone is a zone that a loopback server serves. With Recursive set it plays a
// resolver that knows just this zone: RA instead of AA. Set may be called while
// it serves; set the fields before.
type Zone struct {
	// Recursive clears AA and sets RA.
	Recursive bool

	tb   testing.TB
	apex string
	soa  dns.RR

	mu      sync.RWMutex
	records []dns.RR
}

// NewZone reads a zone from zone-file lines with absolute names. The first
// record must be the SOA.
func NewZone(tb testing.TB, lines ...string) *Zone {
	tb.Helper()
	z := &Zone{tb: tb}
	z.Set(lines...)
	return z
}

// Set replaces all records.
func (z *Zone) Set(lines ...string) {
	z.tb.Helper()
	var records []dns.RR
	p := dns.NewZoneParser(strings.NewReader(strings.Join(lines, "\n")+"\n"), ".", "")
	p.SetDefaultTTL(300)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		records = append(records, z.onWire(rr))
	}
	if err := p.Err(); err != nil {
		z.tb.Fatalf("zone lines: %v", err)
	}
	if len(records) == 0 || records[0].Header().Rrtype != dns.TypeSOA {
		z.tb.Fatal("zone lines: the first record is no SOA")
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records, z.soa, z.apex = records, records[0], dns.CanonicalName(records[0].Header().Name)
}

// onWire returns rr as a message would carry it, so that names with escapes are
// spelled as they are in a question.
func (z *Zone) onWire(rr dns.RR) dns.RR {
	z.tb.Helper()
	b := make([]byte, dns.Len(rr)+1)
	end, err := dns.PackRR(rr, b, 0, nil, false)
	if err != nil {
		z.tb.Fatalf("zone line %q: %v", rr, err)
	}
	rr, _, err = dns.UnpackRR(b[:end], 0)
	if err != nil {
		z.tb.Fatalf("zone line: %v", err)
	}
	return rr
}

// ServeDNS answers from the zone: data, CNAME chains, NODATA and NXDOMAIN with
// the SOA (RFC 2308), REFUSED outside of it.
func (z *Zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	z.mu.RLock()
	defer z.mu.RUnlock()
	m := new(dns.Msg)
	m.SetReply(q)
	m.Authoritative, m.RecursionAvailable = !z.Recursive, z.Recursive
	if !dns.IsSubDomain(z.apex, dns.CanonicalName(q.Question[0].Name)) {
		m.Authoritative = false
		m.Rcode = dns.RcodeRefused
	} else {
		z.answer(m, q.Question[0])
	}
	if err := w.WriteMsg(m); err != nil {
		z.tb.Logf("write reply: %v", err)
	}
}

// answer fills in m, CNAME by CNAME.
func (z *Zone) answer(m *dns.Msg, q dns.Question) {
	name := dns.CanonicalName(q.Name)
	for range 8 {
		found, exists := z.find(name, q.Qtype)
		m.Answer = append(m.Answer, found...)
		if len(found) == 0 {
			if !exists && dns.IsSubDomain(z.apex, name) {
				m.Rcode = dns.RcodeNameError
			}
			m.Ns = append(m.Ns, z.soa)
			return
		}
		cname, ok := found[0].(*dns.CNAME)
		if !ok || q.Qtype == dns.TypeCNAME {
			return
		}
		name = dns.CanonicalName(cname.Target)
	}
}

// find returns the records of name that answer qtype, and whether the name
// exists at all.
func (z *Zone) find(name string, qtype uint16) (found []dns.RR, exists bool) {
	for _, rr := range z.records {
		h := rr.Header()
		owner := dns.CanonicalName(h.Name)
		exists = exists || dns.IsSubDomain(name, owner)
		if owner == name && (h.Rrtype == qtype || h.Rrtype == dns.TypeCNAME) {
			found = append(found, rr)
		}
	}
	return slices.Clip(found), exists
}
