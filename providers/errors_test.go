package providers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

func keys(n int) []zone.Key {
	out := make([]zone.Key, n)
	for i := range out {
		out[i] = zone.Key{Name: zone.Name(fmt.Sprintf("n%05d.example.org.", i)), Type: zone.A}
	}
	return out
}

// Errors about a batch name its records, and stay short for one of thousands.
func TestBatchErrorsAreBounded(t *testing.T) {
	for name, of := range map[string]func([]zone.Key) error{
		"refused": func(k []zone.Key) error {
			return &providers.RefusedError{Keys: k, Culprit: zone.Key{Name: "www.example.org.", Type: zone.AAAA}, Reason: "quota"}
		},
		"conflict": func(k []zone.Key) error { return &providers.ConflictError{Keys: k} },
	} {
		t.Run(name, func(t *testing.T) {
			for n, want := range map[int]string{
				2:     "n00000.example.org. A, n00001.example.org. A",
				100:   "n00099.example.org. A",
				101:   "n00099.example.org. A and 1 more",
				20000: "n00099.example.org. A and 19900 more",
			} {
				text := of(keys(n)).Error()
				if !strings.Contains(text, want) || len(text) > 3000 {
					t.Errorf("%d keys: %q is not in %d bytes: %.200s", n, want, len(text), text)
				}
				if n <= 100 && strings.Contains(text, "more") {
					t.Errorf("%d keys: %s", n, text)
				}
			}
		})
	}
	refused := &providers.RefusedError{Keys: keys(1), Culprit: keys(1)[0], Reason: "quota"}
	if want := "n00000.example.org. A: refused: quota (nothing written of n00000.example.org. A)"; refused.Error() != want {
		t.Errorf("%q, want %q", refused.Error(), want)
	}
	conflict := &providers.ConflictError{Keys: keys(1)}
	if want := "n00000.example.org. A: live has moved: seen nothing, now nothing"; conflict.Error() != want || !errors.Is(conflict, providers.ErrConflict) {
		t.Errorf("%q, want %q", conflict.Error(), want)
	}
}
