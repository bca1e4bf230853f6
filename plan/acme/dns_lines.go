package acme

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// line is a record as a line of its zone's file: "www 300 IN A 192.0.2.1".
func (s *Subject) line(name zone.Name, ttl zone.TTL, kind, data string) string {
	return fmt.Sprintf("%s %s IN %s %s", name.Relative(s.Zone.Zone), ttl, kind, data)
}

// lines are records of addresses at the subject's name.
func (s *Subject) lines(ttl zone.TTL, addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, s.line(s.Name, ttl, zone.TypeOf(a).String(), a.String()))
	}
	return strings.Join(out, "\n")
}

// wantedLines are the wanted records as lines of the zone's file.
func (s *Subject) wantedLines(types ...zone.Type) string {
	var out []string
	for _, r := range s.Records {
		if len(types) == 0 || slices.Contains(types, r.Type) {
			out = append(out, s.lines(cmp.Or(r.TTL, zone.AutoTTL), r.Addrs))
		}
	}
	return strings.Join(out, "\n")
}

// inZone names the zone: "zone example.org", "zone example.org, view internal".
func (s *Subject) inZone() string {
	if s.Zone.View != "" {
		return fmt.Sprintf("zone %s, view %s", s.Zone.Zone.Display(), s.Zone.View)
	}
	return "zone " + s.Zone.Zone.Display()
}

// inventoryZone is the head of a zone's table.
func inventoryZone(z *Zone) string {
	text := fmt.Sprintf("[[zone]]\nname = %q\n", z.Zone.Display())
	if z.View != "" {
		text += fmt.Sprintf("view = %q\n", z.View)
	}
	return text
}

// wantedTTL is the wanted TTL.
func (s *Subject) wantedTTL() zone.TTL {
	for _, r := range s.Records {
		return cmp.Or(r.TTL, zone.AutoTTL)
	}
	return zone.AutoTTL
}

// heldTTL is the TTL that the provider has a family at, or else the wanted one.
func (s *Subject) heldTTL(t zone.Type) zone.TTL {
	live, _ := s.Live(t)
	return cmp.Or(live.TTL, s.wantedTTL())
}
