package report

import (
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Live is an RRset as it stands at the provider at the end.
type Live struct {
	// Exists is false where there is no such RRset.
	Exists  bool     `json:"exists"`
	TTL     zone.TTL `json:"ttl"`
	Values  []string `json:"values"`
	Proxied bool     `json:"proxied"`
	Auto    bool     `json:"auto_ttl,omitempty"`
}

func liveOf(r *zone.RRset) *Live {
	if r == nil {
		return &Live{Values: []string{}}
	}
	l := &Live{Exists: true, TTL: r.TTL, Values: []string{}, Proxied: r.Proxied, Auto: r.Auto}
	for _, a := range r.Addrs {
		l.Values = append(l.Values, a.String())
	}
	return l
}

// String writes what is live: "192.0.2.1 (TTL 5m)", or "no such RRset".
func (l *Live) String() string {
	if !l.Exists {
		return "no such RRset"
	}
	return strings.Join(l.Values, ", ") + keep(" (TTL "+ttlText(l.TTL, l.Auto)+proxiedText(l.Proxied)+")")
}

func proxiedText(on bool) string {
	if on {
		return ", proxied"
	}
	return ""
}
