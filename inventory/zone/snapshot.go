package zone

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Record is one resource record of a type that dnsplan never writes, with its
// data in presentation form (RFC 1035, section 5.1; RFC 3597 for unknown types).
type Record struct {
	Name Name   `json:"name"`
	Type string `json:"type"`
	TTL  TTL    `json:"ttl"`
	Data string `json:"data"`
}

// Snapshot is a zone as a provider returned it in one complete read.
type Snapshot struct {
	Zone Name
	// RRsets are the address sets in canonical order (CompareKeys), foreign
	// ones included. See Sort.
	RRsets []RRset
	// Others are all further records in the provider's order.
	Others []Record
	// Blind, when not empty, says why names that were not asked for could not
	// be seen, so that "unmanaged" cannot be told.
	Blind string
}

// Sort brings RRsets into canonical order and Normalizes each.
func (s *Snapshot) Sort() {
	for i := range s.RRsets {
		s.RRsets[i].Normalize()
	}
	byKey := func(a, b RRset) int { return CompareKeys(a.Key, b.Key) }
	if !slices.IsSortedFunc(s.RRsets, byKey) {
		slices.SortFunc(s.RRsets, byKey)
	}
}

// Find returns the RRset of key. The snapshot must be sorted.
func (s *Snapshot) Find(key Key) (RRset, bool) {
	i, ok := slices.BinarySearchFunc(s.RRsets, key, func(r RRset, k Key) int { return CompareKeys(r.Key, k) })
	if !ok {
		return RRset{}, false
	}
	return s.RRsets[i], true
}

// SOA is the part of a zone's SOA record that matters here (RFC 1035, 3.3.13).
type SOA struct {
	TTL     TTL
	Serial  uint32
	Minimum TTL
}

// SOA returns the zone's SOA record; ok is false when the snapshot holds none,
// as with providers that manage it themselves and do not show it.
func (s *Snapshot) SOA() (soa SOA, ok bool) {
	for _, r := range s.Others {
		if r.Type != "SOA" || r.Name != s.Zone {
			continue
		}
		f := strings.Fields(strings.NewReplacer("(", " ", ")", " ").Replace(r.Data))
		if len(f) != 7 {
			return SOA{}, false
		}
		serial, err := strconv.ParseUint(f[2], 10, 32)
		if err != nil {
			return SOA{}, false
		}
		minimum, err := strconv.ParseUint(f[6], 10, 32)
		if err != nil {
			return SOA{}, false
		}
		return SOA{TTL: r.TTL, Serial: uint32(serial), Minimum: TTL(minimum)}, true
	}
	return SOA{}, false
}

// NegativeTTL is how long a resolver may remember that a name or a type does
// not exist: the lower of the SOA record's own TTL and its MINIMUM field
// (RFC 2308, section 5). Without an SOA record it is fallback.
func (s *Snapshot) NegativeTTL(fallback TTL) TTL {
	soa, ok := s.SOA()
	if !ok {
		return fallback
	}
	return min(soa.TTL, soa.Minimum)
}

// Digest is a SHA-256, in hexadecimal, over the address sets and the CNAME
// records: what a plan depends on. Equal snapshots have equal digests, whatever
// order the provider listed them in.
func (s *Snapshot) Digest() string {
	h := sha256.New()
	buf := make([]byte, 0, 256)
	for _, r := range s.RRsets {
		buf = append(buf[:0], r.Name...)
		buf = append(buf, ' ')
		buf = strconv.AppendUint(buf, uint64(r.TTL), 10)
		buf = append(buf, ' ')
		buf = append(buf, r.Type.String()...)
		for _, a := range r.Addrs {
			buf = a.AppendTo(append(buf, ' '))
		}
		buf = strconv.AppendBool(append(buf, ' '), r.Proxied)
		buf = append(append(buf, ' '), r.Foreign...)
		if r.Mixed {
			buf = append(buf, " mixed"...)
		}
		h.Write(append(buf, '\n'))
	}
	var cnames []string
	for _, r := range s.Others {
		if r.Type == "CNAME" {
			cnames = append(cnames, string(r.Name)+" CNAME "+r.Data+"\n")
		}
	}
	slices.Sort(cnames)
	for _, c := range cnames {
		h.Write([]byte(c))
	}
	return hex.EncodeToString(h.Sum(nil))
}
