package mpic

import (
	"math"
	"time"
)

// LetsEncrypt is the authority whose number of perspectives is known. Any other
// name stands for an authority that does what the Baseline Requirements ask for.
const LetsEncrypt = "letsencrypt"

// Quorum is what an authority demands of its perspectives: one primary that must
// see the right answer, and remote ones of which some may not.
type Quorum struct {
	// Remotes is how many remote perspectives are asked.
	Remotes int
	// Misses is how many of them may see something else.
	Misses int
	// From is the day, in UTC, since which this holds.
	From time.Time
	// Source says who has laid it down.
	Source string
}

// Rule returns what holds at now for the authority. Before the first day that is
// known, the first rule counts.
func Rule(now time.Time, ca string) Quorum {
	rules := baseline()
	if ca == LetsEncrypt {
		rules = letsEncrypt()
	}
	out := rules[0]
	for _, q := range rules[1:] {
		if !now.Before(q.From) {
			out = q
		}
	}
	return out
}

const requirements = "Baseline Requirements 3.2.2.9"

// baseline is what every authority has to do at least, oldest first.
func baseline() []Quorum {
	return []Quorum{
		quorum(2, day(2025, time.September, 15), requirements),
		quorum(3, day(2026, time.March, 15), requirements),
		quorum(4, day(2026, time.June, 15), requirements),
		quorum(5, day(2026, time.December, 15), requirements),
	}
}

// letsEncrypt is what Let's Encrypt has announced, and what binds it.
func letsEncrypt() []Quorum {
	return []Quorum{
		quorum(4, day(2024, time.March, 15), "announced by Let's Encrypt in March 2024"),
		quorum(5, day(2026, time.December, 15), requirements),
	}
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// quorum allows one miss up to five remotes, and two of more.
func quorum(remotes int, from time.Time, source string) Quorum {
	q := Quorum{Remotes: remotes, Misses: 1, From: from, Source: source}
	if remotes > 5 {
		q.Misses = 2
	}
	return q
}

// Chance returns the chance that an issuance succeeds, when each perspective
// sees the right answer with chance p, whatever the others see:
//
//	p * sum of C(r,k) p^(r-k) (1-p)^k for k from 0 to the misses
//
// Both are from 0 to 1; p is cut to that. Where one cause decides for all
// perspectives at once, as a firewall does, the chance is not this one but p.
func (q Quorum) Chance(p float64) float64 {
	p = min(max(p, 0), 1)
	sum, ways := 0.0, 1.0
	for k := range min(q.Misses, q.Remotes) + 1 {
		sum += ways * math.Pow(p, float64(q.Remotes-k)) * math.Pow(1-p, float64(k))
		ways = ways * float64(q.Remotes-k) / float64(k+1)
	}
	return min(p*sum, 1)
}
