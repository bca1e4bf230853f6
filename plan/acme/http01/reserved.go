package http01

import (
	"net/netip"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Reserved tells whether a public authority refuses to connect to a: it is in
// one of the special-purpose address registries, whatever they say of it
// (CA/Browser Forum Baseline Requirements, "Reserved IP Address"), or it is
// multicast.
func Reserved(a netip.Addr) bool {
	_, special := zone.SpecialOf(a)
	return special
}
