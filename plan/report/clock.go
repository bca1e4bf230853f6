package report

import (
	"strconv"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// duration writes d for people, in its two largest units: "5s", "2m 5s",
// "1h 3m", "3d 4h", to the nearest second. Up to two days it counts in hours.
func duration(d time.Duration) string {
	s := int64(max(d, 0).Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return strconv.FormatInt(s, 10) + "s"
	case s < 3600:
		return pair(s, 60, "m", "s")
	case s < 48*3600:
		return pair(s/60, 60, "h", "m")
	}
	return pair(s/3600, 24, "d", "h")
}

func pair(n, per int64, high, low string) string {
	out := strconv.FormatInt(n/per, 10) + high
	if rest := n % per; rest > 0 {
		out += " " + strconv.FormatInt(rest, 10) + low
	}
	return out
}

// ttlText writes a TTL for people: "1h30m". An automatic one is "auto".
func ttlText(t zone.TTL, auto bool) string {
	if auto {
		return "auto"
	}
	return zone.FormatDuration(t.Duration())
}

// ttlLong adds the seconds, as a zone file has them: "1h (3600 s)".
func ttlLong(t zone.TTL, auto bool) string {
	short := ttlText(t, auto)
	if auto || t < 60 {
		return short
	}
	return short + " (" + t.String() + " s)"
}

// clock writes a time of day, with seconds, and the date when it is not today.
func (o Options) clock(t time.Time) string { return o.when(t, "15:04:05 MST") }

// minute is clock without seconds.
func (o Options) minute(t time.Time) string { return o.when(t, "15:04 MST") }

func (o Options) when(t time.Time, layout string) string {
	t, now := t.In(o.Location), o.Now.In(o.Location)
	switch {
	case sameDay(t, now):
		return t.Format(layout)
	case t.Year() == now.Year() || near(t, now):
		return t.Format("Mon 2 Jan " + layout)
	}
	return t.Format("Mon 2 Jan 2006 " + layout)
}

// soon is minute, with the weekday alone where that is clear: within six days.
func (o Options) soon(t time.Time, layout string) string {
	here, now := t.In(o.Location), o.Now.In(o.Location)
	if !sameDay(here, now) && here.After(now) && here.Sub(now) < 6*24*time.Hour {
		return here.Format("Mon " + layout)
	}
	return o.when(t, layout)
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

// near tells whether two times are so close that the year need not be said.
func near(a, b time.Time) bool {
	const halfYear = 180 * 24 * time.Hour
	return a.Sub(b).Abs() < halfYear
}
