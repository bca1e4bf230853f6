package acmetest

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// ports is how many ports are tried until one is free at every address.
const ports = 20

// Listen takes one free port at each of the addresses, as 127.0.0.11 and ::1.
// The listeners are in the order of the addresses and close with the test;
// one that is closed before refuses connections. A test is skipped where the machine
// has no IPv6 and an address is of that.
func Listen(tb testing.TB, addrs ...string) []net.Listener {
	tb.Helper()
	for _, a := range addrs {
		needs.Address(tb, a)
	}
	var err error
	for range ports {
		var all []net.Listener
		if all, err = listen(addrs); err == nil {
			tb.Cleanup(func() { closeAll(all) })
			return all
		}
	}
	tb.Fatalf("listen: no port is free at all of %v in %d tries: %v", addrs, ports, err)
	return nil
}

// listen takes a port at the first address and the same one at the others.
func listen(addrs []string) ([]net.Listener, error) {
	var all []net.Listener
	port := uint16(0)
	for _, a := range addrs {
		ip, err := netip.ParseAddr(a)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		l, err := net.Listen("tcp", netip.AddrPortFrom(ip, port).String())
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, l)
		port = l.Addr().(*net.TCPAddr).AddrPort().Port()
	}
	return all, nil
}

func closeAll(all []net.Listener) {
	for _, l := range all {
		_ = l.Close()
	}
}

// Port returns the port that l listens on.
func Port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// Serve answers on l with h until the test ends.
func Serve(tb testing.TB, l net.Listener, h http.Handler) {
	tb.Helper()
	s := &http.Server{Handler: h}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	tb.Cleanup(func() {
		_ = s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			tb.Errorf("serve: %v", err)
		}
	})
}
