package plan

import (
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The thresholds of a plan that looks like a mistake: how many per cent of a
// zone's RRsets one plan may update or delete, in zones of at least
// thresholdFrom.
const (
	threshold     = 30
	thresholdFrom = 10
)

// The codes of refusals; ReservedAddress is one more.
const (
	TooManyUpdates  = "too-many-updates"
	TooManyDeletes  = "too-many-deletes"
	EmptiesZone     = "empties-zone"
	ApexLastAddress = "apex-last-address"
	ProtectedName   = "protected-name"
	NameStillUsed   = "name-still-used"
	OutsideWindow   = "outside-window"
	PlanTooOld      = "plan-too-old"
)

// Severe tells whether whoever lifts the guard has to name the zone once more.
func Severe(code string) bool {
	return code == EmptiesZone || code == ApexLastAddress || code == OutsideWindow
}

// Allowances lift guards.
type Allowances struct {
	// Thresholds lifts TooManyUpdates and TooManyDeletes (--force).
	Thresholds bool
	// Protected lifts ProtectedName (--allow-protected).
	Protected bool
	// Empty are the zones that may be emptied, or lose their apex's last
	// address, and the names that may lose theirs (--allow-empty NAME).
	Empty []zone.Name
}

// lifts tells whether the allowances lift a guard that is about name: a zone, or
// an owner name in it.
func (a Allowances) lifts(code string, z, name zone.Name) bool {
	switch code {
	case TooManyUpdates, TooManyDeletes:
		return a.Thresholds
	case ProtectedName:
		return a.Protected
	case EmptiesZone, ApexLastAddress, NameStillUsed:
		return slices.Contains(a.Empty, z) || slices.Contains(a.Empty, name)
	}
	return false
}

// Check returns the guards that forbid to apply the changes of diffs, in the
// diffs' order. It judges what will be, whoever made the plan.
func Check(diffs []ZoneDiff, allow Allowances) []Refusal {
	refused, _ := judge(diffs, allow)
	return refused
}

// Lifted returns the guards that would forbid it without allow.
func Lifted(diffs []ZoneDiff, allow Allowances) []Refusal {
	_, lifted := judge(diffs, allow)
	return lifted
}

func judge(diffs []ZoneDiff, allow Allowances) (refused, lifted []Refusal) {
	refused = []Refusal{}
	pointed := pointers(diffs)
	for i := range diffs {
		d := &diffs[i]
		tell := func(code, flag string, about zone.Name, message string) {
			r := Refusal{Code: code, Zone: d.Desired.Zone, View: d.Desired.View, Message: message, Allow: flag}
			if allow.lifts(code, d.Desired.Zone, about) {
				lifted = append(lifted, r)
			} else {
				refused = append(refused, r)
			}
		}
		checkZone(d, tell)
		for _, u := range danglers(d, pointed) {
			tell(NameStillUsed, "--allow-empty "+u.name.Display(), u.name, u.message())
		}
	}
	return refused, lifted
}

// checkZone tells which guards the changes of a zone run into.
func checkZone(d *ZoneDiff, tell func(code, flag string, about zone.Name, message string)) {
	refuse := func(code, flag, message string) { tell(code, flag, d.Desired.Zone, message) }
	updates, deletes := tally(d.Changes)
	if d.Counted >= thresholdFrom {
		if exceeds(updates, d.Counted) {
			refuse(TooManyUpdates, "--force", share(updates, d.Counted))
		}
		if exceeds(deletes, d.Counted) {
			refuse(TooManyDeletes, "--force", share(deletes, d.Counted))
		}
	}
	flag := "--allow-empty " + d.Desired.Zone.Display()
	if own, empties := d.empties(); empties {
		refuse(EmptiesZone, flag, d.emptied(own))
	} else if d.emptiesApex() {
		refuse(ApexLastAddress, flag, "the apex would lose its last address")
	}
	for _, message := range d.noServers() {
		refuse(ReservedAddress, "allow_reserved = true in [check]", message)
	}
	for _, name := range d.protected() {
		refuse(ProtectedName, "--allow-protected", name.Display()+" is protected in the inventory")
	}
}

// tally counts updates of any kind, and deletions.
func tally(changes []Change) (updates, deletes int) {
	for i := range changes {
		switch changes[i].Action {
		case Update, TTL, Proxied:
			updates++
		case Delete:
			deletes++
		}
	}
	return updates, deletes
}

func exceeds(n, of int) bool { return 100*n > threshold*of }

func share(n, of int) string {
	return fmt.Sprintf("%.1f %% of %d RRsets (limit %d %%)", 100*float64(n)/float64(of), of, threshold)
}

// empties tells whether no address RRset that dnsplan could write would be left,
// and how many there are now. Ignored and foreign sets stay, but they are not the
// zone's own: what must not go is what prune could take by mistake.
func (d *ZoneDiff) empties() (own int, yes bool) {
	left := 0
	for i := range d.Changes {
		switch d.Changes[i].Action {
		case Create:
			left++
		case Delete:
			left--
		}
	}
	if left >= 0 {
		return 0, false
	}
	for i := range d.Live.RRsets {
		if r := &d.Live.RRsets[i]; r.Foreign == "" && !zone.MatchAny(d.Desired.Ignore, r.Name, d.Desired.Zone) {
			own++
		}
	}
	return own, own+left <= 0
}

// emptied says what an emptied zone loses.
func (d *ZoneDiff) emptied(own int) string {
	if own < d.Counted {
		return fmt.Sprintf("all %d address RRsets of the zone that are not foreign would be deleted", own)
	}
	return fmt.Sprintf("all %d address RRsets of the zone would be deleted", own)
}

// emptiesApex tells whether the apex has an address now and would have none.
func (d *ZoneDiff) emptiesApex() bool {
	had, left := 0, 0
	for _, t := range []zone.Type{zone.A, zone.AAAA} {
		if _, ok := d.Live.Find(zone.Key{Name: d.Desired.Zone, Type: t}); ok {
			had++
		}
	}
	left = had
	for i := range d.Changes {
		if c := &d.Changes[i]; c.Name == d.Desired.Zone {
			switch c.Action {
			case Create:
				left++
			case Delete:
				left--
			}
		}
	}
	return had > 0 && left == 0
}

// protected returns the protected names that would change, each once.
func (d *ZoneDiff) protected() (names []zone.Name) {
	for i := range d.Changes {
		if n := d.Changes[i].Name; zone.MatchAny(d.Desired.Protect, n, d.Desired.Zone) {
			names = append(names, n)
		}
	}
	return slices.Compact(names) // changes are in order
}
