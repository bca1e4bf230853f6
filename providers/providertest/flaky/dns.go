package flaky

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// patience bounds each exchange with the server.
const patience = 30 * time.Second

// Exchange is a request that came to the proxy.
type Exchange struct {
	At      time.Time
	Fate    Fate
	Request *dns.Msg
	// Reply is what the server has answered, whether or not that was passed on;
	// nil where it was not asked, and of a transfer the first message.
	Reply *dns.Msg
}

// Proxy is a DNS proxy over UDP and TCP, on one port of loopback. It passes on
// messages octet by octet, so that signatures stay valid.
type Proxy struct {
	// Addr is where it listens.
	Addr netip.AddrPort

	server netip.AddrPort
	judge  func(*dns.Msg) Fate

	mu   sync.Mutex
	seen []Exchange
	open map[net.Conn]bool // nil once it is closed
	work sync.WaitGroup
}

// DNS starts a proxy before the server, which ends with the test. The judge says
// what becomes of a request; it may be called by several goroutines at a time.
func DNS(tb testing.TB, server netip.AddrPort, judge func(*dns.Msg) Fate) *Proxy {
	tb.Helper()
	p := &Proxy{server: server, judge: judge, open: map[net.Conn]bool{}}
	stream, datagrams := listen(tb)
	p.Addr = stream.Addr().(*net.TCPAddr).AddrPort()
	p.work.Go(func() { p.acceptAll(stream) })
	p.work.Go(func() { p.receiveAll(datagrams) })
	tb.Cleanup(func() {
		_ = stream.Close()
		_ = datagrams.Close()
		p.closeAll()
		p.work.Wait()
	})
	return p
}

// listen takes one port for both.
func listen(tb testing.TB) (net.Listener, *net.UDPConn) {
	tb.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(l.Addr().(*net.TCPAddr).AddrPort()))
		if err == nil {
			return l, u
		}
		_ = l.Close()
	}
	tb.Fatal("no port is free for both UDP and TCP")
	return nil, nil
}

// Exchanges returns what has come so far, in the order in which it came.
func (p *Proxy) Exchanges() []Exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// note keeps a request and returns where its reply belongs.
func (p *Proxy) note(m *dns.Msg, f Fate) (reply func([]byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := len(p.seen)
	p.seen = append(p.seen, Exchange{At: time.Now(), Fate: f, Request: m})
	return func(b []byte) {
		r := new(dns.Msg)
		if r.Unpack(b) != nil {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.seen[i].Reply == nil {
			p.seen[i].Reply = r
		}
	}
}

// keep has the connection closed with the proxy; it is false when that is so.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		_ = c.Close()
		return false
	}
	p.open[c] = true
	return true
}

func (p *Proxy) drop(c net.Conn) {
	_ = c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

func (p *Proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
	p.open = nil
}

func (p *Proxy) acceptAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.serve(c) })
	}
}

// serve passes the messages of one connection on, one after the other, over one
// connection to the server.
func (p *Proxy) serve(client net.Conn) {
	defer p.drop(client)
	if !p.keep(client) {
		return
	}
	server, err := net.DialTimeout("tcp", p.server.String(), patience)
	if err != nil || !p.keep(server) {
		return
	}
	defer p.drop(server)
	for {
		b, err := readFrame(client)
		if err != nil {
			return
		}
		m := new(dns.Msg)
		if m.Unpack(b) != nil {
			return
		}
		fate := p.judge(m)
		if err := p.exchange(client, server, b, m, fate); err != nil {
			return
		}
	}
}

// delay lasts for Delay, whoever has gone meanwhile: what is on its way arrives.
func delay() { <-time.NewTimer(Delay).C }

var errCut = errors.New("the connection is cut")

// exchange takes one request to its fate.
func (p *Proxy) exchange(client, server net.Conn, b []byte, m *dns.Msg, f Fate) error {
	reply := p.note(m, f)
	switch {
	case f == CutBefore:
		return errCut
	case f.answers() && !f.acts():
		return writeFrame(client, f.answer(m))
	case f == Late:
		delay()
	}
	if err := writeFrame(server, b); err != nil {
		return err
	}
	for last := false; !last; {
		back, err := readFrame(server)
		if err != nil {
			return err
		}
		reply(back)
		last = !isTransfer(m) || endsTransfer(back)
		if err := passBack(client, back, m, f, last); err != nil {
			return err
		}
	}
	return nil
}

// passBack gives the client what its request's fate makes of a message of the
// server's reply, of which it may be the last.
func passBack(client net.Conn, back []byte, m *dns.Msg, f Fate, last bool) error {
	switch {
	case f == LoseReply:
		return errCut
	case f == CutReply:
		frame := binary.BigEndian.AppendUint16(nil, uint16(len(back)))
		_, _ = client.Write(append(frame, back[:len(back)/2]...))
		return errCut
	case f.answers() && !last:
		return nil
	case f.answers():
		return writeFrame(client, f.answer(m))
	}
	return writeFrame(client, back)
}

func isTransfer(m *dns.Msg) bool {
	return len(m.Question) == 1 && (m.Question[0].Qtype == dns.TypeAXFR || m.Question[0].Qtype == dns.TypeIXFR)
}

// endsTransfer tells the last message of a transfer: it fails, or ends with the
// SOA record, which of a zone in one message is there twice.
func endsTransfer(b []byte) bool {
	m := new(dns.Msg)
	if m.Unpack(b) != nil || m.Rcode != dns.RcodeSuccess || len(m.Answer) == 0 {
		return true
	}
	return m.Answer[len(m.Answer)-1].Header().Rrtype == dns.TypeSOA && len(m.Answer) > 1
}

func readFrame(c net.Conn) ([]byte, error) {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(c, b)
	return b, err
}

func writeFrame(c net.Conn, b []byte) error {
	_, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
	return err
}

// receiveAll passes datagrams on, each over a socket of its own.
func (p *Proxy) receiveAll(u *net.UDPConn) {
	buf := make([]byte, dns.MaxMsgSize)
	for {
		n, from, err := u.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		b := slices.Clone(buf[:n])
		p.work.Go(func() { p.datagram(u, from, b) })
	}
}

func (p *Proxy) datagram(u *net.UDPConn, from netip.AddrPort, b []byte) {
	m := new(dns.Msg)
	if m.Unpack(b) != nil {
		return
	}
	f := p.judge(m)
	reply := p.note(m, f)
	switch {
	case f == CutBefore:
		return
	case f.answers() && !f.acts():
		_, _ = u.WriteToUDPAddrPort(f.answer(m), from)
		return
	case f == Late:
		delay()
	}
	server, err := net.DialTimeout("udp", p.server.String(), patience)
	if err != nil || !p.keep(server) {
		return
	}
	defer p.drop(server)
	for range map[bool]int{true: 2, false: 1}[f == Twice] {
		if _, err := server.Write(b); err != nil {
			return
		}
	}
	back := make([]byte, dns.MaxMsgSize)
	if server.SetReadDeadline(time.Now().Add(patience)) != nil {
		return
	}
	n, err := server.Read(back)
	if err != nil {
		return
	}
	reply(back[:n])
	switch {
	case f == LoseReply:
		return
	case f == CutReply:
		n /= 2
	case f.answers():
		n = copy(back, f.answer(m))
	}
	_, _ = u.WriteToUDPAddrPort(back[:n], from)
}
