package plan

import (
	"crypto/sha256"
	"encoding/base32"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Marker is what the comment of a record says while its proxy is off, so that
// whoever sees the zone alone can turn it on again: another host, or a person.
//
//	primary web | dnsplan-window 01K... 20261123T062000Z#k3xqma
//
// It is short, so that comments of up to 32 characters keep their place beside it
// where a hundred are allowed (CommentMax), and of up to 39 without what tells
// of values.
type Marker struct {
	// Run has opened the window, and Until is when it closes at the latest, in
	// whole seconds of UTC.
	Run   string
	Until time.Time
	// Values tells which addresses the RRset had as the window was opened; empty
	// where nothing tells. See Fits.
	Values string
}

// The parts of a marker.
const (
	markerBetween = " | " // behind a comment that was there
	markerHead    = "dnsplan-window "
	markerTime    = "20060102T150405Z" // ISO 8601, basic format; always UTC
	markerValues  = "#"
	// markerDigest is how many characters tell of values: of a thousand million
	// changes one would not be noticed.
	markerDigest = 6
)

// markerText finds a marker, wherever it stands in a comment.
var markerText = regexp.MustCompile(markerHead + `([0-9A-Za-z]{1,64}) ([0-9]{8}T[0-9]{6}Z)(?:` + markerValues + `([a-z2-7]{6}))?`)

// String is the marker alone.
func (m Marker) String() string {
	text := markerHead + m.Run + " " + m.Until.UTC().Format(markerTime)
	if m.Values != "" {
		text += markerValues + m.Values
	}
	return text
}

// of is the marker of a window over these addresses, which are in order.
func (m Marker) of(addrs []netip.Addr) Marker {
	sum := sha256.New()
	for _, a := range addrs {
		sum.Write([]byte(a.String() + "\n"))
	}
	m.Values = strings.ToLower(base32.StdEncoding.EncodeToString(sum.Sum(nil)))[:markerDigest]
	return m
}

// Fits tells whether the RRset has the addresses that it had as the window was
// opened, as far as the marker tells.
func (m Marker) Fits(r zone.RRset) bool { return m.Values == "" || m.Values == m.of(r.Addrs).Values }

// Append returns the comment with the marker behind it, where there is no room for
// all of it without Values. It does not fit where it would be longer than limit
// characters still, or could not be read again.
func (m Marker) Append(comment string, limit int) (marked string, fits bool) {
	marked = m.String()
	if comment != "" {
		marked = comment + markerBetween + marked
	}
	if utf8.RuneCountInString(marked) > limit {
		if m.Values == "" {
			return "", false
		}
		m.Values = ""
		return m.Append(comment, limit)
	}
	if read, original, ok := ParseMarker(marked); !ok || original != comment || read.String() != m.String() {
		return "", false
	}
	return marked, true
}

// mark returns the comment with the marker in place of any other, or without those
// where it does not fit: nobody is to go by one of a window that is over. A comment
// that bears it already stays, whatever stands around it.
func (m Marker) mark(comment string, limit int) (marked string, fits bool) {
	there := func(o Marker) bool { return o.Run == m.Run && o.Until.Equal(m.Until) }
	if _, _, ok := lastMarker(comment, there); ok {
		return comment, true
	}
	comment = unmarked(comment)
	if marked, fits = m.Append(comment, limit); fits {
		return marked, true
	}
	return comment, false
}

// ParseMarker finds the last marker in a comment, wherever it stands: someone may
// have written before it, or behind it. The original is the comment without it; a
// comment without a marker is the original as a whole.
func ParseMarker(comment string) (m Marker, original string, ok bool) {
	return lastMarker(comment, func(Marker) bool { return true })
}

// lastMarker finds the last marker that is meant.
func lastMarker(comment string, meant func(Marker) bool) (m Marker, original string, ok bool) {
	for _, at := range slices.Backward(markerText.FindAllStringSubmatchIndex(comment, -1)) {
		until, err := time.Parse(markerTime, comment[at[4]:at[5]])
		if err != nil {
			continue
		}
		m = Marker{Run: comment[at[2]:at[3]], Until: until.UTC()}
		if at[6] >= 0 {
			m.Values = comment[at[6]:at[7]]
		}
		if meant(m) {
			return m, joinAround(comment[:at[0]], comment[at[1]:]), true
		}
	}
	return Marker{}, comment, false
}

// joinAround is a comment without the marker between these two parts of it.
func joinAround(before, behind string) string {
	if before == "" {
		return strings.TrimPrefix(behind, markerBetween)
	}
	return strings.TrimSuffix(before, markerBetween) + behind
}

// TakeOut returns the comment without the markers of a run; those of others, and what
// people have written, stay.
func TakeOut(comment, run string) string {
	for ok := true; ok; {
		_, comment, ok = lastMarker(comment, func(m Marker) bool { return m.Run == run })
	}
	return comment
}

// unmarked is the comment without any marker.
func unmarked(comment string) string {
	for ok := true; ok; {
		_, comment, ok = ParseMarker(comment)
	}
	return comment
}
