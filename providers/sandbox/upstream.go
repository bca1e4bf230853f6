package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// rounds is how often each upstream is tried for one question.
const rounds = 2

var errMismatch = errors.New("the reply is to another question")

// upstream asks authoritative servers in turn. It is safe for concurrent use.
type upstream struct {
	addrs   []netip.AddrPort
	timeout time.Duration // for one reply
	next    atomic.Uint64
}

// ask returns the first NOERROR or NXDOMAIN reply. Each call starts with
// another server than the call before it. The error names all that were asked.
func (u *upstream) ask(ctx context.Context, name string, qtype uint16) (*dns.Msg, error) {
	first := u.next.Add(1) - 1
	var errs []error
	for i := range uint64(rounds * len(u.addrs)) {
		addr := u.addrs[(first+i)%uint64(len(u.addrs))]
		m, err := u.exchange(ctx, addr, name, qtype)
		if err == nil {
			return m, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", addr, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("ask for %s %s: %w", name, dns.TypeToString[qtype], errors.Join(errs...))
}

// exchange asks one server, over UDP and, when the reply was cut, over TCP.
func (u *upstream) exchange(ctx context.Context, addr netip.AddrPort, name string, qtype uint16) (*dns.Msg, error) {
	q := new(dns.Msg).SetQuestion(name, qtype)
	q.RecursionDesired = false
	q.SetEdns0(udpSize, false)
	m, err := u.roundTrip(ctx, "udp", addr, q)
	if err == nil && m.Truncated {
		m, err = u.roundTrip(ctx, "tcp", addr, q)
	}
	if err != nil {
		return nil, err
	}
	if m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError {
		return nil, errors.New(dns.RcodeToString[m.Rcode])
	}
	return m, nil
}

// roundTrip sends q and waits for its reply, until the timeout or until ctx is done.
func (u *upstream) roundTrip(ctx context.Context, network string, addr netip.AddrPort, q *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, network, addr.String())
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })()
	conn := &dns.Conn{Conn: raw, UDPSize: udpSize}
	if err := conn.WriteMsg(q); err != nil {
		return nil, err
	}
	for {
		m, err := conn.ReadMsg()
		if err != nil {
			return nil, err
		}
		if m.Id != q.Id {
			continue // of an earlier question on this port
		}
		return m, sameQuestion(m, q)
	}
}

func sameQuestion(m, q *dns.Msg) error {
	if !m.Response || len(m.Question) != 1 {
		return errMismatch
	}
	a, b := m.Question[0], q.Question[0]
	if a.Qtype != b.Qtype || a.Qclass != b.Qclass || !strings.EqualFold(a.Name, b.Name) {
		return errMismatch
	}
	return nil
}
