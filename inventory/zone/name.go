package zone

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// Name is a domain name in one form: absolute, lower case, A-labels, with the
// final dot. Two Names are the same name exactly when they are equal, so each
// octet has one form: itself where it can stand for itself, \X where X means
// something in a zone file (. ' @ ; ( ) " \ and the space), else \DDD
// (RFC 1035, section 5.1).
type Name string

// Root is the name of the root zone.
const Root Name = "."

var (
	errEmptyName   = errors.New("empty name")
	errEmptyLabel  = errors.New("empty label")
	errMixedEscape = errors.New("an escape beside a letter outside ASCII")
)

// labels maps U-labels to A-labels (UTS 46, non-transitional) and leaves
// underscores and asterisks alone, which host name rules would refuse.
var labels = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// ParseName reads an owner name as people write it: any case, with or without
// the final dot, U-labels or A-labels. The result is always absolute.
func ParseName(s string) (Name, error) {
	if s == "" {
		return "", errEmptyName
	}
	ascii, err := toASCII(s)
	if err != nil {
		return "", fmt.Errorf("name %q: %w", s, err)
	}
	if err := checkEscapes(ascii); err != nil {
		return "", fmt.Errorf("name %q: %w", s, err)
	}
	n := Canonical(ascii)
	if err := n.check(); err != nil {
		return "", fmt.Errorf("name %q: %w", s, err)
	}
	return n, nil
}

// toASCII maps the U-labels of s to A-labels. An escape beside a U-label is
// refused: it would end up inside the A-label.
func toASCII(s string) (string, error) {
	if isASCII(s) {
		return s, nil
	}
	if strings.Contains(s, `\`) {
		return "", errMixedEscape
	}
	return labels.ToASCII(s)
}

// MustParseName is ParseName for names that are known to be right, as in tests.
func MustParseName(s string) Name {
	n, err := ParseName(s)
	if err != nil {
		panic(err)
	}
	return n
}

// Canonical brings a name that a DNS library or a provider returned into the
// one form, without checking it: lower case, escapes as Name has them, and the
// final dot. Bytes above 127 are taken as octets of a label, not as U-labels.
func Canonical(s string) Name {
	if !isPlain(s) {
		s = rewriteOctets(s)
	}
	if !endsInDot(s) {
		s += "."
	}
	return Name(s)
}

// check enforces the lengths of RFC 1035, section 2.3.4.
func (n Name) check() error {
	if n == Root {
		return nil
	}
	octets := 1 // the root's length byte
	for rest := string(n); rest != ""; {
		label, tail := cutLabel(rest)
		switch l := labelOctets(label); {
		case l == 0:
			return errEmptyLabel
		case l > 63:
			return fmt.Errorf("label %q is longer than 63 octets", label)
		default:
			octets += l + 1
		}
		rest = tail
	}
	if octets > 255 {
		return errors.New("longer than 255 octets")
	}
	return nil
}

// Labels returns the labels from left to right, the root's left out.
func (n Name) Labels() []string {
	var out []string
	for rest := strings.TrimPrefix(string(n), "."); rest != ""; {
		var label string
		label, rest = cutLabel(rest)
		out = append(out, label)
	}
	return out
}

// IsSubdomainOf tells whether n is z or lies below it.
func (n Name) IsSubdomainOf(z Name) bool {
	if z == Root || n == z {
		return true
	}
	cut := len(n) - len(z)
	return cut > 0 && n[cut:] == z && n[cut-1] == '.' && !escapedAt(string(n), cut-1)
}

// Relative returns n as written inside zone z: "@" for the apex, "www" for
// www.z. A name outside z is returned whole.
func (n Name) Relative(z Name) string {
	if n == z {
		return "@"
	}
	if z == Root || !n.IsSubdomainOf(z) {
		return string(n)
	}
	return string(n[:len(n)-len(z)-1])
}

// Parent returns n without its leftmost label; the root's parent is the root.
func (n Name) Parent() Name {
	_, rest := cutLabel(string(n))
	if rest == "" {
		return Root
	}
	return Name(rest)
}

// IsWildcard tells whether the leftmost label is a lone asterisk (RFC 4592).
func (n Name) IsWildcard() bool { return strings.HasPrefix(string(n), "*.") }

// Display returns n as people read it, without the final dot.
func (n Name) Display() string {
	if n == Root {
		return "."
	}
	return strings.TrimSuffix(string(n), ".")
}

// CompareNames orders names as RFC 4034, section 6.1 does: by labels, from the
// right, octet by octet, so that an apex comes before all that lies below it.
func CompareNames(a, b Name) int {
	if a == b {
		return 0
	}
	as, bs := string(a), string(b)
	for {
		al, arest := lastLabel(as)
		bl, brest := lastLabel(bs)
		if c := compareLabels(al, bl); c != 0 {
			return c
		}
		switch {
		case arest == "" && brest == "":
			return 0
		case arest == "":
			return -1
		case brest == "":
			return 1
		}
		as, bs = arest, brest
	}
}

// cutLabel splits off the leftmost label; s is absolute.
func cutLabel(s string) (label, rest string) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '.':
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// lastLabel splits off the rightmost label of an absolute name; rest keeps its
// final dot.
func lastLabel(s string) (label, rest string) {
	end := len(s) - 1
	for i := end - 1; i >= 0; i-- {
		if s[i] == '.' && !escapedAt(s, i) {
			return s[i+1 : end], s[:i+1]
		}
	}
	return s[:max(end, 0)], ""
}

// escapedAt tells whether the byte at i stands behind an odd number of backslashes.
func escapedAt(s string, i int) bool {
	odd := false
	for i--; i >= 0 && s[i] == '\\'; i-- {
		odd = !odd
	}
	return odd
}
