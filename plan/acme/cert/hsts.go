package cert

import (
	"strconv"
	"strings"
	"time"
)

// HSTS is an order to clients to insist on TLS with a good certificate, without
// a way around it for their users (RFC 6797).
type HSTS struct {
	// MaxAge is how long clients obey.
	MaxAge time.Duration
	// Subdomains says that it holds for all names below, too.
	Subdomains bool
}

// parseHSTS reads the header field (RFC 6797, section 6.1). One without a
// max-age, or with one of 0, orders nothing.
func parseHSTS(field string) *HSTS {
	h := &HSTS{}
	for directive := range strings.SplitSeq(field, ";") {
		key, value, _ := strings.Cut(directive, "=")
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "max-age":
			seconds, err := strconv.ParseInt(strings.Trim(strings.TrimSpace(value), `"`), 10, 64)
			if err != nil || seconds < 0 {
				return nil
			}
			const most = 100 * 365 * 24 * time.Hour
			h.MaxAge = time.Duration(min(seconds, int64(most/time.Second))) * time.Second
		case "includesubdomains":
			h.Subdomains = true
		}
	}
	if h.MaxAge == 0 {
		return nil
	}
	return h
}
