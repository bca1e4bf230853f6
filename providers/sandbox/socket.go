package sandbox

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

const (
	// portTries bounds the search for a port that is free for UDP and TCP.
	portTries = 64
	// writeTimeout ends a write to a client that does not read.
	writeTimeout = 5 * time.Second
	// readSize holds the largest query that is read over UDP, in octets.
	readSize = 4096
)

// socket is one port, open for UDP and TCP.
type socket struct {
	addr netip.AddrPort
	udp  net.PacketConn
	tcp  net.Listener
}

// listen opens a port on 127.0.0.1 and, where the machine has it, one on ::1.
func listen(ctx context.Context) ([]socket, error) {
	v4, err := listenOn(ctx, "127.0.0.1")
	if err != nil {
		return nil, err
	}
	v6, err := listenOn(ctx, "::1")
	if err != nil {
		return []socket{v4}, nil // no IPv6 loopback here
	}
	return []socket{v4, v6}, nil
}

// listenOn has the kernel pick a UDP port and tries the same number for TCP,
// until one is free for both.
func listenOn(ctx context.Context, host string) (socket, error) {
	var lc net.ListenConfig
	var last error
	for range portTries {
		udp, err := lc.ListenPacket(ctx, "udp", net.JoinHostPort(host, "0"))
		if err != nil {
			return socket{}, err
		}
		tcp, err := lc.Listen(ctx, "tcp", udp.LocalAddr().String())
		if err != nil {
			last = err
			_ = udp.Close()
			continue
		}
		addr := udp.LocalAddr().(*net.UDPAddr).AddrPort()
		return socket{addr: addr, udp: udp, tcp: patient{tcp}}, nil
	}
	return socket{}, fmt.Errorf("no port is free for UDP and TCP: %w", last)
}

// servers returns the two servers of the socket, not yet started.
func (s socket) servers() []*dns.Server {
	return []*dns.Server{
		{PacketConn: s.udp, UDPSize: readSize},
		{Listener: s.tcp},
	}
}

// patient is a listener whose connections give up on a client that reads
// nothing, but not before writeTimeout.
type patient struct{ net.Listener }

// Accept returns the next connection.
func (l patient) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return timedConn{c}, nil
}

type timedConn struct{ net.Conn }

// Write sets the deadline anew for each message.
func (c timedConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
