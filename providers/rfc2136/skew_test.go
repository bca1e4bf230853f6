package rfc2136

import (
	"testing"
	"time"
)

// What a message takes on its way, and what is less than a second, is no skew.
func TestSkew(t *testing.T) {
	sent := time.Unix(1000, 900_000_000)
	before := skew{ahead: time.Minute, known: true}
	for _, tt := range []struct {
		took time.Duration
		told int64
		want skew
	}{
		{0, 0, before}, // no signed reply yet
		{0, 1000, skew{known: true}},
		{time.Second, 1000, skew{known: true}},
		{20 * time.Second, 1020, skew{known: true}},
		{20 * time.Second, 1000, skew{known: true}},
		{0, 998, skew{ahead: 2 * time.Second, known: true}},
		{20 * time.Second, 998, skew{ahead: 2 * time.Second, known: true}},
		{0, 1003, skew{ahead: -3 * time.Second, known: true}},
		{20 * time.Second, 1023, skew{ahead: -3 * time.Second, known: true}},
	} {
		r := request{verifier: verifier{told: tt.told}, sent: sent}
		if got := r.skewBy(sent.Add(tt.took), before); got != tt.want {
			t.Errorf("told %d, after %v: %+v, want %+v", tt.told, tt.took, got, tt.want)
		}
	}
}
