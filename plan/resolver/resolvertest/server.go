// Package resolvertest runs DNS servers on loopback for tests: real sockets,
// UDP and TCP on one port, closed when the test ends.
//
//	z := resolvertest.NewZone(t,
//		"example.org.     300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60",
//		"www.example.org. 300 IN A 192.0.2.1")
//	addr := resolvertest.Serve(t, z)
//
// Anything else a server may do to its clients is a dns.HandlerFunc.
package resolvertest

import (
	"net"
	"net/netip"
	"testing"

	"github.com/miekg/dns"
)

// ports is how many ports are tried until one is free for UDP and TCP both.
const ports = 20

// Serve answers with h on a port of 127.0.0.1, over UDP and TCP, until the test
// and its cleanups that were registered later have ended. Handlers that still
// run are waited for.
func Serve(tb testing.TB, h dns.Handler) netip.AddrPort {
	tb.Helper()
	for range ports {
		packets, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
		if err != nil {
			tb.Fatalf("listen: %v", err)
		}
		addr := packets.LocalAddr().(*net.UDPAddr).AddrPort()
		streams, err := net.Listen("tcp4", addr.String())
		if err != nil { // somebody's TCP port; try another
			_ = packets.Close()
			continue
		}
		_ = packets.SetReadBuffer(1 << 20) // only speed depends on it
		start(tb, &dns.Server{PacketConn: packets, Handler: h})
		start(tb, &dns.Server{Listener: streams, Handler: h})
		return addr
	}
	tb.Fatalf("listen: no port is free for both UDP and TCP in %d tries", ports)
	return netip.AddrPort{}
}

// ServeListener answers with h over a listener of the test's own, as one of
// crypto/tls.
func ServeListener(tb testing.TB, l net.Listener, h dns.Handler) {
	tb.Helper()
	start(tb, &dns.Server{Listener: l, Handler: h})
}

// start runs s until the test's end and waits until it runs.
func start(tb testing.TB, s *dns.Server) {
	tb.Helper()
	running, ended := make(chan struct{}), make(chan error, 1)
	s.NotifyStartedFunc = func() { close(running) }
	go func() { ended <- s.ActivateAndServe() }()
	<-running
	tb.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			tb.Errorf("shut down: %v", err)
		}
		if err := <-ended; err != nil {
			tb.Errorf("serve: %v", err)
		}
	})
}

// ClosedPort returns a port of 127.0.0.1 that nothing listened on a moment ago.
func ClosedPort(tb testing.TB) netip.AddrPort {
	tb.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		tb.Fatalf("listen: %v", err)
	}
	defer func() { _ = c.Close() }()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}
