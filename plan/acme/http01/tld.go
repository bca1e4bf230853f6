package http01

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// PublicName tells whether host, in lower case and without the final dot, ends
// in a top-level domain of the public DNS: one that the ICANN part of the
// public suffix list has.
func PublicName(host string) bool {
	tld := host[strings.LastIndexByte(host, '.')+1:]
	if tld == "" {
		return false
	}
	// Some are listed only by what is below them, and private suffixes would
	// hide the TLD; names that nobody lists show the TLD's own rule.
	_, icann := publicsuffix.PublicSuffix("x--x.x--x." + tld)
	return icann
}
