package plant

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// prefix starts the names of our own tokens.
const prefix = "dnsplan-"

// Token is what a web server is to serve. An ACME client takes both from the
// authority: Body is then the key authorization.
type Token struct {
	// Name is the last part of the path: letters, digits, "-" and "_".
	Name string
	// Body is one line of ASCII without its end, shorter than http01.MaxBody.
	Body string
}

// NewToken returns a token that nobody can guess. Its name has 32 characters,
// and its body begins with the name, as that of an authority's token does.
func NewToken() Token {
	name := prefix + random(18)
	return Token{Name: name, Body: name + "." + random(32)}
}

// random returns n random bytes in base64url.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Path is the path at which the token is served.
func (t Token) Path() string { return http01.Path + t.Name }

// valid makes sure that a token can neither leave its folder nor mean anything
// to a shell at the other end of ssh.
func (t Token) valid() error {
	const maxName = 128
	if t.Name == "" || len(t.Name) > maxName || strings.ContainsFunc(t.Name, func(c rune) bool { return !inBase64(c) }) {
		return fmt.Errorf("token %q: a name has 1 to %d letters, digits, - and _", t.Name, maxName)
	}
	if t.Body == "" || len(t.Body) >= http01.MaxBody || strings.ContainsFunc(t.Body, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return fmt.Errorf("token %q: a body has 1 to %d printable characters of ASCII, and no blank", t.Name, http01.MaxBody-1)
	}
	return nil
}

// inBase64 tells whether c stands in base64url (RFC 4648, section 5).
func inBase64(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
