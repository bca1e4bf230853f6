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

// ParseGlob reads a pattern. Case does not matter; U-labels are allowed, but not
// in one label with an asterisk. Characters that are hardly meant in a name, such
// as blanks and brackets, are refused unless they are escaped.
func ParseGlob(s string) (Glob, error) {
	if s == "" {
		return Glob{}, errors.New("empty pattern")
	}
	if s == "@" {
		return Glob{text: s}, nil
	}
	if endsInDot(s) {
		return Glob{}, fmt.Errorf("pattern %q: write it relative to the zone, without the final dot", s)
	}
	ascii, err := toASCII(s)
	if err != nil {
		return Glob{}, fmt.Errorf("pattern %q: %w", s, err)
	}
	if err := checkPattern(ascii, ascii != s); err != nil {
		return Glob{}, fmt.Errorf("pattern %q: %w", s, err)
	}
	re, err := regexp.Compile(expression(ascii))
	if err != nil {
		return Glob{}, fmt.Errorf("pattern %q: %w", s, err)
	}
	return Glob{text: s, re: re}, nil
}

// checkPattern refuses what would match nothing, or something else than meant.
func checkPattern(s string, mapped bool) error {
	if err := checkEscapes(s); err != nil {
		return err
	}
	if err := checkCharacters(s); err != nil {
		return err
	}
	for rest := s; rest != ""; {
		var label string
		if label, rest = cutLabel(rest); label == "" {
			return errEmptyLabel
		}
		if mapped && strings.HasPrefix(label, "xn--") && strings.Contains(label, "*") {
			return errMixedStar
		}
	}
	return nil
}

// checkCharacters refuses characters that people do not mean as a part of a
// name: blanks, and the signs of other pattern languages. RFC 2181, section 11
// allows any octet in a label, so an escape stands for what is meant.
func checkCharacters(s string) error {
	for i := 0; i < len(s); {
		c, size, _ := octet(s[i:])
		if size == 1 && !isPatternChar(c) {
			return fmt.Errorf("%q is not allowed in a name; if it is meant, write %s", c, escapedForm(c))
		}
		i += size
	}
	return nil
}

// isPatternChar tells whether c stands for itself in a pattern, or is an
// asterisk. The slash is that of RFC 2317.
func isPatternChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || strings.IndexByte("-_.*/+=:~", c) >= 0
}

// escapedForm returns how an octet is written that does not stand for itself.
func escapedForm(c byte) string {
	if c <= ' ' || c > '~' {
		return fmt.Sprintf(`\%03d`, c)
	}
	return `\` + string(rune(c))
}

var errMixedStar = errors.New("an asterisk in one label with a letter outside ASCII")

// expression returns the regular expression over relative names that stands
// for pattern s. An escape in a name is one octet of its label.
func expression(s string) string {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for i := 0; i < len(s); {
		c, size, _ := octet(s[i:])
		switch {
		case strings.HasPrefix(s[i:], "**"):
			b.WriteString(`(?:[^\\]|\\.)+`)
			size = 2
		case c == '*' && size == 1:
			b.WriteString(`(?:[^.\\]|\\.)*`)
		case c == '.' && size == 1:
			b.WriteString(`\.`)
		default:
			b.WriteString(regexp.QuoteMeta(string(appendOctet(nil, c))))
		}
		i += size
	}
	return b.String() + "$"
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
