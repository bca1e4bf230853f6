package window

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Kind says what a window does.
type Kind string

// The kinds: a change window, and a freeze.
const (
	Allow Kind = "allow"
	Deny  Kind = "deny"
)

// Window is one window as the plan document holds it.
type Window struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Cron is when it opens, in the five fields of crontab(5), by the clock of
	// Timezone.
	Cron string `json:"cron"`
	// Duration is how many seconds it stays open.
	Duration int64 `json:"duration_seconds"`
	// Timezone is a name of the IANA time zone database.
	Timezone string `json:"timezone"`
	// Zones are the zones that it holds for, in each of their views: names in
	// their one form, "*" for all, or patterns in which "*" stands for one label
	// and "**" for any.
	Zones []string `json:"zones"`
}

// Set is a list of windows, ready to be asked. It is safe for concurrent use; a
// nil Set allows everything.
type Set struct{ windows []compiled }

// compiled is a window with its schedule.
type compiled struct {
	Window
	*schedule
	duration time.Duration
	all      bool
	names    map[zone.Name]bool
	globs    []zone.Glob
}

// maxDuration keeps a window inside a time.Duration, and is that of a TTL.
const maxDuration = int64(zone.MaxTTL)

// New checks windows and makes a Set of them.
func New(windows []Window) (*Set, error) {
	s := &Set{}
	for _, w := range windows {
		c, err := compile(w)
		if err != nil {
			return nil, fmt.Errorf("window %q: %w", w.Name, err)
		}
		s.windows = append(s.windows, c)
	}
	return s, nil
}

func compile(w Window) (c compiled, err error) {
	c = compiled{Window: w, duration: time.Duration(w.Duration) * time.Second, names: map[zone.Name]bool{}}
	switch {
	case w.Kind != Allow && w.Kind != Deny:
		return c, fmt.Errorf("kind %q", w.Kind)
	case w.Duration < 1 || w.Duration > maxDuration:
		return c, fmt.Errorf("duration of %d seconds", w.Duration)
	case len(w.Zones) == 0:
		return c, errors.New("it holds for no zone")
	}
	if c.schedule, err = parse(w.Cron, w.Timezone); err != nil {
		return c, err
	}
	for _, text := range w.Zones {
		if err := c.cover(text); err != nil {
			return c, err
		}
	}
	return c, nil
}

// cover adds a zone, or a pattern of zones.
func (c *compiled) cover(text string) error {
	if text == "*" {
		c.all = true
		return nil
	}
	if strings.Contains(text, "*") {
		g, err := zone.ParseGlob(text)
		c.globs = append(c.globs, g)
		return err
	}
	n, err := zone.ParseName(text)
	c.names[n] = true
	return err
}

// covers tells whether the window holds for a zone.
func (c *compiled) covers(z zone.Name) bool {
	const above = "zones." // patterns are relative to something, without a final dot
	return c.all || c.names[z] || zone.MatchAny(c.globs, z+above, above)
}

// end returns when the window, open at a time, closes; false where it is closed.
// Where openings overlap it is the end of the last one that has begun.
func (c *compiled) end(at time.Time) (time.Time, bool) {
	start, ok := c.before(at, at.Add(-c.duration))
	return start.Add(c.duration), ok
}

// Covers tells whether a window of the set holds for the zone.
func (s *Set) Covers(z zone.Name) bool {
	for i := range s.list() {
		if s.windows[i].covers(z) {
			return true
		}
	}
	return false
}

// For returns those of the set's windows that hold for one of zones.
func (s *Set) For(zones []zone.Name) (out []Window) {
	for i := range s.list() {
		if slices.ContainsFunc(zones, s.windows[i].covers) {
			out = append(out, s.windows[i].Window)
		}
	}
	return out
}

func (s *Set) list() []compiled {
	if s == nil {
		return nil
	}
	return s.windows
}

// Allowed tells whether the zone may be switched at a time, and because of which
// window: the freeze that is in force, or the change window that is open. Without
// one of them it is nil.
func (s *Set) Allowed(z zone.Name, at time.Time) (ok bool, by *Window) {
	limited := false
	var open *Window
	for i := range s.list() {
		w := &s.windows[i]
		if !w.covers(z) {
			continue
		}
		_, inside := w.end(at)
		switch {
		case w.Kind == Deny && inside:
			return false, &w.Window
		case w.Kind == Allow:
			limited = true
			if inside && open == nil {
				open = &w.Window
			}
		}
	}
	return open != nil || !limited, open
}

// AllAllowed tells whether each of zones may be switched at a time; else it
// returns the first that may not, and the freeze in force, if it is that.
func (s *Set) AllAllowed(zones []zone.Name, at time.Time) (ok bool, z zone.Name, by *Window) {
	for _, z := range zones {
		if ok, by := s.Allowed(z, at); !ok {
			return false, z, by
		}
	}
	return true, "", nil
}
