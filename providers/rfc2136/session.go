package rfc2136

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/miekg/dns"
)

// session is one TCP connection to the primary. Messages may be sent before
// the replies to earlier ones are read (RFC 7766, section 6.2.1.1).
type session struct {
	conn    net.Conn
	remote  netip.AddrPort
	key     key
	now     func() time.Time // what is signed; deadlines follow the machine's own clock
	timeout time.Duration
	stop    func() bool
	open    map[uint16]*request // by message ID
	skew    skew                // as of the last signed reply
}

// dial connects to the first address of the primary that takes the connection.
// The session ends with the context, or with close.
func (p *Provider) dial(ctx context.Context) (*session, error) {
	addrs, err := p.resolve(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, a := range addrs {
		s, err := p.dialTo(ctx, netip.AddrPortFrom(a, p.server.port))
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

func (p *Provider) resolve(ctx context.Context) ([]netip.Addr, error) {
	if p.server.addr.IsValid() {
		return []netip.Addr{p.server.addr}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var r net.Resolver
	return r.LookupNetIP(ctx, "ip", p.server.host)
}

// dialTo connects to one address.
func (p *Provider) dialTo(ctx context.Context, to netip.AddrPort) (*session, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	d := net.Dialer{Timeout: p.timeout}
	conn, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	return &session{
		conn:    conn,
		remote:  to,
		key:     p.key,
		now:     p.now,
		timeout: p.timeout,
		stop:    context.AfterFunc(ctx, func() { _ = conn.Close() }),
		open:    map[uint16]*request{},
	}, nil
}

func (s *session) close() {
	s.stop()
	_ = s.conn.Close()
}

// send packs, signs and sends m under an ID of its own, which it returns. After
// an error the server cannot have acted on m: it has not got all of it.
func (s *session) send(ctx context.Context, m *dns.Msg) (uint16, error) {
	for m.Id = dns.Id(); s.open[m.Id] != nil; {
		m.Id = dns.Id()
	}
	packed, err := m.Pack()
	if err != nil {
		return 0, fmt.Errorf("pack: %w", err)
	}
	now := s.now()
	signed, mac := s.key.sign(packed, now)
	if len(signed) > dns.MaxMsgSize {
		return 0, fmt.Errorf("message of %d octets is longer than 64 KiB", len(signed))
	}
	frame := append(binary.BigEndian.AppendUint16(make([]byte, 0, len(signed)+2), uint16(len(signed))), signed...)
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return 0, s.cause(ctx, err)
	}
	if _, err := s.conn.Write(frame); err != nil {
		return 0, s.cause(ctx, err)
	}
	s.open[m.Id] = &request{verifier: verifier{key: s.key, prior: mac}, sent: now}
	return m.Id, nil
}

// receive reads the next message and verifies it. It is marked as signed where
// it, and all before it in a transfer, are covered by a signature; without a key
// they count as covered. An unsigned message alone is no error here.
func (s *session) receive(ctx context.Context) (*message, error) {
	raw, err := s.readFrame(ctx)
	if err != nil {
		return nil, err
	}
	m, err := parseMessage(raw)
	if err != nil {
		return nil, fmt.Errorf("reply: %w", err)
	}
	x := s.open[m.id]
	if x == nil || !m.response {
		return nil, errors.New("reply: not to what was asked")
	}
	now := s.now()
	err = x.check(m, now)
	s.skew = x.skewBy(now, s.skew)
	if err != nil {
		return nil, err
	}
	m.signed = x.complete()
	return m, nil
}

func (s *session) readFrame(ctx context.Context) ([]byte, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(s.timeout)); err != nil {
		return nil, s.cause(ctx, err)
	}
	var length [2]byte
	if _, err := io.ReadFull(s.conn, length[:]); err != nil {
		return nil, s.cause(ctx, err)
	}
	raw := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(s.conn, raw); err != nil {
		return nil, s.cause(ctx, err)
	}
	return raw, nil
}

// cause names why a read or write failed: the context, a time-out, or the
// server's hanging up.
func (s *session) cause(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("no message from %v within %v: %w", s.remote, s.timeout, err)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%v closed the connection: %w", s.remote, io.ErrUnexpectedEOF)
	}
	return err
}
