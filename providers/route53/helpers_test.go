package route53_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// set reads "www 300 A 192.0.2.1 192.0.2.2", or a name that is absolute; nil for
// an empty line.
func set(line string) *zone.RRset { return providertest.ParseSet(org, line) }

func change(before, after string) providers.Change {
	return providertest.ParseChange(org, before, after)
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
