package transport

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestReadBudget(t *testing.T) {
	in := func(d time.Duration) time.Time { return noon.Add(d) }
	for _, c := range []struct {
		name   string
		header [][2]string
		want   providers.Budget // zero: none
	}{
		{"none", nil, providers.Budget{}},
		{
			"X-RateLimit, seconds",
			[][2]string{{"x-ratelimit-limit", "1200"}, {"x-ratelimit-remaining", "17"}, {"x-ratelimit-reset", "42"}},
			providers.Budget{Limit: 1200, Remaining: 17, Reset: in(42 * time.Second)},
		},
		{
			"X-RateLimit, a moment",
			[][2]string{{"X-RateLimit-Limit", "5000"}, {"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1795435260"}},
			providers.Budget{Limit: 5000, Reset: in(time.Minute)},
		},
		{
			"X-RateLimit, a moment in milliseconds",
			[][2]string{{"X-RateLimit-Limit", "5000"}, {"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1795435260000"}},
			providers.Budget{Limit: 5000, Reset: in(time.Minute)},
		},
		{
			"a moment by a clock an hour ahead",
			[][2]string{{"Ratelimit-Limit", "9"}, {"Ratelimit-Remaining", "1"}, {"Ratelimit-Reset", "1795438860"}, {"Date", in(time.Hour).Format(http.TimeFormat)}},
			providers.Budget{Limit: 9, Remaining: 1, Reset: in(time.Minute)},
		},
		{
			"RateLimit of the early drafts",
			[][2]string{{"RateLimit-Limit", "100, 100;w=60"}, {"RateLimit-Remaining", "-3"}, {"RateLimit-Reset", "5"}},
			providers.Budget{Limit: 100, Reset: in(5 * time.Second)},
		},
		{
			"fields",
			[][2]string{{"RateLimit", `"default";r=50;t=30`}, {"RateLimit-Policy", `"default";q=100;w=60`}},
			providers.Budget{Limit: 100, Remaining: 50, Reset: in(30 * time.Second)},
		},
		{
			"fields, several",
			[][2]string{
				{"RateLimit", `"day";r=900;t=30000 , "burst;,\"";r=2; t=1`},
				{"RateLimit", `"hour";r=3;t=9`},
				{"RateLimit-Policy", `"day";q=1000;w=86400,"burst;,\"";q=10;w=1`},
				{"RateLimit-Policy", `"hour";q=20;w=3600`},
			},
			providers.Budget{Limit: 10, Remaining: 2, Reset: in(time.Second)},
		},
		{"fields without a policy", [][2]string{{"RateLimit", `default;r=7;t=1`}}, providers.Budget{Limit: 7, Remaining: 7, Reset: in(time.Second)}},
		{"fields without a reset", [][2]string{{"RateLimit", `"default";r=50`}}, providers.Budget{}},
		{"in three words", [][2]string{{"X-Rate-Limit-Limit", "1000"}, {"X-Rate-Limit-Remaining", "650"}, {"X-Rate-Limit-Reset", "60"}}, providers.Budget{Limit: 1000, Remaining: 650, Reset: in(time.Minute)}},
		{"a word", [][2]string{{"X-RateLimit-Limit", "many"}, {"X-RateLimit-Remaining", "some"}, {"X-RateLimit-Reset", "soon"}}, providers.Budget{}},
		{"half", [][2]string{{"X-RateLimit-Limit", "10"}, {"X-RateLimit-Reset", "10"}}, providers.Budget{}},
	} {
		h := http.Header{}
		for _, f := range c.header {
			h.Add(f[0], f[1])
		}
		got, ok := readBudget(h, noon)
		got.Reset = got.Reset.UTC()
		if got != c.want || ok != (c.want != providers.Budget{}) {
			t.Errorf("%s: %+v, %t, want %+v", c.name, got, ok, c.want)
		}
	}
}

// FuzzHeaders: no header makes a budget below nothing, or a wait of years.
func FuzzHeaders(f *testing.F) {
	f.Add("10", "9", "1795435260", `"a";r=1;t=2`, `"a";q=3`, "120", "Mon, 23 Nov 2026 12:00:00 GMT")
	f.Add("1,2", "-1", "99999999999999", `"a\";r=;;t`, `,;=,"`, "Mon, 23 Nov 9999 12:00:00 GMT", "")
	f.Fuzz(func(t *testing.T, limit, left, reset, state, policy, retry, date string) {
		for _, prefix := range []string{"X-Ratelimit-", "X-Rate-Limit-", "Ratelimit-"} {
			h := http.Header{}
			for k, v := range map[string]string{
				prefix + "Limit": limit, prefix + "Remaining": left, prefix + "Reset": reset,
				"Ratelimit": state, "Ratelimit-Policy": policy, "Retry-After": retry, "Date": date,
			} {
				h.Set(k, v)
			}
			before := maps.Clone(h)
			if b, ok := readBudget(h, noon); ok && (b.Limit < 0 || b.Remaining < 0 || b.Reset.Sub(noon) > most) {
				t.Errorf("%v: %+v", h, b)
			}
			if until, ok := retryAfter(h, noon); ok && until.Sub(noon) > most {
				t.Errorf("%v: until %s", h, until)
			}
			if !maps.EqualFunc(before, h, func(a, b []string) bool { return a[0] == b[0] }) {
				t.Errorf("%v was changed to %v", before, h)
			}
		}
	})
}
