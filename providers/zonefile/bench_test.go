package zonefile

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

const bigCount = 100_000

// bigText is a zone of 100,000 A records, in no canonical order.
func bigText() string {
	var b strings.Builder
	b.WriteString("$ORIGIN example.org.\n$TTL 3600\n@ IN SOA ns1 hostmaster 2026112301 7200 3600 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n")
	for i := range bigCount {
		fmt.Fprintf(&b, "h%d\t3600\tIN\tA\t10.%d.%d.%d\n", i, i>>16, i>>8&255, i&255)
	}
	return b.String()
}

func bigProvider(b *testing.B, text string) *Provider {
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "example.org.zone"), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	p, err := New(dir)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func BenchmarkRead100k(b *testing.B) {
	p := bigProvider(b, bigText())
	b.ReportAllocs()
	for b.Loop() {
		fresh, err := New(p.dir)
		if err != nil {
			b.Fatal(err)
		}
		s, err := fresh.Read(b.Context(), "example.org.")
		if err != nil || len(s.RRsets) != bigCount+1 {
			b.Fatal(err, len(s.RRsets))
		}
	}
}

func BenchmarkReadUnchanged100k(b *testing.B) {
	p := bigProvider(b, bigText())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Read(b.Context(), "example.org."); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite1Percent(b *testing.B) {
	p := bigProvider(b, bigText())
	s, err := p.Read(b.Context(), "example.org.")
	if err != nil {
		b.Fatal(err)
	}
	there, back := movedSets(s, 100)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		changes := there
		if n%2 == 1 {
			changes = back
		}
		if _, err := p.Write(b.Context(), "example.org.", changes); err != nil {
			b.Fatal(err)
		}
	}
}

// movedSets returns the changes that give every n-th set another address, and
// those that take it back.
func movedSets(s *zone.Snapshot, n int) (there, back []providers.Change) {
	for i := 1; i < len(s.RRsets); i += n {
		before, after := s.RRsets[i].Clone(), s.RRsets[i].Clone()
		after.Addrs[0] = netip.MustParseAddr("192.0.2.200")
		there = append(there, providers.Change{Before: &before, After: &after})
		back = append(back, providers.Change{Before: &after, After: &before})
	}
	return there, back
}

// BenchmarkMiekgParse is the bare library parser over the same bytes, for scale.
func BenchmarkMiekgParse(b *testing.B) {
	text := bigText()
	b.ReportAllocs()
	for b.Loop() {
		zp := dns.NewZoneParser(strings.NewReader(text), "example.org.", "")
		n := 0
		for _, ok := zp.Next(); ok; _, ok = zp.Next() {
			n++
		}
		if n != bigCount+3 || zp.Err() != nil {
			b.Fatal(n, zp.Err())
		}
	}
}
