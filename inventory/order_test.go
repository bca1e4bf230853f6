package inventory

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func TestTurnedComparesAsNamesDo(t *testing.T) {
	name := rapid.Custom(func(t *rapid.T) zone.Name {
		return zone.Canonical(rapid.StringMatching(`([a-c-]{1,2}|\\\.|\*)(\.([a-c-]{1,2}|a\\\.b)){0,3}`).Draw(t, "name"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		if got, want := strings.Compare(turned(a), turned(b)), zone.CompareNames(a, b); got != want {
			t.Fatalf("%s and %s: %d, want %d", a, b, got, want)
		}
	})
}

func TestDidYouMean(t *testing.T) {
	for word, want := range map[string]string{
		"proxyed": `did you mean "proxied"?`, "colour": "", "TTL": `did you mean "ttl"?`,
		"": "", "commment": `did you mean "comment"?`, strings.Repeat("x", 1000): "",
	} {
		if got := didYouMean(word, []string{"ttl", "proxied", "comment"}); got != want {
			t.Errorf("%q: %q", word, got)
		}
	}
}
