package plan

import (
	"net/netip"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Record is one RRset as the inventory wants it.
type Record struct {
	zone.Key
	// Addrs are in ascending order, without duplicates; at least one.
	Addrs []netip.Addr
	TTL   zone.TTL
	// Proxied is nil where the inventory is silent: what is live stays.
	Proxied *bool
	// Auto says that the provider chooses the TTL, and Members what stands beside
	// Addrs. Only a record out of a backup has either.
	Auto         bool
	Members      []zone.Member
	Group        string
	Owner        string
	Comment      string
	ACME         string
	ReplaceCNAME bool
	Probe        *Probe
	// Challenge and Certificate are what new addresses are asked before the switch.
	Challenge   *Challenge
	Certificate *Probe
}
