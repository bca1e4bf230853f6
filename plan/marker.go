package plan

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Marker is what the comment of a record says while its proxy is off, so that
// whoever sees the zone alone can turn it on again: another host, or a person.
//
//	primary web | dnsplan-window 01K... 20261123T062000Z
//
// It is short, so that comments of up to 39 characters keep their place beside it
// where a hundred are allowed (DefaultCommentMax).
type Marker struct {
	// Run has opened the window, and Until is when it closes at the latest, in
	// whole seconds of UTC.
	Run   string
	Until time.Time
}

// The parts of a marker.
const (
	markerBetween = " | " // behind a comment that was there
	markerHead    = "dnsplan-window "
	markerTime    = "20060102T150405Z" // ISO 8601, basic format; always UTC
)

// String is the marker alone.
func (m Marker) String() string {
	return markerHead + m.Run + " " + m.Until.UTC().Format(markerTime)
}

// Append returns the comment with the marker behind it. It does not fit where it
// would be longer than limit characters, or could not be read again.
func (m Marker) Append(comment string, limit int) (marked string, fits bool) {
	marked = m.String()
	if comment != "" {
		marked = comment + markerBetween + marked
	}
	read, original, ok := ParseMarker(marked)
	if !ok || original != comment || !read.Until.Equal(m.Until) || read.Run != m.Run || utf8.RuneCountInString(marked) > limit {
		return "", false
	}
	return marked, true
}

// ParseMarker takes a comment apart into the marker at its end and what was there
// before it; a comment without a marker is the original as a whole.
func ParseMarker(comment string) (m Marker, original string, ok bool) {
	at := strings.LastIndex(comment, markerHead)
	if at < 0 {
		return Marker{}, comment, false
	}
	original, between := strings.CutSuffix(comment[:at], markerBetween)
	if !between && original != "" || between && original == "" {
		return Marker{}, comment, false
	}
	run, until, found := strings.Cut(comment[at+len(markerHead):], " ")
	when, err := time.Parse(markerTime, until)
	if !found || run == "" || !reverts(run) || err != nil {
		return Marker{}, comment, false
	}
	m = Marker{Run: run, Until: when.UTC()}
	if m.String() != comment[at:] {
		return Marker{}, comment, false // not as String writes it
	}
	return m, original, true
}

// TakeOut returns the comment without the marker, wherever it stands by now: someone
// may have written before it, or behind it.
func (m Marker) TakeOut(comment string) string {
	before, behind, ok := strings.Cut(comment, m.String())
	switch {
	case !ok:
		return comment
	case before == "":
		return strings.TrimPrefix(behind, markerBetween)
	}
	return strings.TrimSuffix(before, markerBetween) + behind
}
