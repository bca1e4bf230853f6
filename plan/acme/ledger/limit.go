package ledger

import (
	"slices"
	"time"
)

// Limit is how many failed tries for one name an authority takes: so many at
// once, and one more after each Refill.
type Limit struct {
	Burst  int
	Refill time.Duration
}

// LetsEncrypt is the limit of Let's Encrypt for failed authorizations of one name
// and account (https://letsencrypt.org/docs/rate-limits/, August 2026).
func LetsEncrypt() Limit { return Limit{Burst: 5, Refill: 12 * time.Minute} }

// Left is how many more tries may fail at now, and when there is one more of them
// than now; next is zero where nothing is used up. Tries that went well, and those
// after now, use nothing up.
func (l Limit) Left(tries []Try, now time.Time) (left int, next time.Time) {
	failed := slices.DeleteFunc(slices.Clone(tries), func(t Try) bool { return t.OK || t.At.After(now) })
	slices.SortFunc(failed, func(a, b Try) int { return a.At.Compare(b.At) })
	var debt time.Duration // what is used up, in time to refill it
	var last time.Time     // when that was so
	for _, t := range failed {
		debt = min(max(0, debt-t.At.Sub(last))+l.Refill, l.Refill*time.Duration(l.Burst))
		last = t.At
	}
	if debt = max(0, debt-now.Sub(last)); debt == 0 {
		return l.Burst, time.Time{}
	}
	used := int((debt + l.Refill - 1) / l.Refill)
	return l.Burst - used, now.Add(debt - l.Refill*time.Duration(used-1))
}
