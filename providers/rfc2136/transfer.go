package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// transfer reads the whole zone over s. It is complete when the SOA record has
// come a second time (RFC 5936, section 2.2), with the same serial and in a
// signed message.
func (p *Provider) transfer(ctx context.Context, s *session, z zone.Name) (*zone.Snapshot, error) {
	m := new(dns.Msg)
	m.SetAxfr(string(z))
	if _, err := s.send(ctx, m); err != nil {
		return nil, fmt.Errorf("ask for AXFR: %w", err)
	}
	c := newCollector(z)
	for !c.done {
		reply, err := s.receive(ctx)
		if err != nil {
			err = fmt.Errorf("AXFR after %d records: %w", c.records, err)
			return nil, p.keyRefused(ctx, s.remote, z, err)
		}
		if reply.rcode != dns.RcodeSuccess {
			return nil, p.transferRefused(ctx, s.remote, z, reply)
		}
		if !reply.signed && c.records == 0 {
			return nil, fmt.Errorf("AXFR: %w", errUnsigned) // first and last must be
		}
		if err := c.add(reply); err != nil {
			return nil, fmt.Errorf("AXFR: %w", err)
		}
		if c.done && !reply.signed {
			return nil, fmt.Errorf("AXFR: last message: %w", errUnsigned)
		}
	}
	c.snap.Sort()
	return c.snap, nil
}

// collector sorts the records of a transfer into a snapshot.
type collector struct {
	snap    *zone.Snapshot
	at      map[zone.Key]int // index into snap.RRsets
	records int
	soa     string
	done    bool
}

func newCollector(z zone.Name) *collector {
	return &collector{snap: &zone.Snapshot{Zone: z}, at: map[zone.Key]int{}}
}

func (c *collector) add(m *message) error {
	if len(m.answer) == 0 {
		return errors.New("a message without records")
	}
	for _, r := range m.answer {
		if c.done {
			return fmt.Errorf("record %s %s behind the final SOA record", r.name, dns.Type(r.rrtype))
		}
		if err := c.addRecord(m, r); err != nil {
			return err
		}
		c.records++
	}
	return nil
}

func (c *collector) addRecord(m *message, r record) error {
	apexSOA := r.rrtype == dns.TypeSOA && r.name == c.snap.Zone
	switch {
	case c.records == 0 && !apexSOA:
		return fmt.Errorf("it starts with %s %s in place of the zone's SOA record", r.name, dns.Type(r.rrtype))
	case !r.name.IsSubdomainOf(c.snap.Zone):
		return fmt.Errorf("record %s %s lies outside the zone", r.name, dns.Type(r.rrtype))
	case r.class != dns.ClassINET:
		return fmt.Errorf("record %s %s is of class %s", r.name, dns.Type(r.rrtype), dns.Class(r.class))
	case r.rrtype == dns.TypeA || r.rrtype == dns.TypeAAAA:
		return c.addAddress(m, r)
	}
	data, err := m.data(r)
	if err != nil {
		return err
	}
	if apexSOA && c.records > 0 {
		if data != c.soa {
			return fmt.Errorf("the zone changed under the transfer: SOA %q, at the end %q", c.soa, data)
		}
		c.done = true
		return nil
	}
	if apexSOA {
		c.soa = data
	}
	c.snap.Others = append(c.snap.Others, zone.Record{
		Name: r.name, Type: dns.Type(r.rrtype).String(), TTL: r.ttl, Data: data,
	})
	return nil
}

// addAddress puts an address into its RRset. Where the records of a set differ
// in TTL, against RFC 2181, section 5.2, the highest counts: a resolver may
// hold it that long.
func (c *collector) addAddress(m *message, r record) error {
	addr, ok := netip.AddrFromSlice(m.raw[r.off:r.end])
	key := zone.Key{Name: r.name, Type: zone.Type(r.rrtype)}
	if !ok || (key.Type == zone.A) != addr.Is4() {
		return fmt.Errorf("record %s holds no address", key)
	}
	i, ok := c.at[key]
	if !ok {
		i = len(c.snap.RRsets)
		c.at[key] = i
		c.snap.RRsets = append(c.snap.RRsets, zone.RRset{Key: key})
	}
	set := &c.snap.RRsets[i]
	set.TTL = max(set.TTL, r.ttl)
	set.Addrs = append(set.Addrs, addr)
	return nil
}

// transferRefused turns a reply without records into an error that says what to
// do. Servers refuse an unknown zone and a key without rights alike, so it asks
// for the SOA record to tell them apart. Only NOTAUTH is believed without a
// signature, because Knot and PowerDNS do not sign it.
func (p *Provider) transferRefused(ctx context.Context, at netip.AddrPort, z zone.Name, reply *message) error {
	name := rcodeName(reply.rcode)
	switch {
	case !reply.signed && reply.rcode != dns.RcodeNotAuth:
		return fmt.Errorf("AXFR: %w: it is %s", errUnsigned, name)
	case !slices.Contains([]int{dns.RcodeRefused, dns.RcodeNotAuth, dns.RcodeNotImplemented}, reply.rcode):
		return fmt.Errorf("AXFR: the server answers %s: its log says why", name)
	}
	apex, err := p.askApex(ctx, at, z)
	silence, silent := errors.AsType[*silentError](err)
	switch {
	case silent && silence.rcode == dns.RcodeRefused && (silence.signed || !reply.signed): // it signs all or nothing
	case err != nil:
		return fmt.Errorf("AXFR: the server answers %s, and asked for the SOA record: %w", name, err)
	case len(apex) > 0:
		return p.noListing(name)
	}
	if reply.rcode == dns.RcodeNotAuth {
		return fmt.Errorf("%w: the server answers %s to AXFR and does not hold the zone", providers.ErrZoneNotFound, name)
	}
	return fmt.Errorf("%w: the server answers %s to AXFR and does not answer for the zone either: it must hold the zone, and allow %s to query and transfer it",
		providers.ErrCredentials, name, p.who())
}

// keyRefused tells a key that is wrong from one that may not transfer the zone,
// which Knot calls BADKEY alike: with the latter, the server answers questions.
func (p *Provider) keyRefused(ctx context.Context, at netip.AddrPort, z zone.Name, err error) error {
	if !errors.Is(err, providers.ErrCredentials) {
		return err
	}
	apex, askErr := p.askApex(ctx, at, z)
	switch {
	case askErr != nil && !errors.Is(askErr, providers.ErrCredentials):
		return fmt.Errorf("AXFR: the server answers BADKEY, and asked for the SOA record: %w", askErr)
	case len(apex) == 0:
		return err
	}
	return p.noListing("BADKEY")
}

func (p *Provider) noListing(answer string) error {
	return fmt.Errorf("%w: the server answers %s to AXFR: to list it, the server must allow %s to transfer it (%s)",
		providers.ErrNoListing, answer, p.who(), transferSettings)
}

// who names the one who asks, as a server's access list would.
func (p *Provider) who() string {
	if !p.key.signs() {
		return "this machine's address (no tsig_name is set)"
	}
	return fmt.Sprintf("tsig key %q", strings.TrimSuffix(p.key.name, "."))
}

// askApex asks for the zone's SOA and NS records; none is that the server holds
// no such zone. It returns a silentError where the server does not tell.
func (p *Provider) askApex(ctx context.Context, at netip.AddrPort, z zone.Name) ([]zone.Record, error) {
	s, err := p.dialTo(ctx, at)
	if err != nil {
		return nil, err
	}
	defer s.close()
	questions := []question{{z, dns.TypeSOA}, {z, dns.TypeNS}}
	replies, err := ask(ctx, s, questions)
	if err != nil {
		return nil, err
	}
	var out []zone.Record
	for i, m := range replies {
		if err := p.silence(m, questions[i]); err != nil {
			return nil, err
		}
		for _, r := range m.answer {
			if !m.authoritative || r.name != z || r.rrtype != questions[i].rrtype {
				continue
			}
			data, err := m.data(r)
			if err != nil {
				return nil, err
			}
			out = append(out, zone.Record{Name: z, Type: dns.Type(r.rrtype).String(), TTL: r.ttl, Data: data})
		}
		if len(out) == 0 {
			return nil, nil // no SOA record
		}
	}
	return out, nil
}

// silence is the error of a reply that does not tell what the zone holds.
func (p *Provider) silence(m *message, q question) error {
	switch {
	case tells(m):
		return nil
	case m.rcode == dns.RcodeNotAuth && p.key.signs(): // PowerDNS, without a TSIG record that says why
		return fmt.Errorf("%w: the server answers NOTAUTH to a question signed with %s: tsig_name, tsig_algorithm or tsig_secret is not the server's",
			providers.ErrCredentials, p.who())
	}
	return &silentError{asked: dns.Type(q.rrtype).String(), rcode: m.rcode, signed: m.signed}
}

// silentError is a server's error in answer to a question about the apex.
type silentError struct {
	asked  string
	rcode  int
	signed bool
}

func (e *silentError) Error() string {
	return fmt.Sprintf("the server answers %s to the question for the %s record", rcodeName(e.rcode), e.asked)
}
