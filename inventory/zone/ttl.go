package zone

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// TTL is a time to live in whole seconds (RFC 2181, section 8).
type TTL uint32

// MaxTTL is the highest TTL that RFC 2181, section 8 allows.
const MaxTTL TTL = math.MaxInt32

// AutoTTL is what an automatic TTL lasts, as Cloudflare documents it
// (https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/).
const AutoTTL TTL = 300

var errTTLRange = errors.New("a TTL is from 1 second to 2147483647 seconds (RFC 2181, section 8)")

// ParseTTL reads a TTL as people write it: whole seconds ("300") or a duration
// ("90s", "1h30m", "2d"). Zero, a fraction of a second and more than MaxTTL are
// refused.
func ParseTTL(s string) (TTL, error) {
	d, err := ParseDuration(s)
	if err != nil {
		return 0, err
	}
	if d%time.Second != 0 {
		return 0, fmt.Errorf("%q: %w", s, errTTLRange)
	}
	secs := d / time.Second
	if secs < 1 || secs > time.Duration(MaxTTL) {
		return 0, fmt.Errorf("%q: %w", s, errTTLRange)
	}
	return TTL(secs), nil
}

// Duration returns t as a span of time.
func (t TTL) Duration() time.Duration { return time.Duration(t) * time.Second }

// String returns the seconds as decimal digits, as a zone file holds them.
func (t TTL) String() string { return strconv.FormatUint(uint64(t), 10) }

var units = map[byte]time.Duration{
	's': time.Second,
	'm': time.Minute,
	'h': time.Hour,
	'd': 24 * time.Hour,
	'w': 7 * 24 * time.Hour,
}

// ParseDuration reads whole seconds ("300") or a sequence of whole numbers with
// a unit each: w, d, h, m, s ("1h30m", "2d"). Days are 24 hours. A sign, a
// fraction and a repeated or rising unit are refused.
func ParseDuration(s string) (time.Duration, error) {
	var total time.Duration
	last := time.Duration(math.MaxInt64)
	for rest := s; rest != ""; {
		i := 0
		for i < len(rest) && isDigit(rest[i]) {
			i++
		}
		n, err := strconv.ParseInt(rest[:i], 10, 64)
		if err != nil {
			return 0, badDuration(s)
		}
		unit := time.Second
		if i < len(rest) {
			unit = units[rest[i]|0x20]
			i++
		} else if rest != s { // a bare number only stands alone
			return 0, badDuration(s)
		}
		if unit == 0 || unit >= last || n > int64((math.MaxInt64-total)/unit) {
			return 0, badDuration(s)
		}
		total += time.Duration(n) * unit
		last = unit
		rest = rest[i:]
	}
	if s == "" {
		return 0, badDuration(s)
	}
	return total, nil
}

func badDuration(s string) error {
	return fmt.Errorf("%q is not a duration: write seconds (300) or units from w, d, h, m, s (1h30m, 2d)", s)
}

// FormatDuration writes d as ParseDuration reads it, in as few units as it
// takes: "1h30m", "2d". Fractions of a second are dropped.
func FormatDuration(d time.Duration) string {
	if d < time.Second {
		return "0s"
	}
	var out []byte
	for _, u := range []struct {
		unit time.Duration
		sign byte
	}{{24 * time.Hour, 'd'}, {time.Hour, 'h'}, {time.Minute, 'm'}, {time.Second, 's'}} {
		if n := d / u.unit; n > 0 {
			out = strconv.AppendInt(out, int64(n), 10)
			out = append(out, u.sign)
			d -= n * u.unit
		}
	}
	return string(out)
}
