package generic

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// grow brings about that all wanted values are there with their TTLs. Only CNAME
// records that are replaced go before.
func (w *writing) grow(ctx context.Context) error {
	if err := w.remove(ctx, w.replaced()); err != nil {
		return err
	}
	if w.p.quirks.TTL == TTLReplace {
		return w.set(ctx, w.wanted())
	}
	for _, e := range w.edits {
		if err := w.retime(ctx, e); err != nil {
			return err
		}
	}
	return w.append(ctx, w.additions())
}

func (w *writing) append(ctx context.Context, records []libdns.Record) error {
	if len(records) == 0 {
		return nil
	}
	return w.mutate(ctx, "AppendRecords", len(records), func(ctx context.Context) error {
		_, err := w.p.libdns.AppendRecords(ctx, string(w.z), records)
		return err
	})
}

func (w *writing) set(ctx context.Context, records []libdns.Record) error {
	if len(records) == 0 {
		return nil
	}
	return w.mutate(ctx, "SetRecords", len(records), func(ctx context.Context) error {
		_, err := w.p.libdns.(libdns.RecordSetter).SetRecords(ctx, string(w.z), records)
		return err
	})
}

// remove deletes records that were read. One without a name, a type or data
// would stand for more than itself (libdns.RecordDeleter).
func (w *writing) remove(ctx context.Context, records []libdns.Record) error {
	if len(records) == 0 {
		return nil
	}
	for _, r := range records {
		if rr := r.RR(); rr.Name == "" || rr.Type == "" || rr.Data == "" {
			return fmt.Errorf("delete record %q %s %q: libdns would delete more than this one", rr.Name, rr.Type, rr.Data)
		}
	}
	return w.mutate(ctx, "DeleteRecords", len(records), func(ctx context.Context) error {
		_, err := w.p.libdns.DeleteRecords(ctx, string(w.z), records)
		return err
	})
}

// replaced returns the CNAME records that give way, each once.
func (w *writing) replaced() []libdns.Record {
	var records []libdns.Record
	var names []zone.Name
	for _, e := range w.edits {
		if e.Replaces == "" || slices.Contains(names, e.Key().Name) {
			continue
		}
		names = append(names, e.Key().Name)
		for _, c := range w.seen.cnames[e.Key().Name] {
			records = append(records, c.record)
		}
	}
	return records
}

// wanted returns all wanted values of all edits, for TTLReplace.
func (w *writing) wanted() []libdns.Record {
	var records []libdns.Record
	for _, e := range w.edits {
		if e.After == nil {
			continue
		}
		for _, addr := range e.After.Addrs {
			records = append(records, libdns.Address{Name: w.owner(e.Key()), TTL: e.After.TTL.Duration(), IP: addr})
		}
	}
	return records
}

// additions returns the values to append.
func (w *writing) additions() []libdns.Record {
	var records []libdns.Record
	for _, e := range w.edits {
		if e.After == nil {
			continue
		}
		before := len(records)
		for _, addr := range e.After.Addrs {
			if !w.holds(e, addr) {
				records = append(records, libdns.Address{Name: w.owner(e.Key()), TTL: e.After.TTL.Duration(), IP: addr})
			}
		}
		if w.p.quirks.TTL == TTLAppend && e.retimes() && len(records) == before {
			records = append(records, w.again(e))
		}
	}
	return records
}

// holds tells whether the zone had the value before, so that it need not be
// appended.
func (w *writing) holds(e edit, addr netip.Addr) bool {
	beside := w.p.quirks.TTL == TTLBeside && e.retimed()
	return slices.ContainsFunc(w.seen.values[e.Key()], func(v value) bool {
		return v.addr == addr && (!beside || v.ttl == e.After.TTL)
	})
}

// again returns a value that stays, in the vendor's own spelling, with the
// wanted TTL.
func (w *writing) again(e edit) libdns.Record {
	i := slices.IndexFunc(w.seen.values[e.Key()], func(v value) bool { return e.wants(v.addr) })
	rr := w.seen.values[e.Key()][i].record.RR()
	rr.TTL = e.After.TTL.Duration()
	return rr
}

// owner returns the owner name relative to the zone, as the vendor spells it
// where it has one: not every vendor finds "www" under "WWW".
func (w *writing) owner(key zone.Key) string {
	values := w.seen.values[key]
	if len(values) == 0 || w.p.quirks.AbsoluteNames {
		return key.Name.Relative(w.z)
	}
	name := values[0].record.RR().Name
	if name == "" || strings.HasSuffix(name, ".") {
		return key.Name.Relative(w.z)
	}
	return name
}

// retime changes the TTL of values that stay, by the routes that do so apart
// from appending.
func (w *writing) retime(ctx context.Context, e edit) error {
	if !e.retimes() && !(w.p.quirks.TTLFirst && e.retimed()) {
		return nil
	}
	switch w.p.quirks.TTL {
	case TTLInPlace:
		return w.retimeRecords(ctx, e)
	case TTLInPlaceSet:
		return w.retimeSet(ctx, e)
	case TTLHook:
		return w.mutate(ctx, "change TTL", len(e.After.Addrs), func(ctx context.Context) error {
			return w.p.hooks.SetTTL(ctx, w.z, w.owner(e.Key()), e.Key().Type, e.After.TTL)
		})
	}
	return nil
}

func (w *writing) retimeRecords(ctx context.Context, e edit) error {
	for _, v := range w.seen.values[e.Key()] {
		if !e.wants(v.addr) || v.ttl == e.After.TTL {
			continue
		}
		if err := w.set(ctx, []libdns.Record{w.p.quirks.Retime(v.record, e.After.TTL.Duration())}); err != nil {
			return err
		}
	}
	return nil
}

// retimeSet sets the whole set once for each value, so that one record at a
// time differs: with two, a provider may write the first value over the second
// record before it comes to the first.
func (w *writing) retimeSet(ctx context.Context, e edit) error {
	var records []libdns.Record
	for _, v := range w.seen.values[e.Key()] {
		records = append(records, v.record)
	}
	for i, v := range w.seen.values[e.Key()] {
		if !e.wants(v.addr) || v.ttl == e.After.TTL {
			continue
		}
		records[i] = libdns.Address{Name: v.record.RR().Name, TTL: e.After.TTL.Duration(), IP: v.addr}
		if err := w.set(ctx, slices.Clone(records)); err != nil {
			return err
		}
	}
	return nil
}

// surplus returns the very records of l that are to go.
func (w *writing) surplus(l *listing) []libdns.Record {
	var records []libdns.Record
	for _, e := range w.edits {
		kept := map[netip.Addr]bool{}
		for _, v := range l.values[e.Key()] {
			switch {
			case !e.wants(v.addr):
				records = append(records, v.record)
			case w.p.quirks.TTL == TTLBeside && e.retimed() && v.ttl != e.After.TTL:
				records = append(records, v.record)
			case w.p.quirks.ByID && kept[v.addr]: // a request was made twice
				records = append(records, v.record)
			}
			kept[v.addr] = true
		}
	}
	return records
}
