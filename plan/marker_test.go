package plan_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/plan"
)

var marker = plan.Marker{Run: planID, Until: time.Date(2026, 11, 23, 6, 20, 0, 0, time.UTC)}

func TestMarker(t *testing.T) {
	const alone = "dnsplan-window " + planID + " 20261123T062000Z"
	for _, tt := range []struct {
		comment string
		limit   int
		want    string // empty where it does not fit
	}{
		{"", 100, alone},
		{"", 57, ""},
		{"web", 100, "web | " + alone},
		{"web", 63, ""},
		{"a | b", 100, "a | b | " + alone},
		{"ööö", 64, "ööö | " + alone},
		{strings.Repeat("x", 39), plan.DefaultCommentMax, strings.Repeat("x", 39) + " | " + alone},
		{strings.Repeat("x", 40), plan.DefaultCommentMax, ""},
		{strings.Repeat("x", 40), 500, strings.Repeat("x", 40) + " | " + alone},
	} {
		got, fits := marker.Append(tt.comment, tt.limit)
		if got != tt.want || fits != (tt.want != "") {
			t.Errorf("%q within %d: %q, %t", tt.comment, tt.limit, got, fits)
		}
		if !fits {
			continue
		}
		if m, original, ok := plan.ParseMarker(got); !ok || m != marker || original != tt.comment {
			t.Errorf("%q is read as %+v behind %q, %t", got, m, original, ok)
		}
	}
}

func TestParseMarkerRefuses(t *testing.T) {
	for _, comment := range []string{
		"", "web", "dnsplan-window", "dnsplan-window 01X", "dnsplan-window 01X soon",
		"dnsplan-window 01X 20261123T0620Z",
		"dnsplan-window 01X 20261123T062000Z ",
		"dnsplan-window 01X 20261123T062000.5Z",
		"dnsplan-window 01X 2026-11-23T06:20:00Z",
		"dnsplan-window 01X 20261123T072000+0100",
		"dnsplan-window  20261123T062000Z",
		"dnsplan-window 01X  20261123T062000Z",
		"dnsplan-window 01X/.. 20261123T062000Z",
		"dnsplan-window 01X 20261323T062000Z",
		" | dnsplan-window 01X 20261123T062000Z",
		"web dnsplan-window 01X 20261123T062000Z",
	} {
		if m, original, ok := plan.ParseMarker(comment); ok || original != comment {
			t.Errorf("%q is read as %+v behind %q", comment, m, original)
		}
	}
}

// A marker is taken out of a comment that someone has edited since.
func TestMarkerTakeOut(t *testing.T) {
	for comment, want := range map[string]string{
		"":                         "",
		"web":                      "web",
		marker.String():            "",
		"web | " + marker.String(): "web",
		"rack 8 | " + marker.String() + " | noted":      "rack 8 | noted",
		marker.String() + " | noted":                    "noted",
		marker.String() + " noted":                      " noted",
		"web | dnsplan-window 01OTHER 20261123T062000Z": "web | dnsplan-window 01OTHER 20261123T062000Z",
	} {
		if got := marker.TakeOut(comment); got != want {
			t.Errorf("%q becomes %q, want %q", comment, got, want)
		}
	}
}

func FuzzParseMarker(f *testing.F) {
	f.Add("web | " + marker.String())
	f.Add(marker.String() + " | " + marker.String())
	f.Fuzz(func(t *testing.T, comment string) {
		m, original, ok := plan.ParseMarker(comment)
		if !ok && original != comment {
			t.Fatalf("%q became %q", comment, original)
		}
		if !ok {
			m, original = marker, comment
		}
		again, fits := m.Append(original, utf8.RuneCountInString(comment)+200)
		if fits && m.TakeOut(again) != original && !strings.Contains(original, m.String()) {
			t.Fatalf("%q is left of %q", m.TakeOut(again), again)
		}
		if ok && again != comment {
			t.Fatalf("%q is written again as %q", comment, again)
		}
		if !ok && !fits {
			t.Fatalf("%q takes no marker", comment)
		}
	})
}
