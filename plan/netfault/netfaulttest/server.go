// Package netfaulttest has servers on loopback that do on the wire what real ones
// do when something is wrong with them:
//
//	at := netfaulttest.Serve(t, netfaulttest.Hangs)
package netfaulttest

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// Serve has serve answer each connection to a port of its own, until the test
// ends. It closes a connection that serve has left.
func Serve(t testing.TB, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l := listen(t)
	ServeListener(t, l, serve)
	return addr(l)
}

// ServeListener is Serve on a listener, which it closes. The test ends behind the
// last connection: those that are open then are closed.
func ServeListener(t testing.TB, l net.Listener, serve func(net.Conn)) {
	s := &served{open: map[net.Conn]bool{}}
	s.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.add(c)
			s.running.Go(func() {
				defer s.end(c)
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.over()
	})
}

// served are the connections of a listener.
type served struct {
	running sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

// add takes in a connection, which may have been accepted right as the test ended.
func (s *served) add(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[c] = true
	if s.closed {
		c.Close()
	}
}

func (s *served) end(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	c.Close()
}

// over closes what is open, and waits until it is served.
func (s *served) over() {
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Hangs takes what is sent and is silent until the client goes.
func Hangs(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// Resets ends the connection by RST, which a server does that has crashed and a
// firewall that rejects.
func Resets(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// Nobody is a port on which nobody listens at this moment.
func Nobody(t testing.TB) netip.AddrPort {
	t.Helper()
	l := listen(t)
	defer l.Close()
	return addr(l)
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func addr(l net.Listener) netip.AddrPort { return l.Addr().(*net.TCPAddr).AddrPort() }
