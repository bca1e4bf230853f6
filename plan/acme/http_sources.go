package acme

import (
	"net"
	"net/netip"
	"slices"
)

// loopbacks is how many addresses of 127.0.0.0/8 a loopback server is asked from.
const loopbacks = 12

// sources are local addresses from which target is reached: for a loopback address
// of IPv4 others of its network, and else those of the interface that the machine
// would choose, of the same family and kind.
func sources(target netip.Addr) []netip.Addr {
	if target.Is4() && target.IsLoopback() {
		out := make([]netip.Addr, loopbacks)
		for i := range out {
			out[i] = netip.AddrFrom4([4]byte{127, 0, byte(i + 1), byte(7*i + 3)})
		}
		return out
	}
	chosen, ok := chosenFor(target)
	if !ok {
		return nil
	}
	return besides(chosen)
}

// chosenFor is the local address from which the machine would ask target. Nothing
// is sent: a datagram socket only notes where it would send to.
func chosenFor(target netip.Addr) (netip.Addr, bool) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(target, 80)))
	if err != nil {
		return netip.Addr{}, false
	}
	defer c.Close() //nolint:errcheck // nothing was written
	local, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return local.AddrPort().Addr().Unmap(), true
}

// besides are all addresses of the interface that has one, of its family and kind.
func besides(chosen netip.Addr) []netip.Addr {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		all := ownAddrs(i)
		if slices.Contains(all, chosen) {
			return slices.DeleteFunc(all, func(a netip.Addr) bool { return !alike(a, chosen) })
		}
	}
	return nil
}

func ownAddrs(i net.Interface) (out []netip.Addr) {
	addrs, err := i.Addrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr().Unmap())
		}
	}
	return out
}

// alike tells whether two addresses lead to the same places.
func alike(a, b netip.Addr) bool {
	return a.Is4() == b.Is4() && a.IsPrivate() == b.IsPrivate() && a.IsLinkLocalUnicast() == b.IsLinkLocalUnicast() && a.IsLoopback() == b.IsLoopback()
}
