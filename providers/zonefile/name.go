package zonefile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

const arenaSize = 64 << 10

var (
	errLongLabel  = errors.New("label longer than 63 octets")
	errEmptyLabel = errors.New("empty label")
	errLongName   = errors.New("name longer than 255 octets")
	errQuotedName = errors.New("quotes in a name")
	errNoName     = errors.New("no owner name before this line")
	errDecimal    = errors.New("escape above \\255")
)

// names makes absolute names out of tokens. It packs them into large strings,
// since one allocation a name is what a big file would spend most time on.
type names struct {
	arena strings.Builder
}

// resolve returns the name that tok stands for while origin is in force.
func (n *names) resolve(tok string, origin zone.Name) (zone.Name, error) {
	if tok == "@" {
		return origin, nil
	}
	if !isPlainName(tok) {
		return resolveOdd(tok, origin)
	}
	if err := checkLabels(tok); err != nil {
		return "", fmt.Errorf("name %q: %w", tok, err)
	}
	if tok[len(tok)-1] == '.' {
		return zone.Name(tok), nil
	}
	return n.join(tok, origin)
}

// join puts a relative name of plain bytes in front of origin.
func (n *names) join(tok string, origin zone.Name) (zone.Name, error) {
	size := len(tok) + 1 + len(origin)
	if origin == zone.Root {
		size--
	}
	if size > 254 { // 255 octets on the wire, with the first length byte
		if err := checkLength(tok + "." + string(origin)); err != nil {
			return "", fmt.Errorf("name %q: %w", tok, err)
		}
	}
	if n.arena.Cap()-n.arena.Len() < size {
		n.arena = strings.Builder{}
		n.arena.Grow(max(arenaSize, size))
	}
	from := n.arena.Len()
	n.arena.WriteString(tok)
	n.arena.WriteByte('.')
	if origin != zone.Root {
		n.arena.WriteString(string(origin))
	}
	return zone.Name(n.arena.String()[from:]), nil
}

// isPlainName tells whether tok has only bytes that stand for themselves.
func isPlainName(tok string) bool {
	for i := 0; i < len(tok); i++ {
		if !plainNameByte[tok[i]] {
			return false
		}
	}
	return tok != ""
}

var plainNameByte = plainNameBytes()

func plainNameBytes() (set [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789-_*./") {
		set[c] = true
	}
	return set
}

// checkLabels checks the labels of a plain name (RFC 1035, section 2.3.4).
func checkLabels(tok string) error {
	if tok == "." {
		return nil
	}
	if len(tok) > 254 {
		return errLongName
	}
	start := 0
	for i := 0; i < len(tok); i++ {
		if tok[i] != '.' {
			continue
		}
		if err := checkLabel(i - start); err != nil {
			return err
		}
		start = i + 1
	}
	if start == len(tok) {
		return nil
	}
	return checkLabel(len(tok) - start)
}

func checkLabel(octets int) error {
	switch {
	case octets == 0:
		return errEmptyLabel
	case octets > 63:
		return errLongLabel
	}
	return nil
}

// checkLength checks the length of an absolute name, escapes counted as one.
func checkLength(abs string) error {
	if _, err := zone.ParseName(abs); err != nil {
		return errLongName
	}
	return nil
}

// resolveOdd resolves a name with upper case, escapes or other bytes. The
// result has each byte in one form: lower case, plain where it can be, else as
// a DNS library writes it back, so that equal names are equal strings.
func resolveOdd(tok string, origin zone.Name) (zone.Name, error) {
	var b strings.Builder
	for i := 0; i < len(tok); {
		c, size, err := octet(tok[i:])
		if err != nil {
			return "", fmt.Errorf("name %q: %w", tok, err)
		}
		if c == '.' && size == 1 {
			b.WriteByte('.')
		} else {
			writeOctet(&b, c)
		}
		i += size
	}
	name := b.String()
	if !endsInDot(name) {
		name += "." + strings.TrimPrefix(string(origin), ".")
	}
	n, err := zone.ParseName(name)
	if err != nil {
		return "", err
	}
	return n, nil
}

// octet reads the first octet of s: a byte, \X or \DDD (RFC 1035, section 5.1).
func octet(s string) (c byte, size int, err error) {
	switch {
	case s[0] == '"':
		return 0, 0, errQuotedName
	case s[0] != '\\':
		return s[0], 1, nil
	case len(s) < 2:
		return 0, 0, errEscape
	case !isDigit(s[1]):
		return s[1], 2, nil
	case len(s) < 4 || !isDigit(s[2]) || !isDigit(s[3]):
		return 0, 0, errDecimal
	}
	v := int(s[1]-'0')*100 + int(s[2]-'0')*10 + int(s[3]-'0')
	if v > 255 {
		return 0, 0, errDecimal
	}
	return byte(v), 4, nil
}

func writeOctet(b *strings.Builder, c byte) {
	switch {
	case 'A' <= c && c <= 'Z':
		b.WriteByte(c | 0x20)
	case strings.IndexByte(`. '@;()"\`, c) >= 0:
		b.WriteByte('\\')
		b.WriteByte(c)
	case c < ' ' || c > '~':
		fmt.Fprintf(b, `\%03d`, c)
	default:
		b.WriteByte(c)
	}
}

// endsInDot tells whether the last dot of name ends a label.
func endsInDot(name string) bool {
	if !strings.HasSuffix(name, ".") {
		return false
	}
	head := name[:len(name)-1]
	return (len(head)-len(strings.TrimRight(head, `\`)))%2 == 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
