package verify

import (
	"fmt"
	"strconv"
)

// Quorum says how many of n resolvers must give the new answer: require is
// "all", "majority" or a number. A number may be above n: then it cannot be
// reached.
func Quorum(require string, n int) (int, error) {
	switch require {
	case "", "all":
		return n, nil
	case "majority":
		return min(n, n/2+1), nil
	}
	k, err := strconv.Atoi(require)
	if err != nil || k < 1 {
		return 0, fmt.Errorf("require %q: want all, majority or a number from 1", require)
	}
	return k, nil
}

// Agree judges all answers for one RRset. Every authoritative server must give
// the wanted answer on each address that answers, and on one at least. Of the
// resolvers that answer as many as require says must; a silent one counts for
// nothing, and where all are silent nobody agrees. Where nobody was asked nothing
// disagrees.
func Agree(lines []Line, require string) (bool, error) {
	alive := map[string]bool{} // by authoritative server
	asked, answering, good := 0, 0, 0
	for _, l := range lines {
		heard := l.Verdict != Silent
		if !l.Resolver {
			if heard && !l.Verdict.Good() {
				return false, nil
			}
			alive[l.Server] = alive[l.Server] || heard
			continue
		}
		asked++
		if heard {
			answering++
		}
		if l.Verdict.Good() {
			good++
		}
	}
	for _, answered := range alive {
		if !answered {
			return false, nil
		}
	}
	need, err := Quorum(require, answering)
	return asked == 0 || good >= max(need, 1), err
}
