package rfc2136_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// largeZone has so many records more, four of five of them A.
func largeZone(records int) string {
	var b strings.Builder
	b.WriteString(exampleZone)
	for i := range records {
		if i%5 == 4 {
			fmt.Fprintf(&b, "host%d 300 IN TXT \"number %d\"\n", i, i)
			continue
		}
		fmt.Fprintf(&b, "host%d 300 IN A 10.%d.%d.%d\n", i, i>>16, i>>8&255, i&255)
	}
	return b.String()
}

func TestReadLarge(t *testing.T) {
	startAll(t, largeZone(8_000), func(t *testing.T, s *dnsd.Server) {
		snap := read(t, provider(t, config(s)))
		if len(snap.RRsets) != 6_400+9 || len(snap.Others) != 1_600+8 {
			t.Errorf("%d sets and %d others", len(snap.RRsets), len(snap.Others))
		}
	})
}

func BenchmarkRead100k(b *testing.B) {
	s := dnsd.BIND(b, dnsd.BINDOptions{Zones: map[string]string{"example.org": largeZone(100_000)}})
	p := provider(b, config(s))
	for b.Loop() {
		if n := len(read(b, p).RRsets); n != 80_009 {
			b.Fatal(n)
		}
	}
}
