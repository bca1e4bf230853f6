package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// Two processes with a state folder each apply plans for one name at the same
// moment, against a real server: no lock is between them, and the prerequisites
// of RFC 2136 are. One wins, the other is refused or holds, and the server has
// taken one update.
func TestE2ETwoStateFolders(t *testing.T) {
	t.Parallel()
	o := bedOptions{ttl: 5, settle: "1s", timeout: "5s", primaryOnly: true}
	b := newBed(t, o)
	template := b.inventory(o)
	const rounds = 10
	taken := 0
	for n := range rounds {
		var plans [2]string
		for i := range plans {
			name := fmt.Sprintf("%d-%d", n, i)
			b.write(name+".toml", strings.ReplaceAll(template, newAddr, rivalAddr(n, i)))
			plans[i] = b.path(name + ".plan")
			b.want(exitDone, "plan", "-i", b.path(name+".toml"), "--strategy", "direct", "-o", plans[i], e2eName)
		}
		var ends [2]func() output
		for i, p := range plans {
			inventory := strings.TrimSuffix(p, ".plan") + ".toml"
			ends[i] = b.begin("apply", p, "-i", inventory, "--state-dir", b.path(fmt.Sprintf("state-%d", i)))
		}
		won := -1
		for i, wait := range ends {
			switch o := wait(); o.code {
			case exitDone:
				if won >= 0 {
					t.Fatalf("round %d: both have won", n)
				}
				won = i
			case exitRefused, exitPartly:
			default:
				t.Fatalf("round %d: %v", n, o)
			}
		}
		if won < 0 {
			t.Fatalf("round %d: nobody has won", n)
		}
		taken++
		if _, data := b.primary.Answer(dns.TypeA, e2eName); !slices.Equal(data, []string{rivalAddr(n, won)}) {
			t.Fatalf("round %d: the server has %v, want %s", n, data, rivalAddr(n, won))
		}
		for i := range plans { // who holds gives up
			if i != won {
				b.dnsplan(t.Context(), "cancel", "last", "-i", b.path(fmt.Sprintf("%d-%d.toml", n, i)), "--state-dir", b.path(fmt.Sprintf("state-%d", i)))
			}
		}
		if _, data := b.primary.Answer(dns.TypeA, e2eName); !slices.Equal(data, []string{rivalAddr(n, won)}) {
			t.Fatalf("round %d: after the cancel the server has %v, want %s", n, data, rivalAddr(n, won))
		}
	}
	if got := int(b.primary.Serial(e2eZone)) - 1; got != taken {
		t.Errorf("the server has taken %d updates, want %d", got, taken)
	}
}

// rivalAddr is what a rival wants in a round.
func rivalAddr(round, rival int) string { return fmt.Sprintf("127.0.%d.%d", 10+round, 1+rival) }
