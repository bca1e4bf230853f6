package execute

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers"
)

// StaleError is a plan that no longer fits: RRsets that it touches have moved
// since it was made.
type StaleError struct{ Moved []MovedRRset }

// MovedRRset is one RRset that has moved.
type MovedRRset struct {
	Zone plan.ZoneRef
	Key  zone.Key
	// Saw is what the plan saw, Now what is there; nil is no such RRset.
	Saw, Now *zone.RRset
	// CNAME is the target of the CNAME record that is there now, where the
	// plan saw none or another one.
	CNAME string
}

// Error has a line that says what happened, and one for each record, with both
// values; the first 100 where there are more.
func (e *StaleError) Error() string {
	lines := make([]string, len(e.Moved))
	for i, m := range e.Moved {
		lines[i] = m.String()
	}
	const begin = "\n  "
	return "the plan is stale: what it changes has moved since it was made:" + begin + listed(lines, begin)
}

// maxLine is how many columns a terminal has at least.
const maxLine = 80

// String is the RRset as it was and as it is, in a line of its own for each where
// one does not hold both.
func (m MovedRRset) String() string {
	key := m.Key.Display()
	if m.Zone.View != "" {
		key += " in view " + m.Zone.View
	}
	saw, now := "the plan saw "+contents(m.Saw)+",", "there is now "+contents(m.Now)
	if m.CNAME != "" {
		now += " and a CNAME to " + m.CNAME
	}
	if line := key + ": " + saw + " " + now; len("  "+line) <= maxLine {
		return line
	}
	return key + ":\n    " + saw + "\n    " + now
}

// contents are the TTL and the values, without the key: "300 192.0.2.1 (proxied)".
func contents(r *zone.RRset) string {
	if r == nil {
		return "nothing"
	}
	_, rest, _ := strings.Cut(r.String(), " ")
	return strings.Replace(rest, " "+r.Type.String()+" ", " ", 1)
}

// CheckLive compares the RRsets that the plan touches with what the providers
// hold now. It returns a *StaleError when one has moved; records that the plan
// does not touch do not matter. What it has read of the zones with changes is
// the run's first backup: see Runner.Read.
func CheckLive(ctx context.Context, p *plan.Plan, w World) (map[plan.ZoneRef]*zone.Snapshot, error) {
	touched := map[plan.ZoneRef][]*plan.Change{}
	for i := range p.Changes {
		c := &p.Changes[i]
		touched[c.ZoneRef] = append(touched[c.ZoneRef], c)
	}
	read, found := make([]*zone.Snapshot, len(p.Zones)), make([][]MovedRRset, len(p.Zones))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(zonesAtOnce)
	for i, z := range p.Zones {
		if len(touched[z.ZoneRef]) == 0 {
			continue
		}
		g.Go(func() (err error) {
			read[i], err = readZone(ctx, touched[z.ZoneRef], w, z)
			if err == nil {
				found[i] = movedIn(touched[z.ZoneRef], read[i])
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if moved := slices.Concat(found...); len(moved) > 0 {
		return nil, &StaleError{moved}
	}
	seen := map[plan.ZoneRef]*zone.Snapshot{}
	for i, s := range read {
		if s != nil {
			seen[p.Zones[i].ZoneRef] = s
		}
	}
	return seen, nil
}

// readZone reads a zone or, where it is not listed, the RRsets of the changes.
func readZone(ctx context.Context, changes []*plan.Change, w World, z plan.Zone) (*zone.Snapshot, error) {
	keys := make([]zone.Key, len(changes))
	for i, c := range changes {
		keys[i] = c.Key
	}
	provider, err := w.Provider(z.ZoneRef)
	if err != nil {
		return nil, err
	}
	live, err := providers.ReadOrLook(ctx, provider, z.Zone, keys)
	if err != nil {
		return nil, &UnreadError{z.Provider, err}
	}
	return live, nil
}

// movedIn compares the changes of one zone with what its provider holds.
func movedIn(changes []*plan.Change, live *zone.Snapshot) (out []MovedRRset) {
	cnames := map[zone.Name]string{}
	for _, r := range live.Others {
		if r.Type == "CNAME" {
			cnames[r.Name] = r.Data
		}
	}
	for _, c := range changes {
		r, ok := live.Find(c.Key)
		saw := c.Before.RRset(c.Key)
		cname := cnames[c.Name]
		if is(r, ok, saw) && (cname == "" || c.Replaces == "CNAME "+cname) && (c.Replaces == "" || cname != "") {
			continue
		}
		m := MovedRRset{Zone: c.ZoneRef, Key: c.Key, Saw: saw, CNAME: cname}
		if ok {
			m.Now = &r
		}
		out = append(out, m)
	}
	return out
}
