package sandbox_test

import (
	"net"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers/sandbox"
)

func mustDial(t testing.TB, addr interface{ String() string }) net.Conn {
	t.Helper()
	conn, err := net.Dial("udp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// FuzzZone serves any zone text that is taken and asks about every sort of
// name: no text may break the server, and each question gets a reply.
func FuzzZone(f *testing.F) {
	f.Add(protocolZone, "a.wild.example.org.", uint16(1))
	f.Add("@ SOA . . 1 1 1 1 1\n* DNAME .\n", "a.b.example.org.", uint16(255))
	f.Add("@ SOA . . 1 1 1 1 1\n$GENERATE 1-3 h$ A 192.0.2.$\n", `\000.example.org.`, uint16(43))
	store := sandbox.NewStore(nil)
	a := authority(f, store, "ns1", 0)
	f.Fuzz(func(t *testing.T, text, name string, qtype uint16) {
		if _, ok := dns.IsDomainName(name); !ok || len(text) > 4096 {
			return
		}
		store.Remove("example.org.")
		if store.Put("example.org.", text) != nil {
			return
		}
		q := new(dns.Msg).SetQuestion(dns.Fqdn(name), qtype)
		if _, err := q.Pack(); err != nil {
			return
		}
		exchange(t, "tcp", a.Addr(), q)
	})
}

func BenchmarkResolverHit(b *testing.B) {
	bed := newBed(b, cacheZone, patience)
	q := question("www.example.org. A")
	q.RecursionDesired = true
	conn, err := dns.Dial("udp", bed.resolver.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	for b.Loop() {
		if err := conn.WriteMsg(q); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.ReadMsg(); err != nil {
			b.Fatal(err)
		}
	}
}
