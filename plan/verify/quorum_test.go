package verify_test

import (
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/verify"
)

func TestQuorum(t *testing.T) {
	tests := []struct {
		require string
		n, want int
	}{
		{"all", 4, 4},
		{"", 4, 4},
		{"all", 1, 1},
		{"all", 0, 0},
		{"majority", 1, 1},
		{"majority", 2, 2},
		{"majority", 3, 2},
		{"majority", 4, 3},
		{"majority", 5, 3},
		{"majority", 0, 0},
		{"1", 4, 1},
		{"3", 4, 3},
		{"9", 4, 9}, // these cannot be reached
		{"2", 0, 2},
	}
	for _, tt := range tests {
		if got, err := verify.Quorum(tt.require, tt.n); err != nil || got != tt.want {
			t.Errorf("Quorum(%q, %d) = %d, %v; want %d", tt.require, tt.n, got, err, tt.want)
		}
	}
	for _, require := range []string{"0", "-1", "most", "All", "50%", "1.5", "99999999999999999999"} {
		if got, err := verify.Quorum(require, 4); err == nil || !strings.Contains(err.Error(), "want all, majority or a number from 1") {
			t.Errorf("Quorum(%q, 4) = %d, %v", require, got, err)
		}
	}
}
