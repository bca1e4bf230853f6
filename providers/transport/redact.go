package transport

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	// shown stands in place of a secret; stars does where that holds one itself.
	shown = "[redacted]"
	stars = "***"
	// shortest is the least length of a secret that is looked for within words.
	shortest = 4
)

// redactor takes secrets out of texts.
type redactor struct {
	mark     string
	forms    []string // of secrets of a sane length, the longest first
	replacer *strings.Replacer
	words    []string // secrets that are shorter
}

func newRedactor(secrets []string) *redactor {
	r := &redactor{mark: shown}
	for _, s := range secrets {
		switch trimmed := strings.TrimSpace(s); {
		case trimmed == "":
		case len(trimmed) < shortest:
			r.words = append(r.words, trimmed)
		default:
			r.forms = append(append(r.forms, forms(s)...), forms(trimmed)...)
		}
	}
	// The longest first: one form may begin as another does.
	slices.SortFunc(r.forms, func(a, b string) int {
		if d := len(b) - len(a); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	r.forms = slices.Compact(r.forms)
	if r.leaks(shown) {
		r.mark = stars
	}
	pairs := make([]string, 0, 2*len(r.forms))
	for _, f := range r.forms {
		pairs = append(pairs, f, r.mark)
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r
}

// forms are what a secret looks like where it is quoted.
func forms(s string) []string {
	quoted := strconv.Quote(s)
	out := []string{
		s, url.QueryEscape(s), strings.ReplaceAll(url.QueryEscape(s), "+", "%20"),
		url.PathEscape(s), (&url.URL{Path: s}).EscapedPath(), url.User(s).String(),
		quoted[1 : len(quoted)-1], html.EscapeString(s), inXML(s), inJSON(s, true), inJSON(s, false),
	}
	out = append(out, inBase64(s)...)
	for _, f := range out {
		out = append(out, lowerHex(f))
	}
	return out
}

func inXML(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a Buffer takes everything
	return b.String()
}

func inJSON(s string, escapeHTML bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(escapeHTML)
	_ = e.Encode(s) // a string has a form, and a Buffer takes everything
	quoted := strings.TrimSpace(b.String())
	return quoted[1 : len(quoted)-1]
}

// inBase64 returns what base64 makes of s wherever it stands in a longer text,
// as behind the user's name of Basic authentication: for each of the three
// places that its first octet can have in a group, the digits that depend on s
// alone. They stand in URLs too.
func inBase64(s string) []string {
	var out []string
	for before := range 3 {
		text := append(make([]byte, before), s...)
		digits := base64.RawStdEncoding.EncodeToString(text)
		digits = digits[(before*8+5)/6 : len(text)*8/6]
		if len(digits) < shortest {
			continue
		}
		out = append(out, digits, strings.NewReplacer("+", "-", "/", "_").Replace(digits), url.QueryEscape(digits))
	}
	return out
}

// lowerHex writes %2F as %2f.
func lowerHex(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

func (r *redactor) leaks(s string) bool {
	return slices.ContainsFunc(r.forms, func(f string) bool { return strings.Contains(s, f) })
}

// text returns s without secrets. A text that a secret still shows in, because
// it came together anew around what was taken out, is not shown at all.
func (r *redactor) text(s string) string {
	out := r.replacer.Replace(s)
	for _, w := range r.words {
		out = replaceWord(out, w, r.mark)
	}
	if r.leaks(out) {
		return r.mark
	}
	return out
}

// hide takes secrets out of what was answered to r: those of the chain, and the
// credentials that r itself carried, which may be a token that no setting holds.
func (c *Chain) hide(r *http.Request, s string) string {
	_, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return newRedactor([]string{credentials}).text(c.redact.text(s))
}

// replaceWord replaces word where neither a letter nor a digit is beside it.
func replaceWord(s, word, by string) string {
	var b strings.Builder
	before := byte(' ')
	for s != "" {
		i := strings.Index(s, word)
		if i < 0 {
			break
		}
		if i > 0 {
			before = s[i-1]
		}
		rest := s[i+len(word):]
		if alphanumeric(before) || rest != "" && alphanumeric(rest[0]) {
			b.WriteString(s[:i+1])
			before, s = s[i], s[i+1:]
			continue
		}
		b.WriteString(s[:i] + by)
		before, s = word[len(word)-1], rest
	}
	return b.String() + s
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}
