package transport

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/dnsplan/dnsplan/providers"
)

// AnswerError is an answer that is not the API's: a web page, a redirect, or a
// server error.
type AnswerError struct {
	// Host is who answered, Status its status code.
	Host   string
	Status int
	// Said is the beginning of what it said, on one line.
	Said string
	// Page tells that it was a web page or a redirect: the address is probably
	// not that of the API.
	Page bool
}

// Error says who answered what.
func (e *AnswerError) Error() string {
	status := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	s := e.Host + " answers " + status
	if e.Page {
		s += " with a web page, not as the API would"
	}
	if e.Said != "" && e.Said != status {
		s += fmt.Sprintf(": %q", e.Said)
	}
	return s
}

// Is makes errors.Is(err, providers.ErrCredentials) true for the statuses 401
// and 403: whoever answered has refused who is asking.
func (e *AnswerError) Is(target error) bool {
	return target == providers.ErrCredentials && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// notAPI tells a web page or a redirect from an API's answer.
func notAPI(a attempt) bool {
	if a.resp.StatusCode >= 300 && a.resp.StatusCode < 400 {
		return true
	}
	kind := strings.ToLower(strings.TrimSpace(a.resp.Header.Get("Content-Type")))
	return strings.HasPrefix(kind, "text/html") || strings.HasPrefix(kind, "application/xhtml")
}

// leadsOn tells a redirect that may be followed with the credentials.
func (c *Chain) leadsOn(r *http.Request, a attempt, writes bool) bool {
	if !c.opts.Redirects || writes || a.resp.StatusCode < 300 || a.resp.StatusCode >= 400 {
		return false
	}
	location := a.resp.Header.Get("Location")
	to, err := r.URL.Parse(location)
	return err == nil && location != "" && to.Scheme == r.URL.Scheme && to.Host == r.URL.Host
}

func (c *Chain) answerError(r *http.Request, a attempt) *AnswerError {
	e := &AnswerError{Host: c.redact.text(r.URL.Host), Status: a.resp.StatusCode, Page: notAPI(a) && a.resp.StatusCode < 500}
	said := string(a.body)
	if to := a.resp.Header.Get("Location"); to != "" {
		said = "moved to " + to
	}
	// Once before it is cut, which may leave a piece, and once when it is whole.
	e.Said = c.hide(r, excerpt(c.hide(r, said)))
	return e
}

// excerpt is the beginning of a text, on one line, without markup.
func excerpt(s string) string {
	const most = 200
	var b strings.Builder
	tag := false
	for _, r := range s {
		switch {
		case r == '<':
			tag = true
			b.WriteByte(' ')
		case r == '>' && tag:
			tag = false
		case !tag:
			b.WriteRune(r)
		}
		if b.Len() > 8*most {
			break
		}
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
