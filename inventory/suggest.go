package inventory

import (
	"slices"
	"strings"
)

// didYouMean returns "did you mean "x"?" for the candidate nearest to word, or
// nothing when none is near.
func didYouMean(word string, candidates []string) string {
	if best := Nearest(word, candidates); best != "" {
		return `did you mean "` + best + `"?`
	}
	return ""
}

// Nearest is the candidate that word may be a slip of; empty where none is near.
// Upper and lower case do not count.
func Nearest(word string, candidates []string) string {
	best, limit := "", max(2, len(word)/3)
	word = strings.ToLower(word)
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(word, strings.ToLower(c)); d <= limit && d < len(c) {
			best, limit = c, d-1
		}
	}
	return best
}

// distance is the Levenshtein distance of a and b in bytes. Words of more than
// 64 bytes are never near anything, which bounds the work on odd input.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
