package resolver

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// respond answers every query on conn with one address, with as little work as
// can be, until conn is closed.
func respond(conn *net.UDPConn) {
	answer := []byte{0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1}
	buf := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		buf[2], buf[3], buf[7], buf[11] = 0x84, 0, 1, 0
		reply := append(buf[:n-optLen], answer...)
		if _, err := conn.WriteToUDPAddrPort(reply, from); err != nil {
			return
		}
	}
}

// responder runs respond on a socket of its own until the test ends.
func responder(tb testing.TB) Server {
	tb.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		tb.Fatal(err)
	}
	_ = conn.SetReadBuffer(receiveBuffer)
	ended := make(chan struct{})
	go func() { defer close(ended); respond(conn) }()
	tb.Cleanup(func() { _ = conn.Close(); <-ended })
	return udp(conn.LocalAddr().(*net.UDPAddr).AddrPort())
}

// BenchmarkAsk40k asks for 10,000 names at four servers on loopback.
func BenchmarkAsk40k(b *testing.B) {
	var servers []Server
	for range 4 {
		servers = append(servers, responder(b))
	}
	queries := manyQueries(10_000, servers...)
	c := newClient(b, Options{})
	b.ReportAllocs()
	start, rounds := time.Now(), 0
	for b.Loop() {
		rounds++
		for _, a := range c.Ask(b.Context(), queries) {
			if a.Status != Answered {
				b.Fatalf("%v: %v (%v)", a.Key, a.Status, a.Err)
			}
		}
	}
	b.ReportMetric(float64(rounds*len(queries))/time.Since(start).Seconds(), "answers/s")
}

// BenchmarkAskOne asks for one name at one server: a poll's cost.
func BenchmarkAskOne(b *testing.B) {
	c := newClient(b, Options{})
	queries := []Query{{Server: responder(b), Key: key("www.example.org.", zone.A)}}
	b.ReportAllocs()
	for b.Loop() {
		if a := c.Ask(b.Context(), queries)[0]; a.Status != Answered {
			b.Fatalf("%v (%v)", a.Status, a.Err)
		}
	}
}

// BenchmarkParse reads one reply with two addresses.
func BenchmarkParse(b *testing.B) {
	reply := packed(b, 1, "www.example.org. 60 IN A 192.0.2.1", "www.example.org. 60 IN A 192.0.2.2")
	var m message
	b.ReportAllocs()
	for b.Loop() {
		if err := m.parse(reply); err != nil || len(m.follow().records) != 2 {
			b.Fatal(err)
		}
	}
}
