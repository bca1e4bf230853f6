package zonefile

import (
	"fmt"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// ttlUnit returns the seconds of a unit that BIND made common; 0 for others.
func ttlUnit(c byte) uint64 {
	switch c | 0x20 {
	case 's':
		return 1
	case 'm':
		return 60
	case 'h':
		return 3600
	case 'd':
		return 86400
	case 'w':
		return 7 * 86400
	}
	return 0
}

// parseTTL reads whole seconds ("300") or numbers with a unit each ("1h30m"),
// up to the 2147483647 seconds of RFC 2181, section 8.
func parseTTL(s string) (zone.TTL, error) {
	var total, n uint64
	open, units := false, false // a number waits for its unit; there was one
	for i := 0; i < len(s); i++ {
		if isDigit(s[i]) {
			n, open = n*10+uint64(s[i]-'0'), true
		} else {
			unit := ttlUnit(s[i])
			if unit == 0 || !open {
				return 0, fmt.Errorf("%q is not a TTL", s)
			}
			total, n, open, units = total+n*unit, 0, false, true
		}
		if n > uint64(zone.MaxTTL) || total > uint64(zone.MaxTTL) {
			return 0, fmt.Errorf("TTL %q is above 2147483647 seconds", s)
		}
	}
	if open && units || s == "" {
		return 0, fmt.Errorf("%q is not a TTL", s)
	}
	return zone.TTL(total + n), nil
}

// nextSerial returns the serial that follows s in the arithmetic of RFC 1982.
// It is never 0, which some servers take for "no serial".
func nextSerial(s uint32) uint32 {
	if s++; s == 0 {
		s++
	}
	return s
}
