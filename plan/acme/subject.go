package acme

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// HTTP01 is how a record is marked whose name is validated by HTTP-01.
const HTTP01 = "http-01"

// Subject is a name with what is wanted of it. It is data, and not changed by an
// examination.
type Subject struct {
	// Zone is the name's zone; subjects of one zone share it.
	Zone *Zone
	Name zone.Name
	// ACME is the record's: "http-01", "dns-01", "none", or empty.
	ACME string
	// Records are the wanted A and AAAA RRsets of the name, A first.
	Records []Record
	// Group names what moves together; Siblings are the other names of the group.
	Group    string
	Siblings []*Subject
	// Pending are the RRsets of the name that runs have changed or are about to.
	Pending []Pending
	// Owner and Comment are what the inventory says of purpose and owner.
	Owner, Comment string
}

// Record is one wanted RRset.
type Record struct {
	zone.RRset
	// ProxiedGiven says that the inventory is not silent about Proxied.
	ProxiedGiven bool
	RoundRobin   bool
	// Hosts are those whose addresses these are; none for literal addresses.
	Hosts []Host
}

// Host is a machine that addresses belong to.
type Host struct {
	Name  string
	Addrs []netip.Addr
	// ACMEClient says that an ACME client runs there, and OwnPlace that its tokens have
	// a place of their own.
	ACMEClient, OwnPlace bool
}

// Zone is a zone in a view, with how it can be asked.
type Zone struct {
	plan.ZoneRef
	// Provider is its name in the inventory.
	Provider string
	// Apex are the wanted A and AAAA RRsets at the apex.
	Apex []Record
	// Live is what the provider holds, or LiveErr why that is not known.
	Live    *zone.Snapshot
	LiveErr error
	// Servers are the authoritative servers with every address; none where the
	// inventory says that none is asked. ServersErr is why they could not be found,
	// as far as they could not.
	Servers    []resolver.NameServer
	ServersErr error
	// Resolvers are the recursive resolvers of the inventory, asked from outside.
	Resolvers []resolver.Server
	// Inside are the resolvers that this machine itself uses; none where they
	// cannot know the zone.
	Inside []resolver.Server
	// Proxy says that the provider has a CDN proxy, MinTTL what it takes at least.
	Proxy  bool
	MinTTL zone.TTL
	// RunsErr is why the runs of the zone are not all known; see Subject.Pending.
	RunsErr error
	// Twins are the same zone in the other views.
	Twins []*Zone
}

// Wanted returns the wanted RRset of a type.
func (s *Subject) Wanted(t zone.Type) (Record, bool) {
	for _, r := range s.Records {
		if r.Type == t {
			return r, true
		}
	}
	return Record{}, false
}

// Addrs are the wanted addresses of the name, IPv4 first.
func (s *Subject) Addrs() (out []netip.Addr) {
	for _, r := range s.Records {
		out = append(out, r.Addrs...)
	}
	return out
}

// Live returns what the provider holds at the name for a type.
func (s *Subject) Live(t zone.Type) (zone.RRset, bool) {
	if s.Zone.Live == nil {
		return zone.RRset{}, false
	}
	return s.Zone.Live.Find(zone.Key{Name: s.Name, Type: t})
}

// unread is the finding where what the provider holds decides, and is not known; ok
// is false where it is.
func (s *Subject) unread() (f Finding, ok bool) {
	if s.Zone.Live != nil {
		return f, false
	}
	err := s.Zone.LiveErr
	if err == nil {
		err = errors.New("it was not read")
	}
	return unclear(nil, "what the provider holds of %s is not known: %v", s.Name.Display(), err).because("D-EXPECT"), true
}

// Proxied tells whether a CDN proxy answers for the name: one proxied address is
// enough (https://developers.cloudflare.com/dns/proxy-status/). Where the zone could
// not be read it may, unless the inventory says that it does not: what is judged of
// a proxied name holds for both.
func (s *Subject) Proxied() bool {
	if s.Zone.LiveErr != nil {
		return s.Zone.Proxy && (s.wantsProxy() || !s.saysProxy())
	}
	for _, t := range []zone.Type{zone.A, zone.AAAA} {
		if r, ok := s.Live(t); ok && r.Proxied {
			return true
		}
	}
	return false
}

// home says whose an address is, in brackets behind a space; empty where the
// inventory does not say.
func (r Record) home() string {
	var words []string
	for _, h := range r.Hosts {
		if h.ACMEClient {
			words = append(words, h.Name+", where the ACME client runs")
		} else {
			words = append(words, h.Name)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, "; ") + ")"
}

// liveAddrs are what the provider holds at the name.
func (s *Subject) liveAddrs() (out []netip.Addr) {
	for _, t := range families() {
		r, _ := s.Live(t)
		out = append(out, r.Addrs...)
	}
	return out
}
