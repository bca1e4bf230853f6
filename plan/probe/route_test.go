package probe_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/dnsplan/dnsplan/plan/probe"
)

// TestRoute: what the kernel says of a way is told, and other trouble is not.
func TestRoute(t *testing.T) {
	for _, tt := range []struct {
		says error
		want string
	}{
		{syscall.ENETUNREACH, "network is unreachable"},
		{syscall.EHOSTUNREACH, "no route to host"},
		{syscall.EADDRNOTAVAIL, "this machine has no address of its family"},
		{syscall.EAFNOSUPPORT, "this machine has no address of its family"},
		{syscall.EACCES, "the routing table forbids it"},
		{syscall.EMFILE, ""},
		{context.Canceled, ""},
	} {
		asked := ""
		c := probe.New(probe.Options{Dial: func(_ context.Context, network, address string) (net.Conn, error) {
			asked = network + " " + address
			return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", tt.says)}
		}})
		err := c.Route(t.Context(), netip.MustParseAddr("2001:db8::1"))
		if (err != nil) != (tt.want != "") || err != nil && err.Error() != tt.want {
			t.Errorf("%v: %v, want %q", tt.says, err, tt.want)
		}
		if asked != "udp [2001:db8::1]:9" {
			t.Errorf("asked %s", asked)
		}
	}
}

// The kernel itself knows the way to loopback, and nothing arrives there.
func TestRouteToLoopback(t *testing.T) {
	at := netip.MustParseAddr("127.0.0.1")
	if err := probe.New(probe.Options{}).Route(t.Context(), at); err != nil {
		t.Error(err)
	}
	conn := sinkConn{written: new(int), closed: new(bool)}
	c := probe.New(probe.Options{Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }})
	if err := c.Route(t.Context(), at); err != nil || *conn.written > 0 || !*conn.closed {
		t.Errorf("%v, %d bytes written, closed %t", err, *conn.written, *conn.closed)
	}
}

// sinkConn counts what is written to it.
type sinkConn struct {
	net.Conn
	written *int
	closed  *bool
}

func (c sinkConn) Write(b []byte) (int, error) { *c.written += len(b); return len(b), nil }
func (c sinkConn) Close() error                { *c.closed = true; return nil }
