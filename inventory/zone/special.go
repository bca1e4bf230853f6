package zone

import (
	"net/netip"
	"strings"
)

// Reach is the column "Globally Reachable" of the special-purpose address
// registries (RFC 8190, section 2.1).
type Reach uint8

// What the column says. ReachUnsaid is "N/A" or empty.
const (
	ReachUnsaid Reach = iota
	ReachLocal
	ReachGlobal
)

// Special is a block of addresses that are not like others.
type Special struct {
	Prefix netip.Prefix
	// Name and RFC are as the registry has them: "Private-Use", "RFC 1918".
	Name, RFC string
	// Reach says whether packets from elsewhere are forwarded to it.
	Reach Reach
}

// String reads "10.0.0.0/8, Private-Use (RFC 1918)".
func (s Special) String() string { return s.Prefix.String() + ", " + s.Name + " (" + s.RFC + ")" }

// Documentation tells whether the block is one of those that examples use (RFC
// 5737, 3849, 9637). Who writes their addresses knows that nobody is there.
func (s Special) Documentation() bool { return strings.HasPrefix(s.Name, "Documentation") }

// SpecialOf returns the most specific block that holds a, where there is one. A
// public certificate authority connects to no address that is in a block,
// whatever its Reach.
func SpecialOf(a netip.Addr) (Special, bool) {
	a = a.WithZone("")
	var found Special
	for _, s := range specials {
		if s.Prefix.Contains(a) && s.Prefix.Bits() >= found.Prefix.Bits() {
			found = s
		}
	}
	return found, found.Name != ""
}

// specials are the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC
// 6890, RFC 8190), as of the entries of April 2025; no later ones were known in
// August 2026. The two blocks for multicast have registries of their own.
var specials = [...]Special{
	special("0.0.0.0/8", `"This network"`, "RFC 791", ReachLocal),
	special("0.0.0.0/32", `"This host on this network"`, "RFC 1122", ReachLocal),
	special("10.0.0.0/8", "Private-Use", "RFC 1918", ReachLocal),
	special("100.64.0.0/10", "Shared Address Space", "RFC 6598", ReachLocal),
	special("127.0.0.0/8", "Loopback", "RFC 1122", ReachLocal),
	special("169.254.0.0/16", "Link Local", "RFC 3927", ReachLocal),
	special("172.16.0.0/12", "Private-Use", "RFC 1918", ReachLocal),
	special("192.0.0.0/24", "IETF Protocol Assignments", "RFC 6890", ReachLocal),
	special("192.0.0.0/29", "IPv4 Service Continuity Prefix", "RFC 7335", ReachLocal),
	special("192.0.0.8/32", "IPv4 dummy address", "RFC 7600", ReachLocal),
	special("192.0.0.9/32", "Port Control Protocol Anycast", "RFC 7723", ReachGlobal),
	special("192.0.0.10/32", "Traversal Using Relays around NAT Anycast", "RFC 8155", ReachGlobal),
	special("192.0.0.170/32", "NAT64/DNS64 Discovery", "RFC 8880", ReachLocal),
	special("192.0.0.171/32", "NAT64/DNS64 Discovery", "RFC 8880", ReachLocal),
	special("192.0.2.0/24", "Documentation (TEST-NET-1)", "RFC 5737", ReachLocal),
	special("192.31.196.0/24", "AS112-v4", "RFC 7535", ReachGlobal),
	special("192.52.193.0/24", "AMT", "RFC 7450", ReachGlobal),
	special("192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", "RFC 7526", ReachUnsaid),
	special("192.88.99.2/32", "6a44-relay anycast address", "RFC 6751", ReachLocal),
	special("192.168.0.0/16", "Private-Use", "RFC 1918", ReachLocal),
	special("192.175.48.0/24", "Direct Delegation AS112 Service", "RFC 7534", ReachGlobal),
	special("198.18.0.0/15", "Benchmarking", "RFC 2544", ReachLocal),
	special("198.51.100.0/24", "Documentation (TEST-NET-2)", "RFC 5737", ReachLocal),
	special("203.0.113.0/24", "Documentation (TEST-NET-3)", "RFC 5737", ReachLocal),
	special("224.0.0.0/4", "Multicast", "RFC 5771", ReachUnsaid),
	special("240.0.0.0/4", "Reserved", "RFC 1112", ReachLocal),
	special("255.255.255.255/32", "Limited Broadcast", "RFC 919", ReachLocal),

	special("::1/128", "Loopback Address", "RFC 4291", ReachLocal),
	special("::/128", "Unspecified Address", "RFC 4291", ReachLocal),
	special("::ffff:0:0/96", "IPv4-mapped Address", "RFC 4291", ReachLocal),
	special("64:ff9b::/96", "IPv4-IPv6 Translat.", "RFC 6052", ReachGlobal),
	special("64:ff9b:1::/48", "IPv4-IPv6 Translat.", "RFC 8215", ReachLocal),
	special("100::/64", "Discard-Only Address Block", "RFC 6666", ReachLocal),
	special("100:0:0:1::/64", "Dummy IPv6 Prefix", "RFC 9780", ReachLocal),
	special("2001::/23", "IETF Protocol Assignments", "RFC 2928", ReachLocal),
	special("2001::/32", "TEREDO", "RFC 4380", ReachUnsaid),
	special("2001:1::1/128", "Port Control Protocol Anycast", "RFC 7723", ReachGlobal),
	special("2001:1::2/128", "Traversal Using Relays around NAT Anycast", "RFC 8155", ReachGlobal),
	special("2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", "RFC 9665", ReachGlobal),
	special("2001:2::/48", "Benchmarking", "RFC 5180", ReachLocal),
	special("2001:3::/32", "AMT", "RFC 7450", ReachGlobal),
	special("2001:4:112::/48", "AS112-v6", "RFC 7535", ReachGlobal),
	special("2001:10::/28", "Deprecated (previously ORCHID)", "RFC 4843", ReachUnsaid),
	special("2001:20::/28", "ORCHIDv2", "RFC 7343", ReachGlobal),
	special("2001:30::/28", "Drone Remote ID Protocol Entity Tags (DETs) Prefix", "RFC 9374", ReachGlobal),
	special("2001:db8::/32", "Documentation", "RFC 3849", ReachLocal),
	special("2002::/16", "6to4", "RFC 3056", ReachUnsaid),
	special("2620:4f:8000::/48", "Direct Delegation AS112 Service", "RFC 7534", ReachGlobal),
	special("3fff::/20", "Documentation", "RFC 9637", ReachLocal),
	special("5f00::/16", "Segment Routing (SRv6) SIDs", "RFC 9602", ReachLocal),
	special("fc00::/7", "Unique-Local", "RFC 4193", ReachLocal),
	special("fe80::/10", "Link-Local Unicast", "RFC 4291", ReachLocal),
	special("ff00::/8", "Multicast", "RFC 4291", ReachUnsaid),
}

func special(prefix, name, rfc string, r Reach) Special {
	return Special{netip.MustParsePrefix(prefix), name, rfc, r}
}
