package route53_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// set reads "www 300 A 192.0.2.1 192.0.2.2", or a name that is absolute; nil for
// an empty line.
func set(line string) *zone.RRset {
	f := strings.Fields(line)
	if len(f) == 0 {
		return nil
	}
	if !strings.HasSuffix(f[0], ".") {
		f[0] += "." + string(org)
	}
	ttl, err := zone.ParseTTL(f[1])
	typ, err2 := zone.ParseType(f[2])
	if err := errors.Join(err, err2); err != nil {
		panic(err)
	}
	r := &zone.RRset{Key: zone.Key{Name: zone.MustParseName(f[0]), Type: typ}, TTL: ttl}
	for _, a := range f[3:] {
		r.Addrs = append(r.Addrs, netip.MustParseAddr(a))
	}
	r.Normalize()
	return r
}

func change(before, after string) providers.Change {
	return providers.Change{Before: set(before), After: set(after)}
}

func write(t testing.TB, p providers.Provider, changes ...providers.Change) providers.Receipt {
	t.Helper()
	r, err := p.Write(t.Context(), org, changes)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// addresses are the lines of the zone's A and AAAA sets.
func addresses(z *route53test.Zone) []string {
	var out []string
	for _, s := range z.Sets() {
		if s.Type == "A" || s.Type == "AAAA" {
			out = append(out, s.String())
		}
	}
	return out
}

// wrongErr tells how err is not the one that is wanted, which has text in it.
func wrongErr(err, want error, text string) string {
	if !errors.Is(err, want) || !strings.Contains(fmt.Sprint(err), text) {
		return fmt.Sprintf("error %v, want %v with %q", err, want, text)
	}
	return ""
}
