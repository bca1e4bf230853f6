package mpic_test

import (
	"fmt"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/mpic"
)

// A load balancer sends one request in three to the backend with the token.
func Example() {
	now := time.Date(2026, time.November, 27, 0, 0, 0, 0, time.UTC)
	q := mpic.Rule(now, mpic.LetsEncrypt)
	fmt.Println(q)
	fmt.Println(mpic.Words(q.Chance(1.0 / 3)))
	// Output:
	// 1 primary and 4 remote perspectives, of which 1 may miss
	// about 3.7 % of issuances succeed
}
