package acme

import (
	"fmt"
	"slices"
	"strings"
)

// Selection says which checks are made. The zero value is all of them.
type Selection struct {
	// Only are the checks to make, Skip those to leave out: ids, or families such
	// as "D" and "H".
	Only, Skip []string
	// Opening says that an issuance window is about to be opened around a command,
	// which may bring the server along that answers challenges: what is not there
	// yet is not known, and no failure.
	Opening bool
}

// ParseSelection reads what a command line says: ids or families, in any case,
// each possibly several with commas between.
func ParseSelection(only, skip []string) (s Selection, err error) {
	if s.Only, err = parsePatterns(only); err != nil {
		return s, err
	}
	s.Skip, err = parsePatterns(skip)
	return s, err
}

func parsePatterns(args []string) (out []string, err error) {
	for _, arg := range args {
		for word := range strings.SplitSeq(arg, ",") {
			word = strings.ToUpper(strings.TrimSpace(word))
			if !slices.ContainsFunc(table(), func(c check) bool { return covers(word, c.id) }) {
				return nil, fmt.Errorf("no check is called %q: checks are %s", word, strings.Join(names(), ", "))
			}
			out = append(out, word)
		}
	}
	return out, nil
}

// names are the ids of all checks.
func names() (out []string) {
	for _, c := range table() {
		out = append(out, string(c.id))
	}
	return out
}

// covers tells whether a pattern is the check's id or its family.
func covers(pattern string, id ID) bool {
	family, _, _ := strings.Cut(string(id), "-")
	return pattern == string(id) || pattern == family
}

// Has tells whether a check is to be made.
func (s Selection) Has(id ID) bool {
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return covers(p, id) })
	}
	return (len(s.Only) == 0 || in(s.Only)) && !in(s.Skip)
}
