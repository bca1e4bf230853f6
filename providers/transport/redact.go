package transport

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// shown stands in place of a secret.
const shown = "[redacted]"

// redactor takes secrets out of texts, in every form that a URL, a header or
// JSON gives them.
type redactor struct {
	replacer *strings.Replacer
}

func newRedactor(secrets []string) *redactor {
	var forms []string
	for _, s := range secrets {
		if s == "" {
			continue
		}
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)))
		if j, err := json.Marshal(s); err == nil {
			forms = append(forms, strings.Trim(string(j), `"`))
		}
	}
	// The longest first: one form may begin as another does.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	forms = slices.Compact(forms)
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range forms {
		pairs = append(pairs, f, shown)
	}
	return &redactor{strings.NewReplacer(pairs...)}
}

func (r *redactor) text(s string) string { return r.replacer.Replace(s) }

// err returns e with its text redacted. Request errors of net/http lose their
// URL, whose query may be a secret as a whole.
func (r *redactor) err(e error) error {
	if e == nil {
		return nil
	}
	if u, ok := e.(*url.Error); ok { //nolint:errorlint // only the outermost one is taken off
		e = u.Err
	}
	if text := r.text(e.Error()); text != e.Error() {
		return &redactedError{text, e}
	}
	return e
}

type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }

// Is and As look into the cause, which is not unwrapped: its text is secret.
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *redactedError) As(target any) bool   { return errors.As(e.err, target) }
