package transport

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/providers"
)

// most bounds how far ahead a vendor's moment may lie: a year, beyond which a
// number is an error, or another unit.
const most = 365 * 24 * time.Hour

// retryAfter reads when the vendor wants to be asked again.
func (a attempt) retryAfter(now time.Time) (time.Time, bool) {
	if a.resp == nil {
		return time.Time{}, false
	}
	return retryAfter(a.resp.Header, now)
}

// retryAfter reads seconds or a date (RFC 9110, section 10.2.3). A date is taken
// by the vendor's clock, if the reply shows it: this machine's may be wrong.
func retryAfter(h http.Header, now time.Time) (time.Time, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	n, err := strconv.ParseUint(v, 10, 63)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return now.Add(seconds(int64(n))), true
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return time.Time{}, false
	}
	return now.Add(min(t.Sub(vendorTime(h, now)), most)), true
}

// vendorTime is now by the vendor's clock.
func vendorTime(h http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return now
}

// seconds is n of them, from none to the most.
func seconds(n int64) time.Duration {
	return time.Duration(min(max(n, 0), int64(most/time.Second))) * time.Second
}

// readBudget reads the budget out of a reply's headers, in any form in use:
// X-RateLimit-Limit, -Remaining and -Reset, the same as X-Rate-Limit, and without
// the X, which the drafts of draft-ietf-httpapi-ratelimit-headers had up to the sixth, and the
// fields RateLimit and RateLimit-Policy of the later ones.
func readBudget(h http.Header, now time.Time) (providers.Budget, bool) {
	for _, prefix := range []string{"X-Ratelimit-", "X-Rate-Limit-", "Ratelimit-"} {
		limit, ok1 := number(h.Get(prefix + "Limit"))
		left, ok2 := number(h.Get(prefix + "Remaining"))
		reset, ok3 := number(h.Get(prefix + "Reset"))
		if ok1 && ok2 && ok3 {
			return budget(limit, left, resetAt(reset, h, now)), true
		}
	}
	return readFields(h, now)
}

// readFields reads RateLimit: "default";r=50;t=30 and RateLimit-Policy:
// "default";q=100;w=60. Of several, the one with the least left counts.
func readFields(h http.Header, now time.Time) (b providers.Budget, found bool) {
	policies := items(h.Values("Ratelimit-Policy"))
	for _, state := range items(h.Values("Ratelimit")) {
		left, ok := number(state.parameters["r"])
		reset, ok2 := number(state.parameters["t"])
		if !ok || !ok2 || found && left >= int64(b.Remaining) {
			continue
		}
		limit := left
		for _, p := range policies {
			if q, ok := number(p.parameters["q"]); ok && p.name == state.name {
				limit = q
			}
		}
		b, found = budget(limit, left, now.Add(seconds(reset))), true
	}
	return b, found
}

func budget(limit, left int64, reset time.Time) providers.Budget {
	return providers.Budget{Limit: int(min(limit, math.MaxInt32)), Remaining: int(min(left, math.MaxInt32)), Reset: reset}
}

// number reads a whole number, of a list the first.
func number(s string) (int64, bool) {
	s, _, _ = strings.Cut(s, ",")
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return max(n, 0), err == nil
}

// resetAt reads a reset in seconds from now or, as a large number, a moment in
// Unix time, in seconds or milliseconds, by the vendor's clock.
func resetAt(n int64, h http.Header, now time.Time) time.Time {
	const months, millennia = 10_000_000, 100_000_000_000
	switch {
	case n > millennia:
		n /= 1000
	case n <= months:
		return now.Add(seconds(n))
	}
	return now.Add(min(time.Unix(n, 0).Sub(vendorTime(h, now)), most))
}

// item is a member of a structured field's list (RFC 9651): "name";key=value.
type item struct {
	name       string
	parameters map[string]string
}

func items(fields []string) []item {
	var out []item
	for _, member := range split(strings.Join(fields, ","), ',') {
		parts := split(member, ';')
		it := item{name: parts[0], parameters: map[string]string{}}
		for _, p := range parts[1:] {
			k, v, _ := strings.Cut(p, "=")
			it.parameters[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
		out = append(out, it)
	}
	return out
}

// split cuts s at each separator that is not quoted, and trims the parts.
func split(s string, sep byte) []string {
	var out []string
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[start:]))
}
