package window

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// schedule is what the five fields of crontab(5) say: sets of minutes, hours and
// days, one bit each. The library reads them; when they come is found here, since
// the library skips or repeats times on the nights in which the clock is set.
type schedule struct {
	minutes, hours  []int
	dom, month, dow uint64
	anyDom, anyDow  bool
	location        *time.Location
}

// star is the bit that the library adds to a field that is "*".
const star = 1 << 63

// parse reads a schedule of five fields: minute, hour, day of month, month and
// weekday. As crontab(5) has it, a day of either kind counts where neither of their
// fields starts with an asterisk; else it must fit both.
func parse(spec, timezone string) (*schedule, error) {
	loc, err := location(timezone)
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(spec)
	if len(fields) != 5 || strings.ContainsAny(spec, "=@") {
		return nil, fmt.Errorf("cron %q: not five fields", spec)
	}
	parser, err := cron.TryNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(strings.ToLower(spec)) // an H, as in THU, would be a hash to it
	if err != nil {
		return nil, fmt.Errorf("cron %q: %w", spec, err)
	}
	s, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("cron %q: not five fields", spec)
	}
	out := &schedule{
		minutes: ones(s.Minute), hours: ones(s.Hour), dom: s.Dom, month: s.Month, dow: cron.NormalizeDOW(s.Dow),
		anyDom: anyDay(fields[2]), anyDow: anyDay(fields[4]), location: loc,
	}
	if !out.ever() {
		return nil, fmt.Errorf("cron %q: %w", spec, errNever)
	}
	return out, nil
}

var errNever = errors.New("there is no such time")

// location is a time zone of the IANA database. Local is none: a plan means the
// same on each machine.
func location(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("time zone %q: not a name of the time zone database", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w", name, err)
	}
	return loc, nil
}

// anyDay tells whether a field of days does not limit the other one.
func anyDay(field string) bool { return field[0] == '*' || field[0] == '?' }

// ones are the numbers of a set, but for its star.
func ones(set uint64) (out []int) {
	for rest := set &^ star; rest != 0; rest &= rest - 1 {
		out = append(out, bits.TrailingZeros64(rest))
	}
	return out
}

// ever tells whether the schedule names a time at all: not the 30th of February,
// and no empty list. Leap years come at least once in any 9 years.
func (s *schedule) ever() bool {
	if len(s.minutes) == 0 || len(s.hours) == 0 {
		return false
	}
	day := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	for range 28 * 366 { // until weekdays and dates have met in all ways
		if s.onDay(day) {
			return true
		}
		day = day.AddDate(0, 0, 1)
	}
	return false
}

// onDay tells whether the schedule names times on the date of day.
func (s *schedule) onDay(day time.Time) bool {
	if s.month&(1<<uint(day.Month())) == 0 { //nolint:gosec // 1 to 12
		return false
	}
	dom := s.dom&(1<<uint(day.Day())) != 0     //nolint:gosec // 1 to 31
	dow := s.dow&(1<<uint(day.Weekday())) != 0 //nolint:gosec // 0 to 6
	if s.anyDom || s.anyDow {
		return dom && dow
	}
	return dom || dow
}

// date is noon, in UTC, of the date that t has in the schedule's time zone, moved
// by days. It stands for the date and not for a moment.
func (s *schedule) date(t time.Time, days int) time.Time {
	y, m, d := t.In(s.location).Date()
	return time.Date(y, m, d+days, 12, 0, 0, 0, time.UTC)
}

// after returns the first time of the schedule behind t, if it is not behind
// limit. A day is begun early, since a time that does not exist comes later.
func (s *schedule) after(t, limit time.Time) (time.Time, bool) {
	last := s.date(limit, 0)
	for day := s.date(t, -1); !day.After(last); day = day.AddDate(0, 0, 1) {
		for at := range s.times(day, false) {
			if at.After(t) {
				return at, !at.After(limit)
			}
		}
	}
	return time.Time{}, false
}

// before returns the last time of the schedule that is not behind t, if it is
// behind limit.
func (s *schedule) before(t, limit time.Time) (time.Time, bool) {
	first := s.date(limit, -1)
	for day := s.date(t, 0); !day.Before(first); day = day.AddDate(0, 0, -1) {
		for at := range s.times(day, true) {
			if !at.After(t) {
				return at, at.After(limit)
			}
		}
	}
	return time.Time{}, false
}

// times yields the times of the schedule on a date, in order or backwards.
func (s *schedule) times(day time.Time, backwards bool) func(yield func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		if !s.onDay(day) {
			return
		}
		n := len(s.hours) * len(s.minutes)
		for i := range n {
			if backwards {
				i = n - 1 - i
			}
			if !yield(s.moment(day, s.hours[i/len(s.minutes)], s.minutes[i%len(s.minutes)])) {
				return
			}
		}
	}
}

// moment is when the clock shows a time on a date: the first time where it does so
// twice, and where it never does, the moment at which it is set forward.
func (s *schedule) moment(day time.Time, hour, minute int) time.Time {
	y, m, d := day.Date()
	t := time.Date(y, m, d, hour, minute, 0, 0, s.location)
	start, end := t.ZoneBounds()
	wanted := time.Date(y, m, d, hour, minute, 0, 0, time.UTC)
	switch shown := shows(t); {
	case shown.After(wanted): // time.Date went on over the gap
		return start.In(s.location)
	case shown.Before(wanted):
		return end.In(s.location)
	case start.IsZero():
		return t
	}
	_, now := t.Zone()
	_, earlier := start.Add(-time.Nanosecond).In(s.location).Zone()
	if first := t.Add(-time.Duration(earlier-now) * time.Second); earlier > now && first.Before(start) {
		return first.In(s.location)
	}
	return t
}

// shows is what the clock shows at t, as if it were UTC.
func shows(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, time.UTC)
}
