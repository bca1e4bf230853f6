package acme

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// listed reads "a", "a and b", "a, b and c".
func listed[T fmt.Stringer](list []T) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = x.String()
	}
	return joinedWords(words)
}

// joinedWords reads "a", "a and b", "a, b and c".
func joinedWords(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

// counted reads "1 name server", "2 name servers".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// displayed are names as people read them.
func displayed(names []zone.Name, between string) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = n.Display()
	}
	return strings.Join(words, between)
}

// moment is a time as people read it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// span is a duration as people read it, to the second and in the two biggest units.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 24*time.Hour:
		d = d.Truncate(time.Hour)
	case d >= time.Hour:
		d = d.Truncate(time.Minute)
	}
	return cmp.Or(zone.FormatDuration(d), "0s")
}

// seconds says a TTL: "86400 s (1d)".
func seconds(t zone.TTL) string {
	if t < 120 {
		return t.String() + " s"
	}
	return fmt.Sprintf("%s s (%s)", t, zone.FormatDuration(t.Duration()))
}

// keyed reads "www.example.org A".
func keyed(k zone.Key) string { return k.Name.Display() + " " + k.Type.String() }

// addressWords reads "192.0.2.1 and 192.0.2.2" or "without an address".
func addressWords(a []netip.Addr) string {
	if len(a) == 0 {
		return "without an address"
	}
	return listed(a)
}

// longest is how much of what servers write is shown.
const longest = 120

// clipped is a server's text, made fit to be printed and not too long.
func clipped(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	if len(s) > longest {
		s = s[:longest] + "..."
	}
	return s
}
