package cert

import (
	"testing"
	"time"
)

// FuzzHSTS: whatever a server writes, an order has an end.
func FuzzHSTS(f *testing.F) {
	for _, s := range []string{"", "max-age=31536000; includeSubDomains; preload", `max-age="1"`, "max-age=-1", "max-age=9223372036854775807", ";;=;", "MAX-AGE = 5 ; includesubdomains"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, field string) {
		if h := parseHSTS(field); h != nil && (h.MaxAge < time.Second || h.MaxAge > 101*365*24*time.Hour) {
			t.Errorf("%q: %+v", field, h)
		}
	})
}
