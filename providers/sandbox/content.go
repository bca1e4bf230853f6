package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// noTTL marks a record for which the file gives no TTL at all.
const noTTL = math.MaxUint32

// node holds the RRsets of one owner name. An empty one is an empty
// non-terminal (RFC 4592, section 2.2.2).
type node map[uint16][]dns.RR

// content is one version of a zone, ready to answer from. It is never changed
// after it was parsed.
type content struct {
	apex     string
	nodes    map[string]node
	soa      *dns.SOA
	negative uint32 // seconds: min(SOA's TTL, MINIMUM)
}

// zoneText is the source of a content: the text, the name it has in errors, and
// where its $INCLUDE files are; nil forbids them.
type zoneText struct {
	file     string
	text     io.Reader
	includes fs.FS
}

// parseContent reads a zone file (RFC 1035, section 5). Records outside the
// zone are left out, as authoritative servers do. A record before any TTL gets
// the SOA's MINIMUM.
func parseContent(apex zone.Name, src zoneText) (*content, error) {
	c := &content{apex: string(apex), nodes: map[string]node{string(apex): {}}}
	zp := dns.NewZoneParser(src.text, c.apex, src.file)
	zp.SetIncludeAllowed(src.includes != nil)
	zp.SetIncludeFS(src.includes)
	zp.SetDefaultTTL(noTTL)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if err := c.add(rr); err != nil {
			return nil, fmt.Errorf("zone %s: %s: %w", apex, rr.Header().Name, err)
		}
	}
	if err := zp.Err(); err != nil {
		return nil, fmt.Errorf("zone %s: %w", apex, err)
	}
	if err := c.finish(); err != nil {
		return nil, fmt.Errorf("zone %s: %w", apex, err)
	}
	return c, nil
}

// add puts one record into its RRset and makes the nodes above it.
func (c *content) add(rr dns.RR) error {
	h := rr.Header()
	if h.Class != dns.ClassINET {
		return fmt.Errorf("class %s is not served", dns.ClassToString[h.Class])
	}
	if _, err := dns.PackRR(rr, make([]byte, dns.Len(rr)+1), 0, nil, false); err != nil {
		return fmt.Errorf("%s record: %w", dns.TypeToString[h.Rrtype], err)
	}
	name, err := canonical(h.Name)
	if err != nil {
		return err
	}
	if !c.holds(name) {
		return nil
	}
	if soa, ok := rr.(*dns.SOA); ok && name == c.apex {
		if c.soa != nil {
			return errors.New("second SOA record")
		}
		c.soa = soa
	}
	set := c.node(name)
	for _, old := range set[h.Rrtype] {
		if dns.IsDuplicate(old, rr) {
			old.Header().Ttl = min(old.Header().Ttl, h.Ttl)
			return nil
		}
	}
	set[h.Rrtype] = append(set[h.Rrtype], rr)
	return nil
}

// node returns the node of name, made with all nodes between it and the apex.
func (c *content) node(name string) node {
	if n, ok := c.nodes[name]; ok {
		return n
	}
	n := node{}
	c.nodes[name] = n
	c.node(parent(name))
	return n
}

// finish checks what concerns more than one record and makes the TTLs of each
// RRset equal, at the lowest (RFC 2181, section 5.2).
func (c *content) finish() error {
	if c.soa == nil {
		return errors.New("no SOA record at the apex")
	}
	for name, n := range c.nodes {
		if len(n[dns.TypeCNAME]) > 1 || (len(n[dns.TypeCNAME]) == 1 && len(n) > 1) {
			return fmt.Errorf("%s: CNAME and other data (RFC 1034, section 3.6.2)", name)
		}
		for _, set := range n {
			for _, rr := range set {
				if rr.Header().Ttl == noTTL {
					rr.Header().Ttl = c.soa.Minttl
				}
			}
			levelTTL(set)
		}
	}
	c.negative = min(c.soa.Hdr.Ttl, c.soa.Minttl)
	return nil
}

// levelTTL gives all records of an RRset its lowest TTL.
func levelTTL(set []dns.RR) {
	low := set[0].Header().Ttl
	for _, rr := range set {
		low = min(low, rr.Header().Ttl)
	}
	for _, rr := range set {
		rr.Header().Ttl = low
	}
}

// holds tells whether name lies at or below the apex.
func (c *content) holds(name string) bool {
	return zone.Name(name).IsSubdomainOf(zone.Name(c.apex))
}

func parent(name string) string { return string(zone.Name(name).Parent()) }

// canonical brings an owner name into the one form that names are compared in:
// lower case, and escaped as the wire format is when it is unpacked.
func canonical(name string) (string, error) {
	if strings.Contains(name, `\`) {
		var wire [256]byte
		off, err := dns.PackDomainName(name, wire[:], 0, nil, false)
		if err != nil {
			return "", fmt.Errorf("name %q: %w", name, err)
		}
		if name, _, err = dns.UnpackDomainName(wire[:off], 0); err != nil {
			return "", fmt.Errorf("name: %w", err)
		}
	}
	return dns.CanonicalName(name), nil
}
