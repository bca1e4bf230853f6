package verify

import (
	"fmt"
	"strconv"
)

// Quorum says how many of n resolvers must give the new answer: require is
// "all", "majority" or a number. A number above n asks for all of them.
func Quorum(require string, n int) (int, error) {
	switch require {
	case "", "all":
		return n, nil
	case "majority":
		return n/2 + 1, nil
	}
	k, err := strconv.Atoi(require)
	if err != nil || k < 1 {
		return 0, fmt.Errorf("require %q: want all, majority or a number from 1", require)
	}
	return min(k, n), nil
}
