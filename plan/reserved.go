package plan

import (
	"fmt"
	"net/netip"
	"strings"
)

// block is a block of addresses that the internet does not route.
type block struct {
	prefix netip.Prefix
	is     string
}

// reserved are the blocks of the special-purpose address registries (RFC 6890)
// that no client elsewhere reaches. Those for documentation (RFC 5737, 3849) are
// not among them: who writes them knows, and every example does.
func reserved() []block {
	var out []block
	for _, line := range []string{
		"0.0.0.0/8 this network", "10.0.0.0/8 private", "100.64.0.0/10 shared by carriers", "127.0.0.0/8 loopback",
		"169.254.0.0/16 link-local", "172.16.0.0/12 private", "192.0.0.0/24 reserved", "192.168.0.0/16 private",
		"198.18.0.0/15 for benchmarks", "224.0.0.0/4 multicast", "255.255.255.255/32 broadcast", "240.0.0.0/4 reserved",
		"::/128 unspecified", "::1/128 loopback", "::ffff:0:0/96 IPv4-mapped", "64:ff9b:1::/48 private", "100::/64 discarded",
		"2001:2::/48 for benchmarks", "5f00::/16 for segment routing", "fc00::/7 private", "fe80::/10 link-local", "ff00::/8 multicast",
	} {
		prefix, is, _ := strings.Cut(line, " ")
		out = append(out, block{netip.MustParsePrefix(prefix), is})
	}
	return out
}

// private is what blocks for networks of one's own are.
const private = "private"

// warnReserved says which of the addresses that a change brings cannot be
// reached from elsewhere. Private ones are what an internal view is for.
func (w *differ) warnReserved(c *Change) {
	if w.d.AllowReserved || len(c.Add) == 0 {
		return
	}
	if w.blocks == nil {
		w.blocks = reserved()
	}
	for _, a := range c.Add {
		for _, b := range w.blocks {
			if !b.prefix.Contains(a) {
				continue
			}
			if b.is != private || w.d.View == "" {
				w.warn("reserved-address", c.Name, fmt.Sprintf("%s is %s (%s): clients elsewhere do not reach it", a, b.is, b.prefix))
			}
			break
		}
	}
}
