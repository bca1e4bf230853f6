package resolver

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"syscall"
	"time"
)

// transport carries messages to one server and back, for one goroutine.
// SetDeadline alone may be called from another, to end a wait.
type transport interface {
	// send may hold the query back until recv.
	send(query []byte) error
	// recv returns the next message, valid until the next call. After
	// os.ErrDeadlineExceeded it may be called again.
	recv() ([]byte, error)
	// arm ends recv at wake, and a blocked send at grace behind it.
	arm(wake time.Time, grace time.Duration) error
	SetDeadline(t time.Time) error
	Close() error
}

// open connects to s for one try. Only a stream may be one that was kept from
// an earlier call.
func (c *Client) open(ctx context.Context, s Server, p Protocol) (t transport, reused bool, err error) {
	if p == UDP {
		t, err := dialUDP(ctx, s)
		return t, false, err
	}
	if kept := c.reuse(s, p); kept != nil {
		return kept, true, nil
	}
	fresh, err := c.dialStream(ctx, s, p)
	return fresh, false, err
}

// datagrams is a connected UDP socket: the kernel drops what comes from
// elsewhere and tells of a closed port.
type datagrams struct {
	net.Conn
	buf [4096]byte
}

// receiveBuffer holds the replies to a whole window, in octets; the kernel may
// grant less.
const receiveBuffer = 1 << 20

func dialUDP(ctx context.Context, s Server) (transport, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", s.Addr.String())
	if err != nil {
		return nil, err
	}
	if u, ok := conn.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(receiveBuffer) // only speed depends on it
	}
	return &datagrams{Conn: conn}, nil
}

func (d *datagrams) send(query []byte) error {
	_, err := d.Write(query)
	if errors.Is(err, syscall.ENOBUFS) {
		return nil // lost, as it may be anywhere on its way
	}
	return err
}

func (d *datagrams) recv() ([]byte, error) {
	n, err := d.Read(d.buf[:])
	return d.buf[:n], err
}

// arm leaves the write deadline alone: a datagram does not block.
func (d *datagrams) arm(wake time.Time, _ time.Duration) error { return d.SetReadDeadline(wake) }

// stream is a TCP or TLS connection with messages behind their lengths
// (RFC 1035, section 4.2.2). Queries are written together, right before a read.
type stream struct {
	net.Conn
	out      bytes.Buffer
	in       []byte // read and not yet used up
	consumed int    // octets of in that the last message took
}

func (c *Client) dialStream(ctx context.Context, s Server, p Protocol) (transport, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.Addr.String())
	if err != nil {
		return nil, err
	}
	if p == TLS {
		t := tls.Client(conn, c.tlsConfig(s))
		if err := t.HandshakeContext(ctx); err != nil {
			_ = conn.Close() // the handshake's error counts
			return nil, err
		}
		conn = t
	}
	return &stream{Conn: conn}, nil
}

// tlsConfig is the client's base with the name that s must prove.
func (c *Client) tlsConfig(s Server) *tls.Config {
	config := &tls.Config{}
	if c.opts.TLSConfig != nil {
		config = c.opts.TLSConfig.Clone()
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	switch {
	case s.ServerName != "":
		config.ServerName = s.ServerName
	case s.Protocol == TLS:
		config.ServerName = s.Addr.Addr().WithZone("").String()
	}
	return config
}

func (s *stream) send(query []byte) error {
	var length [2]byte
	binary.BigEndian.PutUint16(length[:], uint16(len(query)))
	s.out.Write(length[:])
	s.out.Write(query)
	return nil
}

func (s *stream) recv() ([]byte, error) {
	if s.out.Len() > 0 {
		if _, err := s.out.WriteTo(s.Conn); err != nil {
			return nil, brokenWrite{err}
		}
	}
	s.in = append(s.in[:0], s.in[s.consumed:]...)
	s.consumed = 0
	for {
		if msg := s.frame(); msg != nil {
			return msg, nil
		}
		s.in = append(s.in, make([]byte, 2048)...)
		n, err := s.Read(s.in[len(s.in)-2048:])
		s.in = s.in[:len(s.in)-2048+n]
		if err != nil && n == 0 {
			return nil, err
		}
	}
}

// frame returns the first whole message of what was read, or nil.
func (s *stream) frame() []byte {
	if len(s.in) < 2 {
		return nil
	}
	end := 2 + int(binary.BigEndian.Uint16(s.in))
	if len(s.in) < end {
		return nil
	}
	s.consumed = end
	return s.in[2:end:end]
}

func (s *stream) arm(wake time.Time, grace time.Duration) error {
	if err := s.SetReadDeadline(wake); err != nil {
		return err
	}
	return s.SetWriteDeadline(wake.Add(grace))
}

// brokenWrite hides that a write timed out: unlike a read it cannot go on.
type brokenWrite struct{ cause error }

func (e brokenWrite) Error() string { return "write: " + e.cause.Error() }

// maxIdle is how long a kept stream is trusted; servers close idle ones after
// some seconds (RFC 7766, section 6.2.3).
const maxIdle = 10 * time.Second

// idleStream is a stream that waits for the next call.
type idleStream struct {
	stream *stream
	since  time.Time
}

// keepKey tells TCP behind UDP from TLS to the same server.
func keepKey(s Server, p Protocol) Server {
	s.Protocol = p
	return s
}

// reuse takes the kept stream to s, or returns nil.
func (c *Client) reuse(s Server, p Protocol) transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, ok := c.idle[keepKey(s, p)]
	if !ok {
		return nil
	}
	delete(c.idle, keepKey(s, p))
	if time.Since(kept.since) > maxIdle {
		_ = kept.stream.Close() // nothing is lost with it
		return nil
	}
	return kept.stream
}

// keep holds a stream without open queries for the next call; one for each
// server.
func (c *Client) keep(s Server, p Protocol, open *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := keepKey(s, p)
	if _, ok := c.idle[key]; ok || c.closed {
		_ = open.Close() // nothing is lost with it
		return
	}
	c.idle[key] = idleStream{stream: open, since: time.Now()}
}
