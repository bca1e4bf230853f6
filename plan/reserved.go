package plan

import (
	"fmt"
	"net/netip"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// ReservedAddress is the code of the guard against new addresses that no server
// can have, and of the warning about those that clients elsewhere do not reach.
const ReservedAddress = "reserved-address"

// hostless tells whether no server can have an address of the block: it stands
// for no machine, for many, for one cable, or for nobody. What the guard refuses
// and what the plan only warns of:
//
//	unspecified, multicast, broadcast, reserved, link-local,   refused
//	discard-only, dummy, IPv4-mapped
//	private, loopback, shared, benchmark, protocols' own       warning
//	private, in a view                                         nothing
//	documentation                                              nothing
func hostless(s zone.Special) bool {
	switch s.Prefix.String() {
	case "0.0.0.0/8", "0.0.0.0/32", "169.254.0.0/16", "192.0.0.8/32", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
		"::/128", "::ffff:0:0/96", "100::/64", "100:0:0:1::/64", "fe80::/10", "ff00::/8":
		return true
	}
	return false
}

// unreached tells whether clients elsewhere do not reach an address of the block.
// Who writes documentation's (RFC 5737, 3849, 9637) knows, and every example does;
// private ones are what an internal view is for.
func unreached(s zone.Special, view string) bool {
	switch {
	case hostless(s):
		return true
	case s.Documentation():
		return false
	case s.Name == "Private-Use" || s.Name == "Unique-Local":
		return view == ""
	}
	return s.Reach == zone.ReachLocal
}

// warnReserved says which of the addresses that a change brings cannot be
// reached from elsewhere. Those that the guard refuses are its to tell.
func (w *differ) warnReserved(c *Change) {
	if w.d.AllowReserved {
		return
	}
	for _, a := range c.Add {
		s, special := zone.SpecialOf(a)
		if special && unreached(s, w.d.View) && (w.diff.Past || !hostless(s)) {
			w.warn(ReservedAddress, c.Name, fmt.Sprintf("%s is in %s: clients elsewhere do not reach it", a, s))
		}
	}
}

// noServers are the new addresses that no server can have, a line each. What was
// there before may come back.
func (d *ZoneDiff) noServers() (out []string) {
	if d.Past || d.Desired.AllowReserved {
		return nil
	}
	for i := range d.Changes {
		c := &d.Changes[i]
		for _, a := range c.Add {
			if s, special := zone.SpecialOf(a); special && hostless(s) {
				out = append(out, noServer(c, a, s))
			}
		}
	}
	return out
}

func noServer(c *Change, a netip.Addr, s zone.Special) string {
	return fmt.Sprintf("%s %s would get %s, which no server can have: it is in %s", c.Name.Display(), c.Type, a, s)
}
