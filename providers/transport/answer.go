package transport

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

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

// Error says who answered what, and what to check.
func (e *AnswerError) Error() string {
	s := fmt.Sprintf("%s answers %d %s", e.Host, e.Status, http.StatusText(e.Status))
	if e.Page {
		s += " with a web page, not as the API would: check the URL in the inventory, and what stands between (a proxy, a login page)"
	}
	if e.Said != "" {
		s += fmt.Sprintf(": %q", e.Said)
	}
	return s
}

// notAPI tells a web page or a redirect from an API's answer.
func notAPI(a attempt) bool {
	if a.resp.StatusCode >= 300 && a.resp.StatusCode < 400 {
		return true
	}
	kind, _, _ := mime.ParseMediaType(a.resp.Header.Get("Content-Type"))
	return kind == "text/html"
}

func (c *Chain) answerError(r *http.Request, a attempt) *AnswerError {
	e := &AnswerError{Host: r.URL.Host, Status: a.resp.StatusCode, Page: notAPI(a) && a.resp.StatusCode < 500}
	if to := a.resp.Header.Get("Location"); to != "" {
		e.Said = c.redact.text("moved to " + to)
		return e
	}
	e.Said = excerpt(c.redact.text(string(a.body)))
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

// retryAfter reads when the vendor wants to be asked again (RFC 9110, 10.2.3).
func retryAfter(a attempt, now time.Time) (time.Time, bool) {
	if a.resp == nil {
		return time.Time{}, false
	}
	v := strings.TrimSpace(a.resp.Header.Get("Retry-After"))
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		return now.Add(time.Duration(n) * time.Second), true
	}
	if t, err := http.ParseTime(v); err == nil {
		return t, true
	}
	return time.Time{}, false
}

// readBudget reads the budget out of a reply's headers, in either of the two
// forms in use: X-RateLimit-Limit, -Remaining and -Reset, and the fields of
// draft-ietf-httpapi-ratelimit-headers, RateLimit and RateLimit-Policy. Reset is
// in seconds from now, or, when it is a large number, in Unix time.
func readBudget(h http.Header, now time.Time) (b providers.Budget, ok bool) {
	limit, err := strconv.Atoi(h.Get("X-Ratelimit-Limit"))
	left, err2 := strconv.Atoi(h.Get("X-Ratelimit-Remaining"))
	reset, err3 := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64)
	if err == nil && err2 == nil && err3 == nil {
		return providers.Budget{Limit: limit, Remaining: left, Reset: resetAt(reset, now)}, true
	}
	state, policy := parameters(h.Get("Ratelimit")), parameters(h.Get("Ratelimit-Policy"))
	left, err = strconv.Atoi(state["r"])
	reset, err2 = strconv.ParseInt(state["t"], 10, 64)
	if err != nil || err2 != nil {
		return b, false
	}
	limit, err = strconv.Atoi(policy["q"])
	if err != nil {
		limit = left
	}
	return providers.Budget{Limit: limit, Remaining: left, Reset: resetAt(reset, now)}, true
}

// resetAt reads a reset; nobody waits for months, so a large one is a moment.
func resetAt(n int64, now time.Time) time.Time {
	const months = 10_000_000
	if n > months {
		return time.Unix(n, 0)
	}
	return now.Add(time.Duration(max(n, 0)) * time.Second)
}

// parameters reads those of the first item: "default";r=50;t=30.
func parameters(field string) map[string]string {
	first, _, _ := strings.Cut(field, ",")
	out := map[string]string{}
	for part := range strings.SplitSeq(first, ";") {
		if k, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			out[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
	}
	return out
}
