package route53

import (
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// decimal rewrites Route 53's escapes, a backslash and three octal digits, as a
// zone file's, which are decimal (RFC 1035, section 5.1). Other escapes, as in
// the quotes of a TXT record, are kept
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html).
func decimal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		if c, ok := octal(s[i+1:]); ok {
			b = append(b, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
			i += 3
			continue
		}
		b = append(b, s[i], s[i+1])
		i++
	}
	return string(b)
}

// octal reads the three digits that s begins with.
func octal(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	n := 0
	for i := range 3 {
		if s[i] < '0' || s[i] > '7' {
			return 0, false
		}
		n = n<<3 | int(s[i]-'0')
	}
	return byte(n), n < 256
}

// parseName reads a name as Route 53 returns it: "\052.example.org." is the
// wildcard.
func parseName(s string) zone.Name { return zone.Canonical(decimal(s)) }

// formatName writes a name as Route 53 returns it.
func formatName(n zone.Name) string {
	b := make([]byte, 0, len(n))
	for i := 0; i < len(n); i++ {
		c, escaped := n[i], false
		if c == '\\' && i+1 < len(n) {
			c, i = octetAt(n, i+1)
			escaped = true
		}
		if !escaped && c == '.' || isPlain(c) {
			b = append(b, c)
		} else {
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		}
	}
	return string(b)
}

// octetAt reads what stands behind a backslash, and returns the index of its
// last byte.
func octetAt(n zone.Name, i int) (byte, int) {
	if i+2 < len(n) && isDigit(n[i]) && isDigit(n[i+1]) && isDigit(n[i+2]) {
		return (n[i]-'0')*100 + (n[i+1]-'0')*10 + n[i+2] - '0', i + 2
	}
	return n[i], i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isPlain(c byte) bool { return 'a' <= c && c <= 'z' || isDigit(c) || c == '-' || c == '_' }
