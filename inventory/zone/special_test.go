package zone

import (
	"net/netip"
	"strings"
	"testing"
)

// The block that counts is the most specific one, also at its edges.
func TestSpecialOf(t *testing.T) {
	for _, tt := range []struct {
		addr, name string
		reach      Reach
	}{
		{"9.255.255.255", "", ReachUnsaid},
		{"10.0.0.0", "Private-Use", ReachLocal},
		{"10.255.255.255", "Private-Use", ReachLocal},
		{"11.0.0.0", "", ReachUnsaid},
		{"0.0.0.0", `"This host on this network"`, ReachLocal},
		{"0.0.0.1", `"This network"`, ReachLocal},
		{"100.63.255.255", "", ReachUnsaid},
		{"100.127.255.255", "Shared Address Space", ReachLocal},
		{"172.15.255.255", "", ReachUnsaid},
		{"172.31.255.255", "Private-Use", ReachLocal},
		{"192.0.0.9", "Port Control Protocol Anycast", ReachGlobal},
		{"192.0.0.11", "IETF Protocol Assignments", ReachLocal},
		{"192.0.0.171", "NAT64/DNS64 Discovery", ReachLocal},
		{"192.88.99.1", "Deprecated (6to4 Relay Anycast)", ReachUnsaid},
		{"192.88.99.2", "6a44-relay anycast address", ReachLocal},
		{"198.19.255.255", "Benchmarking", ReachLocal},
		{"198.20.0.0", "", ReachUnsaid},
		{"203.0.113.11", "Documentation (TEST-NET-3)", ReachLocal},
		{"239.255.255.255", "Multicast", ReachUnsaid},
		{"255.255.255.254", "Reserved", ReachLocal},
		{"255.255.255.255", "Limited Broadcast", ReachLocal},
		{"8.8.8.8", "", ReachUnsaid},
		{"::", "Unspecified Address", ReachLocal},
		{"::1", "Loopback Address", ReachLocal},
		{"::2", "", ReachUnsaid},
		{"::ffff:10.0.0.1", "IPv4-mapped Address", ReachLocal},
		{"64:ff9b::1", "IPv4-IPv6 Translat.", ReachGlobal},
		{"64:ff9b:1::1", "IPv4-IPv6 Translat.", ReachLocal},
		{"100::1", "Discard-Only Address Block", ReachLocal},
		{"100:0:0:1::1", "Dummy IPv6 Prefix", ReachLocal},
		{"2001::1", "TEREDO", ReachUnsaid},
		{"2001:1::3", "DNS-SD Service Registration Protocol Anycast", ReachGlobal},
		{"2001:1::4", "IETF Protocol Assignments", ReachLocal},
		{"2001:1ff::", "IETF Protocol Assignments", ReachLocal},
		{"2001:200::", "", ReachUnsaid},
		{"2001:db8::1", "Documentation", ReachLocal},
		{"2002::1", "6to4", ReachUnsaid},
		{"3fff:fff::", "Documentation", ReachLocal},
		{"3fff:1000::", "", ReachUnsaid},
		{"fdff::", "Unique-Local", ReachLocal},
		{"fe80::1%eth0", "Link-Local Unicast", ReachLocal},
		{"febf::", "Link-Local Unicast", ReachLocal},
		{"fec0::", "", ReachUnsaid},
		{"ff02::1", "Multicast", ReachUnsaid},
		{"2606:4700::1111", "", ReachUnsaid},
	} {
		s, ok := SpecialOf(netip.MustParseAddr(tt.addr))
		if ok != (tt.name != "") || s.Name != tt.name || s.Reach != tt.reach {
			t.Errorf("%s: %v %v %v", tt.addr, s, s.Reach, ok)
		}
	}
	if s, _ := SpecialOf(netip.MustParseAddr("10.1.2.3")); s.String() != "10.0.0.0/8, Private-Use (RFC 1918)" {
		t.Errorf("%s", s)
	}
	if _, ok := SpecialOf(netip.Addr{}); ok {
		t.Error("no address is in a block")
	}
}

// Each row is a whole prefix of its own, with a name and an RFC.
func TestSpecialsAreWhole(t *testing.T) {
	seen := map[netip.Prefix]bool{}
	for _, s := range specials {
		if s.Prefix != s.Prefix.Masked() || seen[s.Prefix] || s.Name == "" || !strings.HasPrefix(s.RFC, "RFC ") {
			t.Errorf("%v", s)
		}
		seen[s.Prefix] = true
	}
}
