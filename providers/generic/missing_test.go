package generic_test

import (
	"errors"
	"testing"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/generic"
)

// TestMissingSecret: whatever a type does without its secret, the reason is told
// once, as it came.
func TestMissingSecret(t *testing.T) {
	missing := errors.New("api_token: not given")
	for kind, entry := range generic.Catalogue() {
		_, err := entry.Open(providers.Settings{Name: "p", Secret: func(string) (string, error) { return "", missing }})
		if !errors.Is(err, missing) || err.Error() != missing.Error() {
			t.Errorf("%s: %v, want %v", kind, err, missing)
		}
	}
}
