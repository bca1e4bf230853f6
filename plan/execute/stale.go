package execute

import (
	"context"
	"fmt"
	"slices"

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

// Error names each record with both values, the first 100 where there are more.
func (e *StaleError) Error() string {
	lines := make([]string, len(e.Moved))
	for i, m := range e.Moved {
		lines[i] = fmt.Sprintf("%s: the plan saw %s, now there is %s", m.Key, show(m.Saw), show(m.Now))
		if m.CNAME != "" {
			lines[i] += " and a CNAME to " + m.CNAME
		}
	}
	return "the plan is stale: " + listed(lines, "; ")
}

// CheckLive compares the RRsets that the plan touches with what the providers
// hold now. It returns a *StaleError when one has moved; records that the plan
// does not touch do not matter.
func CheckLive(ctx context.Context, p *plan.Plan, w World) error {
	touched := map[plan.ZoneRef][]*plan.Change{}
	for i := range p.Changes {
		c := &p.Changes[i]
		touched[c.ZoneRef] = append(touched[c.ZoneRef], c)
	}
	found := make([][]MovedRRset, len(p.Zones))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(zonesAtOnce)
	for i, z := range p.Zones {
		g.Go(func() (err error) {
			found[i], err = movedIn(ctx, touched[z.ZoneRef], w, z)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if moved := slices.Concat(found...); len(moved) > 0 {
		return &StaleError{moved}
	}
	return nil
}

// movedIn compares the changes of one zone with what its provider holds.
func movedIn(ctx context.Context, changes []*plan.Change, w World, z plan.Zone) (out []MovedRRset, err error) {
	if len(changes) == 0 {
		return nil, nil
	}
	keys := make([]zone.Key, len(changes))
	for i, c := range changes {
		keys[i] = c.Key
	}
	provider, err := w.Provider(z.ZoneRef)
	if err != nil {
		return nil, err
	}
	live, err := providers.Look(ctx, provider, z.Zone, keys)
	if err != nil {
		return nil, &UnreadError{z.Provider, err}
	}
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
		m := MovedRRset{Zone: z.ZoneRef, Key: c.Key, Saw: saw, CNAME: cname}
		if ok {
			m.Now = &r
		}
		out = append(out, m)
	}
	return out, nil
}
