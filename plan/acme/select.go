package acme

import (
	"errors"
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

// What a selection that cannot be read is.
var (
	// ErrNoSuchCheck is a word that is neither a check nor a family.
	ErrNoSuchCheck = errors.New("no check is called")
	// ErrNoneSelected is a selection that leaves out every check.
	ErrNoneSelected = errors.New("no check is left to make")
)

// ParseSelection reads what a command line says: ids or families, in any case,
// each possibly several with commas between. One that leaves no check is an error.
func ParseSelection(only, skip []string) (s Selection, err error) {
	if s.Only, err = parsePatterns(only); err != nil {
		return s, err
	}
	if s.Skip, err = parsePatterns(skip); err != nil {
		return s, err
	}
	if !slices.ContainsFunc(table(), func(c check) bool { return s.Has(c.id) }) {
		return s, fmt.Errorf("%w without %s", ErrNoneSelected, strings.Join(s.Skip, ", "))
	}
	return s, nil
}

func parsePatterns(args []string) (out []string, err error) {
	for _, arg := range args {
		for word := range strings.SplitSeq(arg, ",") {
			word = strings.ToUpper(strings.TrimSpace(word))
			if !slices.ContainsFunc(table(), func(c check) bool { return covers(word, c.id) }) {
				return nil, fmt.Errorf("%w %q: %s", ErrNoSuchCheck, word, alternatives(word))
			}
			out = append(out, word)
		}
	}
	return out, nil
}

// alternatives says which checks there are in the family of a word, or which families.
func alternatives(word string) string {
	family, _, _ := strings.Cut(word, "-")
	var own, families []string
	for _, c := range table() {
		f, _, _ := strings.Cut(string(c.id), "-")
		if f == family {
			own = append(own, string(c.id))
		}
		if !slices.Contains(families, f) {
			families = append(families, f)
		}
	}
	if len(own) > 0 {
		return "those of " + family + " are " + joinedWords(own)
	}
	return "the families are " + joinedWords(families)
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
