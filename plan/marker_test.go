package plan_test

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/plan"
)

var marker = plan.Marker{Run: planID, Until: time.Date(2026, 11, 23, 6, 20, 0, 0, time.UTC)}

func TestMarker(t *testing.T) {
	const alone = "dnsplan window " + planID + " until 2026-11-23T06:20:00Z restore=proxied"
	for _, tt := range []struct {
		comment string
		limit   int
		want    string // empty where it does not fit
	}{
		{"", 100, alone},
		{"", 83, ""},
		{"web", 100, "web | " + alone},
		{"web", 89, ""},
		{"a | b", 100, "a | b | " + alone},
		{"ööö", 90, "ööö | " + alone},
		{"primary web, rack 7", 100, ""},
		{"primary web, rack 7", 500, "primary web, rack 7 | " + alone},
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
		"", "web", "dnsplan window", "dnsplan window 01X until soon restore=proxied",
		"dnsplan window 01X until 2026-11-23T06:20:00Z",
		"dnsplan window 01X until 2026-11-23T06:20:00Z restore=proxied ",
		"dnsplan window 01X until 2026-11-23T07:20:00+01:00 restore=proxied",
		"dnsplan window  until 2026-11-23T06:20:00Z restore=proxied",
		"dnsplan window 01X/.. until 2026-11-23T06:20:00Z restore=proxied",
		" | dnsplan window 01X until 2026-11-23T06:20:00Z restore=proxied",
		"web dnsplan window 01X until 2026-11-23T06:20:00Z restore=proxied",
	} {
		if m, original, ok := plan.ParseMarker(comment); ok || original != comment {
			t.Errorf("%q is read as %+v behind %q", comment, m, original)
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
		if ok && again != comment {
			t.Fatalf("%q is written again as %q", comment, again)
		}
		if !ok && !fits {
			t.Fatalf("%q takes no marker", comment)
		}
	})
}
