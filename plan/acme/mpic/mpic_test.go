package mpic_test

import (
	"math"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/mpic"
)

// TestChance: the numbers that can be counted out by hand.
func TestChance(t *testing.T) {
	four, five := mpic.Quorum{Remotes: 4, Misses: 1}, mpic.Quorum{Remotes: 5, Misses: 1}
	tests := map[string]struct {
		q    mpic.Quorum
		p    float64
		want float64
		say  string
	}{
		"none is right":             {four, 0, 0, "no issuance succeeds"},
		"all are right":             {four, 1, 1, "every issuance succeeds"},
		"one of three backends, 4":  {four, 1.0 / 3, 9.0 / 243, "about 3.7 % of issuances succeed"},
		"one of three backends, 5":  {five, 1.0 / 3, 11.0 / 729, "about 1.5 % of issuances succeed"},
		"one of two addresses, 4":   {four, 0.5, 5.0 / 32, "about 16 % of issuances succeed"},
		"one of two addresses, 5":   {five, 0.5, 6.0 / 64, "about 9.4 % of issuances succeed"},
		"nine of ten, 4":            {four, 0.9, 0.85293, "about 85 % of issuances succeed"},
		"nine of ten, 5":            {five, 0.9, 0.826686, "about 83 % of issuances succeed"},
		"one of twelve, 4":          {four, 1.0 / 12, 45.0 / 248832, "less than 0.1 % of issuances succeed"},
		"999 of 1000, 4":            {four, 0.999, 0.996005996001 * 1.003, "more than 99 % of issuances succeed"},
		"six remotes, two misses":   {mpic.Quorum{Remotes: 6, Misses: 2}, 0.5, 22.0 / 128, "about 17 % of issuances succeed"},
		"no remotes":                {mpic.Quorum{}, 0.25, 0.25, "about 25 % of issuances succeed"},
		"more misses than remotes":  {mpic.Quorum{Remotes: 1, Misses: 3}, 0.5, 0.5, "about 50 % of issuances succeed"},
		"a share above one is one":  {four, 1.5, 1, "every issuance succeeds"},
		"a share below none is nil": {four, -1, 0, "no issuance succeeds"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.q.Chance(tt.p)
			if math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("chance %v, want %v", got, tt.want)
			}
			if say := mpic.Words(got); say != tt.say {
				t.Errorf("%q, want %q", say, tt.say)
			}
		})
	}
}

// TestRule: the days on which the number of perspectives changes.
func TestRule(t *testing.T) {
	tests := []struct {
		at, ca          string
		remotes, misses int
	}{
		{"2020-01-01T00:00:00Z", "", 2, 1},
		{"2026-03-14T23:59:59Z", "", 2, 1},
		{"2026-03-15T00:00:00Z", "", 3, 1},
		{"2026-06-15T00:00:00Z", "", 4, 1},
		{"2026-11-27T12:00:00Z", "", 4, 1},
		{"2026-12-14T23:59:59Z", "", 4, 1},
		{"2026-12-15T00:00:00Z", "", 5, 1},
		{"2026-12-15T01:00:00+02:00", "", 4, 1},
		{"2026-11-27T12:00:00Z", "someone", 4, 1},
		{"2020-01-01T00:00:00Z", mpic.LetsEncrypt, 4, 1},
		{"2026-11-27T12:00:00Z", mpic.LetsEncrypt, 4, 1},
		{"2026-12-15T00:00:00Z", mpic.LetsEncrypt, 5, 1},
	}
	for _, tt := range tests {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if q := mpic.Rule(at, tt.ca); q.Remotes != tt.remotes || q.Misses != tt.misses || q.Source == "" {
			t.Errorf("%s %q: %s, from %q; want %d and %d", tt.at, tt.ca, q, q.Source, tt.remotes, tt.misses)
		}
	}
}
