package zone

import (
	"cmp"
	"errors"
	"strings"
)

// escaped are the printable octets that a name holds as \X (RFC 1035, section
// 5.1): a DNS library or a zone file would read something else in them.
const escaped = `. '@;()"\`

var errBadEscape = errors.New(`an escape is \X or \DDD, up to \255 (RFC 1035, section 5.1)`)

// octet reads the first octet of s, which is not empty: a byte, \X or \DDD. A
// bad escape is read as what stands there.
func octet(s string) (c byte, size int, ok bool) {
	switch {
	case s[0] != '\\':
		return s[0], 1, true
	case len(s) == 1:
		return s[0], 1, false
	case !isDigit(s[1]):
		return s[1], 2, true
	case len(s) < 4 || !isDigit(s[2]) || !isDigit(s[3]):
		return s[1], 2, false
	}
	v := int(s[1]-'0')*100 + int(s[2]-'0')*10 + int(s[3]-'0')
	if v > 255 {
		return s[1], 2, false
	}
	return byte(v), 4, true
}

// appendOctet appends the one form in which a Name holds c.
func appendOctet(b []byte, c byte) []byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return append(b, c|0x20)
	case c < ' ' || c > '~':
		return append(b, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
	case strings.IndexByte(escaped, c) >= 0:
		return append(b, '\\', c)
	}
	return append(b, c)
}

// isPlain tells whether every byte of s is a dot between labels or has its one
// form already, without an escape.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', isDigit(c), c == '.', c == '-', c == '_', c == '*':
		case c <= ' ' || c > '~' || 'A' <= c && c <= 'Z' || strings.IndexByte(escaped, c) >= 0:
			return false
		}
	}
	return true
}

// rewriteOctets brings each octet of s into its one form.
func rewriteOctets(s string) string {
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); {
		c, size, _ := octet(s[i:])
		if c == '.' && size == 1 {
			b = append(b, c)
		} else {
			b = appendOctet(b, c)
		}
		i += size
	}
	return string(b)
}

// checkEscapes tells whether each escape of s is one.
func checkEscapes(s string) error {
	for i := 0; i < len(s); {
		_, size, ok := octet(s[i:])
		if !ok {
			return errBadEscape
		}
		i += size
	}
	return nil
}

// endsInDot tells whether the last byte of s is a dot that ends a label.
func endsInDot(s string) bool {
	end := len(s) - 1
	return end >= 0 && s[end] == '.' && !escapedAt(s, end)
}

// labelOctets counts a label's octets on the wire.
func labelOctets(label string) (n int) {
	for label != "" {
		_, size, _ := octet(label)
		label = label[size:]
		n++
	}
	return n
}

// compareLabels compares the octets of two labels.
func compareLabels(a, b string) int {
	if strings.IndexByte(a, '\\') < 0 && strings.IndexByte(b, '\\') < 0 {
		return strings.Compare(a, b)
	}
	for a != "" && b != "" {
		x, n, _ := octet(a)
		y, m, _ := octet(b)
		if x != y {
			return cmp.Compare(x, y)
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

// SortKey returns bytes that compare as CompareNames does, for sorting many
// names: the labels' octets from the right, a zero byte between labels. An
// octet of 0 or 1 has a byte of 1 before it.
func (n Name) SortKey() string {
	out := make([]byte, 0, len(n))
	for rest := string(n); rest != "" && rest != "."; {
		var label string
		if label, rest = lastLabel(rest); len(out) > 0 {
			out = append(out, 0)
		}
		for label != "" {
			c, size, _ := octet(label)
			if c < 2 {
				out = append(out, 1)
			}
			out = append(out, c)
			label = label[size:]
		}
	}
	return string(out)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
