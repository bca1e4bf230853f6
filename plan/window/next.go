package window

import (
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The search for an opening ends after so many years, and so many windows that
// were looked at in vain.
const (
	horizon  = 5
	maxSteps = 4000
)

// Opening is a time from which on switching is allowed.
type Opening struct {
	// At is in the time zone of the window that opens or, where a freeze ends,
	// of the freeze.
	At time.Time
	// Window is its name, Timezone that of its time zone.
	Window, Timezone string
}

// String returns "Sat 2026-03-28 02:00 Europe/Berlin".
func (o Opening) String() string { return o.At.Format("Mon 2006-01-02 15:04") + " " + o.Timezone }

// Next returns the first time, at or behind the given one, at which each of zones
// may be switched. It is false where there is none within five years, as when one
// window opens only while a freeze is in force.
func (s *Set) Next(zones []zone.Name, at time.Time) (Opening, bool) {
	limit := at.AddDate(horizon, 0, 0)
	next := Opening{At: at, Timezone: at.Location().String()}
	for range maxSteps {
		blocked, later, ok := s.step(zones, next.At, limit)
		switch {
		case !blocked:
			return next, true
		case !ok:
			return Opening{}, false
		}
		next = later
	}
	return Opening{}, false
}

// step tells whether one of zones may not be switched at a time, and the earliest
// time behind it at which that may have changed; false where there is none.
func (s *Set) step(zones []zone.Name, at, limit time.Time) (blocked bool, later Opening, ok bool) {
	for _, z := range zones {
		allowed, by := s.Allowed(z, at)
		switch {
		case allowed:
			continue
		case by != nil:
			later, ok = s.freezeEnds(z, at)
		default:
			later, ok = s.opens(z, at, limit)
		}
		return true, later, ok && !later.At.After(limit)
	}
	return false, later, true
}

// freezeEnds returns when the last of the freezes that are in force ends.
func (s *Set) freezeEnds(z zone.Name, at time.Time) (last Opening, ok bool) {
	for i := range s.windows {
		w := &s.windows[i]
		if w.Kind != Deny || !w.covers(z) {
			continue
		}
		if end, inside := w.end(at); inside && end.After(last.At) {
			last, ok = w.opening(end), true
		}
	}
	return last, ok
}

// opens returns when the first of the zone's change windows opens behind at.
func (s *Set) opens(z zone.Name, at, limit time.Time) (first Opening, ok bool) {
	for i := range s.windows {
		w := &s.windows[i]
		if w.Kind != Allow || !w.covers(z) {
			continue
		}
		if start, found := w.after(at, limit); found && (!ok || start.Before(first.At)) {
			first, ok = w.opening(start), true
		}
	}
	return first, ok
}

// opening says that the window is why switching is allowed from t on.
func (c *compiled) opening(t time.Time) Opening {
	return Opening{At: t.In(c.location), Window: c.Name, Timezone: c.Timezone}
}
