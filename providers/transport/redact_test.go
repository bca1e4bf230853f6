package transport

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers"
)

const secret = `s3cr/t+ "k&y"=ä<1>`

// Every form in which a secret travels.
func TestRedactForms(t *testing.T) {
	inJSON, err := json.Marshal(map[string]string{"key": secret})
	if err != nil {
		t.Fatal(err)
	}
	inXML, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"a"`
		Key     string
	}{Key: secret})
	if err != nil {
		t.Fatal(err)
	}
	u := url.URL{Scheme: "https", Host: "api.example.net", Path: "/" + secret + "/x", User: url.UserPassword("me", secret)}
	query := url.Values{"key": {secret}}.Encode()
	r := newRedactor([]string{secret})
	for name, text := range map[string]string{
		"raw":             "key " + secret + ".",
		"query":           "https://api.example.net/?" + query,
		"query, lower":    "https://api.example.net/?" + strings.ToLower(query),
		"path and user":   u.String(),
		"JSON":            string(inJSON),
		"XML":             string(inXML),
		"HTML":            "<p>" + html.EscapeString(secret) + "</p>",
		"Go":              fmt.Sprintf("%q", secret),
		"base64":          base64.StdEncoding.EncodeToString([]byte(secret)),
		"Basic, 1":        "Basic " + base64.StdEncoding.EncodeToString([]byte("u:"+secret)),
		"Basic, 2":        "Basic " + base64.StdEncoding.EncodeToString([]byte("us:"+secret)),
		"Basic, 3":        "Basic " + base64.StdEncoding.EncodeToString([]byte("usr:"+secret+"\n")),
		"base64 of URLs":  base64.RawURLEncoding.EncodeToString([]byte("x" + secret + "yz")),
		"base64 in query": url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("xy" + secret))),
		"twice":           secret + secret,
	} {
		got := r.text(text)
		if !strings.Contains(got, shown) {
			t.Errorf("%s: %q", name, got)
		}
		// What the alignment of base64 leaves is a few bits of either end.
		for n := range len(text) - 6 {
			if piece := text[n : n+7]; strings.Contains(secret, piece) && strings.Contains(got, piece) {
				t.Errorf("%s: %q is left in %q", name, piece, got)
			}
		}
	}
	if got, want := r.text(u.String()), "https://me:[redacted]@api.example.net/[redacted]/x"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRedactTexts(t *testing.T) {
	for _, c := range []struct {
		name       string
		secrets    []string
		text, want string
	}{
		{"none", nil, "a b", "a b"},
		{"empty", []string{"", " \n"}, "a b", "a b"},
		{"one within the other", []string{"token", "token-of-prod"}, "token-of-prod token", "[redacted] [redacted]"},
		{"one behind the other", []string{"of-prod-1", "token-of-prod"}, "x token-of-prod-1", "x [redacted]-1"},
		{"with a final line break", []string{"token-1\n"}, "key=token-1&x", "key=[redacted]&x"},
		{"short, a word", []string{"abc"}, "key=abc&x abc.", "key=[redacted]&x [redacted]."},
		{"short, a part of words", []string{"a"}, "a zone at example, xa", "[redacted] zone at example, xa"},
		{"short, doubled", []string{"aa"}, "aaa aa:aa aaaa", "aaa [redacted]:[redacted] aaaa"},
		{"short, beside a letter of two octets", []string{"ab"}, "öab ab", "öab [redacted]"},
		{"short, not a word", []string{"+-"}, "1+-2 (+-)", "1+-2 ([redacted])"},
		{"a part of the mark", []string{"redact"}, "redact it", "*** it"},
		{"anew around the mark", []string{"[redacted]x", "yyyy"}, "yyyyx", "[redacted]"},
	} {
		if got := newRedactor(c.secrets).text(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// valueError is a struct that %#v prints whole.
type valueError struct{ Text string }

func (e valueError) Error() string { return e.Text }

// Errors of every build show nothing, and are found as what they are.
func TestRedactErrors(t *testing.T) {
	const secret = "canary/4711"
	limited := &providers.RateLimitError{Until: time.Now()}
	in := func(e error) error {
		return &url.Error{Op: "Get", URL: "https://x/?key=" + url.QueryEscape(secret), Err: e}
	}
	says := errors.New("refused " + secret)
	for name, e := range map[string]error{
		"request":              in(limited),
		"request in a wrapper": fmt.Errorf("list: %w", in(limited)),
		"deep":                 fmt.Errorf("a: %w", fmt.Errorf("b: %w", fmt.Errorf("c: %w", in(in(limited))))),
		"joined":               errors.Join(limited, says),
		"two":                  fmt.Errorf("%w: %w", says, limited),
		"by value":             fmt.Errorf("%w and %w", valueError{secret}, limited),
		"above":                fmt.Errorf("%s: %w", secret, limited),
		"hidden by its text":   quietError{fmt.Errorf("%w %w", says, limited)},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRedactor([]string{secret})
			got := fmt.Errorf("read: %w", r.err(e))
			if again := r.err(got); again != got { //nolint:errorlint // it is the very same
				t.Errorf("%v is redacted again: %v", got, again)
			}
			if !errors.Is(got, limited) {
				t.Error("not found by Is")
			}
			if l, ok := errors.AsType[*providers.RateLimitError](got); !ok || l != limited {
				t.Error("not found by As")
			}
			if u, ok := errors.AsType[*url.Error](got); ok && strings.Contains(u.Error(), url.QueryEscape(secret)) {
				t.Errorf("As gives %v", u)
			}
			if v, ok := errors.AsType[valueError](got); ok {
				t.Errorf("As gives %v", v)
			}
			if v, ok := errors.AsType[quietError](got); ok {
				t.Errorf("As gives %v, which wraps a secret", v)
			}
			for inner := range tree(got) {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
					text := fmt.Sprintf(verb, inner)
					if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
						t.Errorf("%s of %T: %s", verb, inner, text)
					}
				}
			}
		})
	}
}

// quietError does not say what it wraps.
type quietError struct{ err error }

func (quietError) Error() string   { return "quiet" }
func (e quietError) Unwrap() error { return e.err }

func TestRedactLeavesTheRest(t *testing.T) {
	r := newRedactor([]string{"canary-1"})
	e := fmt.Errorf("read: %w", context.Canceled)
	if got := r.err(e); got != e { //nolint:errorlint // it is the very same
		t.Errorf("%v", got)
	}
	if r.err(nil) != nil {
		t.Error("nil")
	}
	if got := r.err(&url.Error{Op: "Get", URL: "https://x", Err: e}); got != e { //nolint:errorlint // it is the very same
		t.Errorf("%v: the URL stays", got)
	}
	if got := New(Options{}).Redact(e); got != e { //nolint:errorlint // it is the very same
		t.Errorf("%v", got)
	}
}

// FuzzRedact: whatever it is in, a secret is not in what comes out.
func FuzzRedact(f *testing.F) {
	f.Add("token", "other", "x token y", "https://x/?k=")
	f.Add("aaaa", "aaa", "aaaaaaa", "")
	f.Add("[redacted]x", "yyyy", "yyyyx", "%")
	f.Add("acte", "***", "***acte", "")
	f.Fuzz(func(t *testing.T, one, two, before, after string) {
		r := newRedactor([]string{one, two})
		text := before + one + after + url.QueryEscape(two) + before + base64.StdEncoding.EncodeToString([]byte(after+one))
		wrapped := fmt.Errorf("x: %w", &url.Error{Op: "Get", URL: text, Err: errors.New(two)})
		e := r.err(wrapped)
		for _, secret := range []string{one, two} {
			if len(strings.TrimSpace(secret)) < shortest {
				continue
			}
			if got := r.text(text); strings.Contains(got, secret) {
				t.Errorf("%q is in %q", secret, got)
			}
			if got := e.Error(); strings.Contains(got, secret) {
				t.Errorf("%q is in the error %q", secret, got)
			}
		}
		if !errors.Is(e, wrapped) {
			t.Error("the error is not found")
		}
	})
}

// FuzzAnswer: what is said of an answer is short, on one line, and no secret.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("<html><b>no</b>\n<i>tok<u>en"), "token", "text/html", "")
	f.Add([]byte(strings.Repeat("ä", 300)), "ää", "", "/login?x")
	f.Fuzz(func(t *testing.T, body []byte, secret, kind, location string) {
		c := New(Options{Secrets: []string{secret}})
		r := &http.Request{URL: &url.URL{Host: "api.example.net"}}
		a := attempt{resp: &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {kind}, "Location": {location}}}, body: body}
		e := c.answerError(r, a)
		if len(e.Said) > 500 || strings.ContainsAny(e.Said, "\r\n\t") {
			t.Errorf("%d octets: %q", len(e.Said), e.Said)
		}
		if len(strings.TrimSpace(secret)) >= shortest && strings.Contains(e.Said, secret) {
			t.Errorf("%q is in %q", secret, e.Said)
		}
	})
}

// Neither a chain nor its options show a secret, however they are printed.
func TestPrintedWithoutSecrets(t *testing.T) {
	o := Options{Name: "cf", Secrets: []string{"canary-secret"}}
	c := New(o)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{o, &o, c, c.Client(), struct{ C *Chain }{c}} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, "canary") {
				t.Errorf("%s of a %T: %s", format, v, text)
			}
		}
	}
}

// Redact is for secrets that no chain knows.
func TestRedactWithoutAChain(t *testing.T) {
	cause := &providers.RefusedError{Reason: "no"}
	err := Redact([]string{secret}, fmt.Errorf("signed with %s: %w", secret, cause))
	if err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), shown) {
		t.Errorf("%v", err)
	}
	if found, ok := errors.AsType[*providers.RefusedError](err); !ok || found != cause {
		t.Errorf("%v is not found in %v", cause, err)
	}
	if err := Redact([]string{secret}, nil); err != nil {
		t.Error(err)
	}
}
