package generic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// listing is one read of a zone: the snapshot, and the very records that the
// libdns provider returned.
type listing struct {
	snap   *zone.Snapshot
	values map[zone.Key][]value
	// cnames are the records at names that have a CNAME.
	cnames map[zone.Name][]cname
}

// value is an address record. There may be several of one address.
type value struct {
	addr   netip.Addr
	ttl    zone.TTL
	record libdns.Record
}

type cname struct {
	target zone.Name
	record libdns.Record
}

// errBypassed is a mistake in the catalogue.
var errBypassed = errors.New("the libdns provider makes requests that do not come through its chain, whatever its quirks say: it is not to be used")

// read makes one GetRecords.
func (p *Provider) read(ctx context.Context, z zone.Name) (*listing, error) {
	if p.quirks.ExactZone {
		if err := p.exactly(ctx, z); err != nil {
			return nil, err
		}
	}
	var l *listing
	err := p.call(ctx, "GetRecords", 0, func(ctx context.Context) error {
		records, err := p.libdns.GetRecords(ctx, string(z))
		if err != nil {
			return err
		}
		if p.chain != nil && p.chain.Budget().Used == 0 {
			return errBypassed
		}
		l, err = p.list(z, records)
		return err
	})
	if err != nil {
		return nil, p.judge(explained(err))
	}
	return l, nil
}

// explained adds what stands behind the error of a libdns provider that parses
// all records and gives up at one that it does not know.
func explained(err error) error {
	text := err.Error()
	for _, sign := range []string{"malformed", "invalid IP address", "unknown record type", "does not contain enough fields", "expected format", "panicked"} {
		if strings.Contains(text, sign) {
			return fmt.Errorf("%w (one record that libdns cannot parse fails its read of the whole zone)", err)
		}
	}
	return err
}

// list sorts records into address sets and others.
func (p *Provider) list(z zone.Name, records []libdns.Record) (*listing, error) {
	if len(records) == 0 && p.quirks.NeverEmpty {
		return nil, errors.New("the provider returned no record at all, though a zone always has some: taken for a failed read")
	}
	l := &listing{snap: &zone.Snapshot{Zone: z}, values: map[zone.Key][]value{}, cnames: map[zone.Name][]cname{}}
	for _, r := range records {
		if err := p.add(l, r); err != nil {
			return nil, err
		}
	}
	for key, values := range l.values {
		set := zone.RRset{Key: key}
		var ttls []zone.TTL
		for _, v := range values {
			set.Addrs, ttls = append(set.Addrs, v.addr), append(ttls, v.ttl)
		}
		set.SetTTLs(ttls...)
		set.Mixed = set.Mixed && p.quirks.TTL != TTLFixed // which nothing could mend
		l.snap.RRsets = append(l.snap.RRsets, set)
	}
	l.snap.Sort()
	return l, nil
}

func (p *Provider) add(l *listing, r libdns.Record) error {
	rr := r.RR()
	kind := strings.ToUpper(rr.Type)
	name, err := p.absolute(l.snap.Zone, rr.Name)
	ttl := p.ttl(rr.TTL)
	typ, typeErr := zone.ParseType(kind)
	if typeErr != nil {
		if err != nil {
			name = zone.Canonical(rr.Name + "." + string(l.snap.Zone))
		}
		rdata := p.rdata(l.snap.Zone, kind, rr.Data)
		l.snap.Others = append(l.snap.Others, zone.Record{Name: name, Type: kind, TTL: ttl, Data: rdata})
		if kind == "CNAME" {
			l.cnames[name] = append(l.cnames[name], cname{zone.Canonical(rdata), r})
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("record %q %s %q: %w", rr.Name, kind, rr.Data, err)
	}
	// An address that cannot be read must not look like one that is not there.
	addr, err := netip.ParseAddr(strings.TrimSpace(rr.Data))
	if err != nil {
		return fmt.Errorf("record %q %s %q: not an address", rr.Name, kind, rr.Data)
	}
	if addr = addr.Unmap(); zone.TypeOf(addr) != typ {
		return fmt.Errorf("record %q %s %q: an address of the other family", rr.Name, kind, rr.Data)
	}
	key := zone.Key{Name: name, Type: typ}
	l.values[key] = append(l.values[key], value{addr, ttl, r})
	return nil
}

// ttl turns a TTL of libdns into seconds, as the wire has them.
func (p *Provider) ttl(d time.Duration) zone.TTL {
	seconds := max(int64(d/time.Second), 0)
	if seconds == 0 {
		return p.quirks.DefaultTTL
	}
	return zone.TTL(min(seconds, math.MaxInt32))
}
