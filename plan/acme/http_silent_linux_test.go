package acme

import (
	"net"
	"net/netip"
	"syscall"
	"testing"
)

// A firewall that drops is a full queue of connections here: Linux drops what comes
// next, and nobody hears of it.
func TestSilentPort(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a connection in real time")
	}
	s := newSite(t, "127.0.0.14")
	_ = s.ls[0].Close()
	at := full(t, [4]byte{127, 0, 0, 14})
	s.opts.HTTPPort = int(at.Port())
	f := s.only("H-PORT80", Fail, at.String()+" does not answer HTTP: no connection in time (a firewall drops it)")
	Offers(t, f, s.fill("ufw allow PORT/tcp"), s.fill("nft insert rule inet filter input tcp dport PORT accept"), s.fill("port PORT, from 0.0.0.0/0"))
}

// full listens at an address, has no room for a connection more, and accepts none.
func full(t *testing.T, a [4]byte) netip.AddrPort {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: a}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	at := netip.AddrPortFrom(netip.AddrFrom4(a), uint16(name.(*syscall.SockaddrInet4).Port)) //nolint:gosec // G115: a port
	c, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return at
}
