package http01_test

import (
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

func TestPublicName(t *testing.T) {
	for host, want := range map[string]bool{
		"www.example.org":          true,
		"www.example.co.uk":        true,
		"pages.github.io":          true, // a private suffix below a public domain
		"shop.ck":                  true, // .ck has only a wildcard rule
		"xn--80aswg.xn--p1ai":      true,
		"intra.corp":               false,
		"printer.local":            false,
		"www.example.test":         false,
		"org":                      true,
		"www.example.org.":         false, // authorities do not take the final dot off
		"localhost":                false,
		"":                         false,
		"www.example.invalid":      false,
		"1.0.0.127.in-addr.arpa":   true,
		"www.example.organisation": false,
	} {
		if got := http01.PublicName(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
