package ledger

import (
	"slices"
	"time"
)

// Limit is how many tries for one name may fail within a time.
type Limit struct {
	Most   int
	Within time.Duration
}

// LetsEncrypts is how many failed authorizations of one name and account Let's
// Encrypt takes within an hour (https://letsencrypt.org/docs/rate-limits/, August
// 2026). What an ACME client tries by itself is among them, and not in the ledger.
const LetsEncrypts = 5

// Own is the limit that dnsplan keeps: it leaves some of LetsEncrypts to the ACME
// client, so that what the ledger does not know locks nobody out.
func Own() Limit { return Limit{Most: 3, Within: time.Hour} }

// Left is how many more tries may fail at now, and when there is one more of them
// than now; next is zero where nothing is used up. Tries that went well, and those
// after now, use nothing up.
func (l Limit) Left(tries []Try, now time.Time) (left int, next time.Time) {
	var failed []time.Time
	for _, t := range tries {
		if l.Counts(t, now) {
			failed = append(failed, t.At)
		}
	}
	used := len(failed)
	if used == 0 {
		return l.Most, time.Time{}
	}
	slices.SortFunc(failed, time.Time.Compare)
	return max(0, l.Most-used), failed[max(0, used-l.Most)].Add(l.Within)
}

// Counts tells whether a try uses something up at now.
func (l Limit) Counts(t Try, now time.Time) bool {
	return !t.OK && !t.At.After(now) && now.Sub(t.At) < l.Within
}
