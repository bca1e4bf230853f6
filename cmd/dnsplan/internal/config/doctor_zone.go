package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// read is what came of reading one zone.
type read struct {
	live *zone.Snapshot
	err  error
}

func readAll(ctx context.Context, p providers.Provider, zones []inventory.Zone) []read {
	out := make([]read, len(zones))
	var g errgroup.Group
	g.SetLimit(zonesAtOnce)
	for i, z := range zones {
		g.Go(func() error {
			var keys []zone.Key
			for _, r := range z.Records {
				keys = append(keys, r.Key)
			}
			out[i].live, out[i].err = providers.ReadOrLook(ctx, p, z.Name, keys)
			out[i].err = orImpatience(ctx, out[i].err)
			return nil
		})
	}
	_ = g.Wait() // the errors are in out
	return out
}

// maxListed is how many zones a line names.
const maxListed = 5

// listing tells which zones the provider shows. Where all are readable without
// being listed, the credentials may just not permit to list.
func (e *examiner) listing(ctx context.Context, p providers.Provider, zones []inventory.Zone, reads []read) {
	l, ok := p.(providers.Lister)
	if !ok {
		return
	}
	verdict := providers.Bad
	if len(zones) > 0 && !slices.ContainsFunc(reads, func(r read) bool { return r.err != nil }) {
		verdict = providers.Unclear
	}
	listed, err := l.ListZones(ctx)
	if err != nil {
		e.failed("zones", "", verdict, orImpatience(ctx, err))
		return
	}
	var missing []string
	for _, n := range namesOf(zones) {
		if !slices.Contains(listed, n) {
			missing = append(missing, n.Display())
		}
	}
	f := providers.Finding{Topic: "zones", Detail: fmt.Sprintf("%d visible", len(listed))}
	switch {
	case len(missing) > 0:
		f.Verdict, f.Detail = verdict, f.Detail+", not among them: "+shortened(missing)
		f.Remedy = "check the zone's name and provider in the inventory, and which zones the credentials may see"
	case len(zones) == 1:
		f.Detail += ", among them that of the inventory"
	case len(zones) > 1:
		f.Detail += fmt.Sprintf(", among them all %d of the inventory", len(zones))
	}
	e.add(f)
}

func shortened(names []string) string {
	text := strings.Join(names[:min(len(names), maxListed)], ", ")
	if more := len(names) - maxListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// reading tells what a zone holds, or why it cannot be read.
func (e *examiner) reading(z inventory.Zone, r read) {
	switch {
	case r.err != nil && e.told(z.Name): // of the same cause
	case errors.Is(r.err, providers.ErrNoListing):
		e.failed("records", z.Name, providers.Unclear, r.err)
	case r.err != nil:
		e.failed("records", z.Name, providers.Bad, r.err)
	case r.live.Blind != "":
		e.add(providers.Finding{
			Topic: "records", Zone: z.Name, Verdict: providers.Unclear,
			Detail: "the inventory's names can be asked for, others are not seen: " + r.live.Blind,
			Remedy: "permit the listing or the transfer of the zone, so that plans see what the inventory does not hold",
		})
	default:
		e.add(providers.Finding{Topic: "records", Zone: z.Name, Detail: countsOf(r.live)})
	}
}

// countsOf tells what a zone holds: "12 address RRsets (2 alias), 1 other record".
func countsOf(live *zone.Snapshot) string {
	foreign := map[string]int{}
	for _, r := range live.RRsets {
		if r.Foreign != "" {
			foreign[r.Foreign]++
		}
	}
	text := counted(len(live.RRsets), "address RRset")
	var kinds []string
	for kind, n := range foreign {
		kinds = append(kinds, fmt.Sprintf("%d %s", n, kind))
	}
	if slices.Sort(kinds); len(kinds) > 0 {
		text += " (not written by dnsplan: " + strings.Join(kinds, ", ") + ")"
	}
	return text + ", " + counted(len(live.Others), "other record")
}

func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// limits tells the bounds: one line where they are the same for all zones.
func (e *examiner) limits(p providers.Provider, zones []inventory.Zone) {
	var texts []string
	for _, z := range zones {
		texts = append(texts, limitsText(p.Limits(z.Name)))
	}
	if len(slices.Compact(slices.Clone(texts))) == 1 {
		e.add(providers.Finding{Topic: "limits", Detail: texts[0]})
		return
	}
	for i, z := range zones {
		e.add(providers.Finding{Topic: "limits", Zone: z.Name, Detail: texts[i]})
	}
}

// limitsText says what limits mean for a run.
func limitsText(l providers.Limits) string {
	parts := []string{ttlRange(l.MinTTL, l.MaxTTL)}
	switch {
	case l.Batch == 1:
		parts = append(parts, "1 change at a time")
	case l.Batch > 1:
		parts = append(parts, fmt.Sprintf("%d changes at once", l.Batch))
	}
	if l.Atomic {
		parts = append(parts, "applied whole or not at all")
	} else {
		parts = append(parts, "a failure may leave a part applied")
	}
	if l.Conditional {
		parts = append(parts, "the provider compares as it writes")
	} else {
		parts = append(parts, "dnsplan reads right before it writes")
	}
	if l.Sync > 0 {
		parts = append(parts, "in sync after up to "+syncText(l.Sync))
	}
	if l.Proxy {
		parts = append(parts, "has a proxy")
	}
	return strings.Join(parts, "; ")
}

func syncText(d time.Duration) string {
	if d < time.Second {
		return d.String()
	}
	return zone.FormatDuration(d)
}

func ttlRange(least, most zone.TTL) string {
	text := func(t zone.TTL) string { return zone.FormatDuration(t.Duration()) }
	anyLow, anyHigh := least <= 1, most == 0 || most >= zone.MaxTTL
	switch {
	case anyLow && anyHigh:
		return "any TTL"
	case anyHigh:
		return "TTL " + text(least) + " or more"
	case anyLow:
		return "TTL up to " + text(most)
	}
	return "TTL " + text(least) + " to " + text(most)
}

// fewLeft is the part of a budget under which a run may have to wait.
const fewLeft = 10

// budget tells what is left of the vendor's requests.
func (e *examiner) budget(p providers.Provider) {
	b, ok := p.(providers.Budgeter)
	if !ok {
		return
	}
	left := b.Budget()
	f := providers.Finding{Topic: "budget", Detail: counted(left.Used, "request") + " made for this"}
	switch {
	case left.Limit == 0:
		f.Detail += ", the vendor does not tell what is left"
	default:
		f.Detail += fmt.Sprintf(", %d of %d left until %s", left.Remaining, left.Limit, left.Reset.UTC().Format(time.TimeOnly+" MST"))
		if left.Remaining < left.Limit/fewLeft {
			f.Verdict, f.Remedy = providers.Unclear, "runs wait for the reset; see what else uses the account"
		}
	}
	e.add(f)
}
