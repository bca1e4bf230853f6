package mpic

import "fmt"

// Words says a chance as people say it: "about 3.7 % of issuances succeed".
func Words(p float64) string {
	percent := 100 * p
	switch {
	case p <= 0:
		return "no issuance succeeds"
	case p >= 1:
		return "every issuance succeeds"
	case percent < 0.05:
		return "less than 0.1 % of issuances succeed"
	case percent < 9.95:
		return fmt.Sprintf("about %.1f %% of issuances succeed", percent)
	case percent < 99:
		return fmt.Sprintf("about %.0f %% of issuances succeed", percent)
	}
	return "more than 99 % of issuances succeed"
}

// String says what the quorum demands: "1 primary and 4 remote perspectives, of
// which 1 may miss".
func (q Quorum) String() string {
	return fmt.Sprintf("1 primary and %d remote perspectives, of which %d may miss", q.Remotes, q.Misses)
}
