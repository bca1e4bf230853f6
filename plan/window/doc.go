// Package window tells when changes are allowed: change windows, and freezes.
// It is pure: the time is an argument.
//
//	set, err := window.New([]window.Window{{
//		Name: "sat-night", Kind: window.Allow, Cron: "0 2 * * sat", Duration: 7200, Timezone: "Europe/Berlin", Zones: []string{"*"},
//	}})
//	if ok, by := set.Allowed("example.org.", now); !ok {
//		next, ok := set.Next([]zone.Name{"example.org."}, now)
//	}
//
// The rules:
//
//	a freeze (deny) is in force              not allowed, whatever else is open
//	the zone has change windows (allow)      allowed while one of them is open
//	the zone has no change window            allowed
//
// A window opens at each time of its schedule, by the clock of its time zone,
// and stays open for its duration, which is time that passes: an hour is 3600
// seconds also where the clock is set. Where the clock is set forward over the
// time of an opening, the window opens at that moment; where it is set back and
// shows that time twice, at the first. Windows may overlap and run over midnight.
package window
