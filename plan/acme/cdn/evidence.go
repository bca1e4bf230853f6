package cdn

import (
	"net/http"
	"net/netip"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Evidence is what is known of a name. What was not asked stays empty.
type Evidence struct {
	// Proxied is what the provider's API says of the record, and Proxy whose proxy
	// that is. Nil is a provider that was not asked, or that has no proxy.
	Proxied *bool
	Proxy   Vendor
	// Addrs are what authoritative servers or resolvers answer for the name.
	Addrs []netip.Addr
	// CNAMEs are the names that the chain leads through, the last one too.
	CNAMEs []zone.Name
	// Header is that of an answer on port 80 or 443.
	Header http.Header
	// Trace is what was answered at TracePath.
	Trace *Trace
}

// Basis is the kind of evidence that a sign rests on; a lower one weighs more.
type Basis uint8

// The kinds of evidence, in the order of their weight.
const (
	ByAPI Basis = iota + 1
	ByRange
	ByCNAME
	ByHeader
	ByTrace
)

// String says it in words that fit behind "told by".
func (b Basis) String() string {
	switch b {
	case ByAPI:
		return "the provider's API"
	case ByRange:
		return "its address"
	case ByCNAME:
		return "its CNAME"
	case ByHeader:
		return "its answer"
	case ByTrace:
		return "its trace"
	}
	return "nothing"
}

// MarshalText writes one word: api, range, cname, header, trace or none.
func (b Basis) MarshalText() ([]byte, error) {
	words := []string{"none", "api", "range", "cname", "header", "trace"}
	return []byte(words[min(int(b), len(words)-1)]), nil
}

// Sign is one piece of evidence for a vendor.
type Sign struct {
	Vendor Vendor `json:"vendor"`
	Basis  Basis  `json:"basis"`
	// Detail says what was seen: "104.16.132.229 is in 104.16.0.0/13, which
	// Cloudflare publishes (list of 2026-08-22)".
	Detail string `json:"detail"`
	// Addr is the address that a sign by range is about.
	Addr netip.Addr `json:"address,omitzero"`
}

// Verdict is who stands in front, and why.
type Verdict struct {
	// Vendor is empty where nothing points at one.
	Vendor Vendor `json:"vendor,omitempty"`
	// Basis and Why are those of the strongest sign.
	Basis Basis  `json:"basis,omitempty"`
	Why   string `json:"why,omitempty"`
	// Signs are all of them, the strongest first; they may point at several
	// vendors.
	Signs []Sign `json:"signs,omitempty"`
	// DNSOnly says that the provider's API knows of no proxy. A sign of another
	// kind then shows what resolvers still hold, another vendor, or addresses that
	// the vendor lets its customers use without a proxy.
	DNSOnly bool `json:"dns_only,omitempty"`
	// Challenged says that the vendor has put a challenge for browsers in place of
	// the answer, which no authority passes.
	Challenged bool `json:"challenged,omitempty"`
}
