package route53test

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Zone is a hosted zone.
type Zone struct {
	ID      string
	Name    string
	Comment string
	Private bool
	// Service manages the zone; empty for one of the account's own.
	Service string

	server *Server
	sets   map[key]Set
}

// AddZone adds a hosted zone with an SOA and an NS record of its own. Its name is
// brought into the form that the API has.
func (s *Server) AddZone(z Zone) *Zone {
	z.server, z.Name, z.sets = s, canonical(z.Name), map[key]Set{}
	z.Put(
		Simple(z.Name, "NS", 172800, "ns-1.awsdns-01.org.", "ns-2.awsdns-02.net."),
		Simple(z.Name, "SOA", 900, "ns-1.awsdns-01.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"),
	)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones = append(s.zones, &z)
	return &z
}

// RemoveZone removes a hosted zone.
func (s *Server) RemoveZone(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones = slices.DeleteFunc(s.zones, func(z *Zone) bool { return z.ID == id })
}

// Put sets record sets as somebody else would, unchecked.
func (z *Zone) Put(sets ...Set) {
	z.server.mu.Lock()
	defer z.server.mu.Unlock()
	for _, s := range sets {
		s.Name = canonical(s.Name)
		z.sets[s.key()] = s
	}
}

// Remove removes all record sets of a name and type.
func (z *Zone) Remove(name, typ string) {
	z.server.mu.Lock()
	defer z.server.mu.Unlock()
	maps.DeleteFunc(z.sets, func(k key, _ Set) bool { return k.name == canonical(name) && k.typ == typ })
}

// Sets returns the record sets in the list's order.
func (z *Zone) Sets() []Set {
	z.server.mu.Lock()
	defer z.server.mu.Unlock()
	return sorted(z.sets)
}

func sorted(sets map[key]Set) []Set {
	return slices.SortedFunc(maps.Values(sets), func(a, b Set) int { return compare(a.key(), b.key()) })
}

func (s *Server) find(id string) (*Zone, *apiError) {
	for _, z := range s.zones {
		if z.ID == id {
			return z, nil
		}
	}
	return nil, &apiError{http.StatusNotFound, "NoSuchHostedZone", "No hosted zone found with ID: " + id}
}

// hostedZone is a hosted zone in an answer.
type hostedZone struct {
	ID      string `xml:"Id"`
	Name    string
	Caller  string  `xml:"CallerReference"`
	Comment string  `xml:"Config>Comment,omitempty"`
	Private bool    `xml:"Config>PrivateZone"`
	Count   int     `xml:"ResourceRecordSetCount"`
	Linked  *linked `xml:"LinkedService"`
}

type linked struct {
	Principal string `xml:"ServicePrincipal"`
}

func (z *Zone) answer() hostedZone {
	h := hostedZone{ID: "/hostedzone/" + z.ID, Name: z.Name, Caller: "caller-" + z.ID, Comment: z.Comment, Private: z.Private, Count: len(z.sets)}
	if z.Service != "" {
		h.Linked = &linked{z.Service}
	}
	return h
}

// maxItems reads the size of a page, at most most.
func maxItems(q url.Values, most int) (int, *apiError) {
	text := q.Get("maxitems")
	if text == "" {
		return most, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, &apiError{http.StatusBadRequest, "InvalidInput", "1 validation error detected: Value '" + text + "' at 'maxItems' failed to satisfy constraint"}
	}
	return min(n, most), nil
}

func (s *Server) getZone(id string) (any, *apiError) {
	z, e := s.find(id)
	if e != nil {
		return nil, e
	}
	type document struct {
		XMLName xml.Name   `xml:"GetHostedZoneResponse"`
		NS      string     `xml:"xmlns,attr"`
		Zone    hostedZone `xml:"HostedZone"`
		Servers []string   `xml:"DelegationSet>NameServers>NameServer"`
	}
	return document{NS: namespace, Zone: z.answer(), Servers: []string{"ns-1.awsdns-01.org", "ns-2.awsdns-02.net"}}, nil
}

func (s *Server) listZones(q url.Values) (any, *apiError) {
	most, e := maxItems(q, 100)
	if e != nil {
		return nil, e
	}
	from := 0
	if marker := q.Get("marker"); marker != "" {
		if from = slices.IndexFunc(s.zones, func(z *Zone) bool { return z.ID == marker }); from < 0 {
			return nil, &apiError{http.StatusBadRequest, "InvalidInput", "The specified marker is not valid"}
		}
	}
	type document struct {
		XMLName   xml.Name     `xml:"ListHostedZonesResponse"`
		NS        string       `xml:"xmlns,attr"`
		Zones     []hostedZone `xml:"HostedZones>HostedZone"`
		Truncated bool         `xml:"IsTruncated"`
		Next      string       `xml:"NextMarker,omitempty"`
		Max       int          `xml:"MaxItems"`
	}
	d := document{NS: namespace, Max: most}
	for i, z := range s.zones[from:] {
		if i == most {
			d.Truncated, d.Next = true, z.ID
			break
		}
		d.Zones = append(d.Zones, z.answer())
	}
	return d, nil
}

func (s *Server) listZonesByName(q url.Values) (any, *apiError) {
	most, e := maxItems(q, 100)
	if e != nil {
		return nil, e
	}
	zones := slices.Clone(s.zones)
	slices.SortStableFunc(zones, func(a, b *Zone) int { return strings.Compare(reversed(a.Name), reversed(b.Name)) })
	if name := q.Get("dnsname"); name != "" {
		zones = slices.DeleteFunc(zones, func(z *Zone) bool { return reversed(z.Name) < reversed(canonical(name)) })
	}
	if id := q.Get("hostedzoneid"); id != "" {
		i := slices.IndexFunc(zones, func(z *Zone) bool { return z.ID == id })
		if q.Get("dnsname") == "" || i < 0 {
			return nil, &apiError{http.StatusBadRequest, "InvalidInput", fmt.Sprintf("hosted zone %s is not of that name", id)}
		}
		zones = zones[i:]
	}
	type document struct {
		XMLName   xml.Name     `xml:"ListHostedZonesByNameResponse"`
		NS        string       `xml:"xmlns,attr"`
		Zones     []hostedZone `xml:"HostedZones>HostedZone"`
		DNSName   string       `xml:"DNSName,omitempty"`
		Truncated bool         `xml:"IsTruncated"`
		NextName  string       `xml:"NextDNSName,omitempty"`
		NextID    string       `xml:"NextHostedZoneId,omitempty"`
		Max       int          `xml:"MaxItems"`
	}
	d := document{NS: namespace, DNSName: q.Get("dnsname"), Max: most}
	for i, z := range zones {
		if i == most {
			d.Truncated, d.NextName, d.NextID = true, z.Name, z.ID
			break
		}
		d.Zones = append(d.Zones, z.answer())
	}
	return d, nil
}

func (s *Server) listSets(id string, q url.Values) (any, *apiError) {
	z, e := s.find(id)
	if e != nil {
		return nil, e
	}
	most, e := maxItems(q, 300)
	if e != nil {
		return nil, e
	}
	from := key{canonical(q.Get("name")), q.Get("type"), q.Get("identifier")}
	switch {
	case q.Get("name") == "" && from.typ != "":
		return nil, &apiError{http.StatusBadRequest, "InvalidInput", "The request is invalid: a type without a name"}
	case from.typ == "" && from.identifier != "":
		return nil, &apiError{http.StatusBadRequest, "InvalidInput", "The request is invalid: an identifier without a type"}
	}
	type document struct {
		XMLName    xml.Name `xml:"ListResourceRecordSetsResponse"`
		NS         string   `xml:"xmlns,attr"`
		Sets       []Set    `xml:"ResourceRecordSets>ResourceRecordSet"`
		Truncated  bool     `xml:"IsTruncated"`
		Max        int      `xml:"MaxItems"`
		NextName   string   `xml:"NextRecordName,omitempty"`
		NextType   string   `xml:"NextRecordType,omitempty"`
		Identifier string   `xml:"NextRecordIdentifier,omitempty"`
	}
	d := document{NS: namespace, Max: most}
	for _, set := range sorted(z.sets) {
		if q.Get("name") != "" && compare(set.key(), from) < 0 {
			continue
		}
		if len(d.Sets) == most {
			d.Truncated, d.NextName, d.NextType, d.Identifier = true, set.Name, set.Type, set.SetIdentifier
			break
		}
		d.Sets = append(d.Sets, set)
	}
	return d, nil
}
