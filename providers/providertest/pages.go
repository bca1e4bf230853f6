package providertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

func testMany(t *testing.T, h Harness) {
	n := h.Sets
	if n == 0 {
		n = 1200
	}
	z := open(t, h, "")
	check := z.watch(t)
	var create, update, remove []providers.Change
	for i := range n {
		first := fmt.Sprintf("h%d 300 A 10.0.%d.%d", i, i>>8, i&255)
		second := fmt.Sprintf("h%d 60 A 10.1.%d.%d", i, i>>8, i&255)
		create = append(create, z.change("", first))
		update = append(update, z.change(first, second))
		remove = append(remove, z.change(second, ""))
	}
	z.write(t, create...)
	check(create...)
	z.write(t, update...)
	check(update...)
	z.write(t, remove...)
	check()
}

// testEdges reads zones whose records, or sets, just fill pages of 100 (and of
// 10, 20, 25 and 50), whatever of the base records the vendor counts.
func testEdges(t *testing.T, h Harness) {
	for _, n := range []int{99, 100, 101} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			var seed strings.Builder
			for i := range n {
				fmt.Fprintf(&seed, "e%d 300 IN A 10.0.0.%d\n", i, i)
			}
			z := open(t, h, seed.String())
			var want []providers.Change
			for _, line := range []string{"ns1 3600 A 192.0.2.53", "mail 3600 A 192.0.2.25", "ns.sub 3600 A 192.0.2.54"} {
				want = append(want, z.change("", line))
			}
			for i := range n {
				want = append(want, z.change("", fmt.Sprintf("e%d 300 A 10.0.0.%d", i, i)))
			}
			wantLines(t, "address sets", Sets(z.read(t)), applied(&zone.Snapshot{}, want...))
		})
	}
	t.Run("one more at a time", func(t *testing.T) { grow(t, h, 84, "e%d %d A 10.0.0.%[1]d") })
	t.Run("values on both sides", func(t *testing.T) { grow(t, h, 42, "e%d %d A 10.0.0.%[1]d 10.0.1.%[1]d") })
}

// grow makes a zone with n sets, then one more at a time, and looks at the whole
// of it each time.
func grow(t *testing.T, h Harness, n int, format string) {
	z := open(t, h, "")
	check := z.watch(t)
	var all []providers.Change
	for i := range n {
		all = append(all, z.change("", fmt.Sprintf(format, i, 300)))
	}
	z.write(t, all...)
	for i := n; i < n+8; i++ {
		more := z.change("", fmt.Sprintf(format, i, 300))
		z.write(t, more)
		all = append(all, more)
		check(all...)
	}
}
