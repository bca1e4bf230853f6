package zone

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Glob is a pattern over names relative to a zone, as the inventory's ignore
// and protect lists hold them:
//
//	dyn-*    one label that starts with dyn-
//	**.lab   any name below lab, however deep
//	@        the apex, which no other pattern matches
//	\*       the wildcard owner name itself
type Glob struct {
	text string
	re   *regexp.Regexp // nil for the apex
}

// ParseGlob reads a pattern. Case does not matter; U-labels are allowed where
// no asterisk stands in the same pattern.
func ParseGlob(s string) (Glob, error) {
	if s == "" {
		return Glob{}, errors.New("empty pattern")
	}
	if s == "@" {
		return Glob{text: s}, nil
	}
	if strings.HasSuffix(s, ".") {
		return Glob{}, fmt.Errorf("pattern %q: write it relative to the zone, without the final dot", s)
	}
	text := s
	if !isASCII(s) {
		mapped, err := labels.ToASCII(s)
		if err != nil {
			return Glob{}, fmt.Errorf("pattern %q: %w", s, err)
		}
		s = mapped
	}
	var b strings.Builder
	b.WriteString("^")
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], `\*`):
			b.WriteString(`\*`)
			i++
		case strings.HasPrefix(s[i:], "**"):
			b.WriteString(`.+`)
			i++
		case s[i] == '*':
			b.WriteString(`[^.]*`)
		default:
			b.WriteString(regexp.QuoteMeta(strings.ToLower(s[i : i+1])))
		}
	}
	re, err := regexp.Compile(b.String() + "$")
	if err != nil {
		return Glob{}, fmt.Errorf("pattern %q: %w", text, err)
	}
	return Glob{text: text, re: re}, nil
}

// Match tells whether the pattern matches name, which lies in zone z.
func (g Glob) Match(name, z Name) bool {
	if name == z {
		return g.re == nil && g.text != ""
	}
	return g.re != nil && g.re.MatchString(name.Relative(z))
}

// String returns the pattern as it was written.
func (g Glob) String() string { return g.text }

// MatchAny tells whether one of globs matches name in zone z.
func MatchAny(globs []Glob, name, z Name) bool {
	for _, g := range globs {
		if g.Match(name, z) {
			return true
		}
	}
	return false
}
