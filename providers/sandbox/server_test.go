package sandbox_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers/sandbox"
)

const smallZone = "@ 60 SOA ns1 host 1 1h 1h 1h 5\n@ 60 NS ns1\nwww 60 A 192.0.2.1\n"

// manyText returns the small zone with n addresses at the name many.
func manyText(n int) string {
	var b strings.Builder
	b.WriteString(smallZone)
	for i := range n {
		fmt.Fprintf(&b, "many 60 A 192.0.2.%d\n", i)
	}
	return b.String()
}

func TestMalformedQueries(t *testing.T) {
	a := authority(t, storeOf(t, nil, smallZone), "ns1", 0)
	for _, c := range []struct {
		name  string
		spoil func(*dns.Msg)
		want  string
	}{
		{"status", func(q *dns.Msg) { q.Opcode = dns.OpcodeStatus }, "NOTIMP"},
		{"update", func(q *dns.Msg) { q.Opcode = dns.OpcodeUpdate }, "NOTIMP"},
		{"notify", func(q *dns.Msg) { q.Opcode = dns.OpcodeNotify }, "NOTIMP"},
		{"no question", func(q *dns.Msg) { q.Question = nil }, "FORMERR"},
		{"two questions", func(q *dns.Msg) { q.Question = append(q.Question, q.Question[0]) }, "FORMERR"},
		{"an answer", func(q *dns.Msg) {
			q.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: ".", Rrtype: 1, Class: 1}, A: net.IPv4(192, 0, 2, 1)}}
		}, "FORMERR"},
		{"two OPT records", func(q *dns.Msg) { q.SetEdns0(1232, false); q.SetEdns0(1232, false) }, "FORMERR"},
		{"type OPT", func(q *dns.Msg) { q.Question[0].Qtype = dns.TypeOPT }, "FORMERR"},
		{"class CH", func(q *dns.Msg) { q.Question[0].Qclass = dns.ClassCHAOS }, "REFUSED"},
		{"EDNS version 1", func(q *dns.Msg) { q.SetEdns0(1232, false); q.IsEdns0().SetVersion(1) }, "BADVERS"},
	} {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(c.name+" "+network, func(t *testing.T) {
				q := question("www.example.org. A")
				c.spoil(q)
				if got := render(exchangeRaw(t, network, a.Addr(), q)); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		}
	}
}

// exchangeRaw takes any reply with the right id.
func exchangeRaw(t *testing.T, network string, addr netip.AddrPort, q *dns.Msg) *dns.Msg {
	t.Helper()
	conn, err := dns.DialTimeout(network, addr.String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := errors.Join(conn.SetDeadline(time.Now().Add(patience)), conn.WriteMsg(q)); err != nil {
		t.Fatal(err)
	}
	m, err := conn.ReadMsg()
	if err != nil || m.Id != q.Id || !m.Response {
		t.Fatalf("got %v, %v", m, err)
	}
	return m
}

func TestCutBytesGetFormErr(t *testing.T) {
	a := authority(t, storeOf(t, nil, smallZone), "ns1", 0)
	conn, err := net.Dial("udp", a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wire, err := question("www.example.org. A").Pack()
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 512)
	_, werr := conn.Write(wire[:len(wire)-3])
	n, rerr := 0, conn.SetDeadline(time.Now().Add(patience))
	if werr == nil && rerr == nil {
		n, rerr = conn.Read(buf)
	}
	if werr != nil || rerr != nil || n < 12 || binary.BigEndian.Uint16(buf[2:])&0xf != dns.RcodeFormatError {
		t.Errorf("got %x, %v, %v", buf[:n], werr, rerr)
	}
}

func TestReplySizes(t *testing.T) {
	a := authority(t, storeOf(t, nil, manyText(200)), "ns1", 0)
	for _, c := range []struct {
		name    string
		network string
		edns    uint16 // 0: none
		limit   int
		cut     bool
	}{
		{"plain", "udp", 0, 512, true},
		{"below the minimum", "udp", 100, 512, true},
		{"700", "udp", 700, 700, true},
		{"more than is offered", "udp", 4096, 1232, true},
		{"tcp", "tcp", 0, 65535, false},
		{"tcp with EDNS", "tcp", 1232, 65535, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := question("many.example.org. A")
			if c.edns > 0 {
				q.SetEdns0(c.edns, true)
			}
			m := exchange(t, c.network, a.Addr(), q)
			m.Compress = true
			if m.Truncated != c.cut || m.Len() > c.limit || (!c.cut && len(m.Answer) != 200) {
				t.Errorf("tc %v, %d octets, %d records", m.Truncated, m.Len(), len(m.Answer))
			}
			opt := m.IsEdns0()
			if (opt != nil) != (c.edns > 0) || (opt != nil && (opt.UDPSize() != 1232 || !opt.Do() || opt.Version() != 0)) {
				t.Errorf("got OPT %v", opt)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	a := authority(t, storeOf(t, nil, smallZone), "ns1", 0)
	var asked atomic.Int32
	a.Watch(func(q dns.Question) {
		if q.Name == "www.example.org." {
			asked.Add(1)
		}
	})
	a.SetFaults(sandbox.Faults{ServFail: true})
	want(t, ask(t, a, "www.example.org. A"), "SERVFAIL")
	a.SetFaults(sandbox.Faults{Garbage: true})
	c := &dns.Client{Timeout: patience}
	_, _, err := c.ExchangeContext(t.Context(), question("www.example.org. A"), a.Addr().String())
	if _, silent := errors.AsType[net.Error](err); err == nil || silent {
		t.Errorf("garbage: got %v, want what cannot be unpacked", err)
	}
	a.SetFaults(sandbox.Faults{Silent: true})
	c.Timeout = 20 * time.Millisecond
	for _, c.Net = range []string{"udp", "tcp"} {
		_, _, err = c.ExchangeContext(t.Context(), question("www.example.org. A"), a.Addr().String())
		if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
			t.Errorf("silent %s: got %v, want a timeout", c.Net, err)
		}
	}
	a.SetFaults(sandbox.Faults{})
	a.Watch(nil)
	want(t, ask(t, a, "www.example.org. A"), "NOERROR aa\nwww.example.org. 60 IN A 192.0.2.1")
	if n := asked.Load(); n < 2 || n > 4 {
		t.Errorf("watched %d questions, want 4 at most and those that were answered", n)
	}
}

func TestServeOverAFunction(t *testing.T) {
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	s, err := sandbox.Serve(ctx, "any", func(ctx context.Context, q *dns.Msg) *dns.Msg {
		if q.Question[0].Name == "block." {
			<-ctx.Done()
			close(ended)
			return nil
		}
		return new(dns.Msg).SetRcode(q, dns.RcodeYXDomain)
	})
	if err != nil {
		t.Fatal(err)
	}
	cancel() // the server goes on
	want(t, ask(t, s, "x. A"), "YXDOMAIN")
	conn, err := net.Dial("udp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wire, _ := question("block. A").Pack()
	seen := make(chan struct{})
	s.Watch(func(dns.Question) { close(seen) })
	if _, err := conn.Write(wire); err != nil {
		t.Fatal(err)
	}
	<-seen
	for range 2 {
		if err := s.Close(); err != nil || s.Name() != "any" {
			t.Error(s.Name(), err)
		}
	}
	<-ended
}

func TestServeEndsWithACancelledStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := sandbox.Serve(ctx, "any", nil); err == nil {
		_ = s.Close() // listening on loopback does not look at ctx
	}
	noGoroutines(t)
}

// noGoroutines fails when something of the package still runs.
func noGoroutines(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		var b strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
			t.Fatal(err)
		}
		running := strings.Contains(b.String(), "miekg/dns.(*Server)") || strings.Contains(b.String(), "sandbox.(*")
		if !running {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running:\n%s", b.String())
		}
		<-time.After(time.Millisecond)
	}
}
