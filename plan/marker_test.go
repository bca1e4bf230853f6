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
	const alone, values = "dnsplan-window " + planID + " 20261123T062000Z", "#k3xqma"
	for _, tt := range []struct {
		comment string
		limit   int
		want    string // empty where it does not fit
	}{
		{"", 100, alone + values},
		{"", 64, alone}, // older ones are all so
		{"", 57, ""},
		{"web", 100, "web | " + alone + values},
		{"web", 70, "web | " + alone},
		{"web", 63, ""},
		{"a | b", 100, "a | b | " + alone + values},
		{"ööö", 71, "ööö | " + alone + values},
		{strings.Repeat("x", 32), plan.CommentMax, strings.Repeat("x", 32) + " | " + alone + values},
		{strings.Repeat("x", 39), plan.CommentMax, strings.Repeat("x", 39) + " | " + alone},
		{strings.Repeat("x", 40), plan.CommentMax, ""},
		{"dnsplan-window 01X 20261123T062000Z", 500, "dnsplan-window 01X 20261123T062000Z | " + alone + values},
	} {
		m := marker
		m.Values = "k3xqma"
		got, fits := m.Append(tt.comment, tt.limit)
		if got != tt.want || fits != (tt.want != "") {
			t.Errorf("%q within %d: %q, %t", tt.comment, tt.limit, got, fits)
		}
		if !fits {
			continue
		}
		if !strings.HasSuffix(got, values) {
			m.Values = ""
		}
		if read, original, ok := plan.ParseMarker(got); !ok || read != m || original != tt.comment {
			t.Errorf("%q is read as %+v behind %q, %t", got, read, original, ok)
		}
	}
}

func TestParseMarkerRefuses(t *testing.T) {
	for _, comment := range []string{
		"", "web", "dnsplan-window", "dnsplan-window 01X", "dnsplan-window 01X soon",
		"dnsplan-window 01X 20261123T0620Z",
		"dnsplan-window 01X 20261123T062000.5Z",
		"dnsplan-window 01X 2026-11-23T06:20:00Z",
		"dnsplan-window 01X 20261123T072000+0100",
		"dnsplan-window  20261123T062000Z",
		"dnsplan-window 01X  20261123T062000Z",
		"dnsplan-window 01X/.. 20261123T062000Z",
		"dnsplan-window 01X 20261323T062000Z",
	} {
		if m, original, ok := plan.ParseMarker(comment); ok || original != comment {
			t.Errorf("%q is read as %+v behind %q", comment, m, original)
		}
	}
}

// A marker is found wherever it stands, and the last one where there are several.
func TestParseMarkerWithin(t *testing.T) {
	const mark = "dnsplan-window 01X 20261123T062000Z"
	for comment, want := range map[string]string{
		"web " + mark:                    "web ",
		mark + " ":                       " ",
		" | " + mark:                     "",
		"web | " + mark + "#k3xqma, new": "web, new",
		mark + "#k3":                     "#k3", // cut: what it told of values is nothing any more
		"dnsplan-window 01A 20261123T060000Z | " + mark: "dnsplan-window 01A 20261123T060000Z",
		mark + " | dnsplan-window 01A 20261323T060000Z": "dnsplan-window 01A 20261323T060000Z", // in no month
	} {
		if m, rest, ok := plan.ParseMarker(comment); !ok || m.Run != "01X" || rest != want {
			t.Errorf("%q is read as %+v beside %q, want %q", comment, m, rest, want)
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
		"rack 8 | " + marker.String() + " | noted":                     "rack 8 | noted",
		marker.String() + " | noted":                                   "noted",
		marker.String() + " noted":                                     " noted",
		marker.String() + "#k3xqma noted":                              " noted",
		marker.String() + " | " + marker.String():                      "",
		marker.String() + " | dnsplan-window 01OTHER 20261123T062000Z": "dnsplan-window 01OTHER 20261123T062000Z",
		"web | dnsplan-window 01OTHER 20261123T062000Z":                "web | dnsplan-window 01OTHER 20261123T062000Z",
	} {
		if got := plan.TakeOut(comment, planID); got != want {
			t.Errorf("%q becomes %q, want %q", comment, got, want)
		}
	}
}

func FuzzParseMarker(f *testing.F) {
	f.Add("web | " + marker.String())
	f.Add(marker.String() + "#k3xqma | " + marker.String())
	f.Fuzz(func(t *testing.T, comment string) {
		m, rest, ok := plan.ParseMarker(comment)
		if ok != (rest != comment) || ok && !strings.Contains(comment, m.String()) {
			t.Fatalf("%q is read as %q beside %q, %t", comment, m, rest, ok)
		}
		left := plan.TakeOut(comment, planID)
		if last, _, more := plan.ParseMarker(left); more && last.Run == planID {
			t.Fatalf("%q is left of %q", left, comment)
		}
		again, fits := marker.Append(left, utf8.RuneCountInString(left)+200)
		if !fits || plan.TakeOut(again, planID) != left {
			t.Fatalf("%q is left of %q, %t", plan.TakeOut(again, planID), again, fits)
		}
	})
}
