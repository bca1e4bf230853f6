package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// What a command line names and the inventory does not hold.
var (
	// ErrNoSuchName is a name that neither the inventory nor live holds.
	ErrNoSuchName = errors.New("no such name")
	// ErrNoSuchGroup is a group that no record of the inventory is in.
	ErrNoSuchGroup = errors.New("no such group")
	// ErrNoSuchZone is a zone that the inventory does not hold.
	ErrNoSuchZone = errors.New("no such zone in the inventory")
)

// noSuchName is the error about a name that is in no record, with the one that is
// meant by it, as far as that can be told.
func (s *Session) noSuchName(n zone.Name) error {
	err := fmt.Errorf("%s: %w in the inventory", n.Display(), ErrNoSuchName)
	if near := s.near(n); near != "" {
		return fmt.Errorf("%w, did you mean %q?", err, near)
	}
	return err
}

// near is the only name of the inventory that begins with n, as www.example.org does
// with www, or the nearest one of n's zone; empty where there is none.
func (s *Session) near(n zone.Name) string {
	var begin, siblings []string
	for _, z := range s.Inventory.Zones {
		for _, r := range z.Records {
			if strings.HasPrefix(string(r.Name), string(n)) {
				begin = append(begin, r.Name.Display())
			}
			if n.IsSubdomainOf(z.Name) && r.Name != z.Name {
				siblings = append(siblings, strings.TrimSuffix(r.Name.Display(), "."+z.Name.Display()))
			}
		}
		if len(siblings) > 0 {
			if below := inventory.Nearest(strings.TrimSuffix(n.Display(), "."+z.Name.Display()), siblings); below != "" {
				return below + "." + z.Name.Display()
			}
			siblings = nil
		}
	}
	if len(begin) == 1 {
		return begin[0]
	}
	return ""
}

// noSuchZone is the error about a zone that the inventory does not hold, with the one
// that it lies in.
func (s *Session) noSuchZone(n zone.Name) error {
	err := fmt.Errorf("zone %s: %w", n.Display(), ErrNoSuchZone)
	for _, z := range s.Inventory.Zones {
		if n.IsSubdomainOf(z.Name) {
			return fmt.Errorf("%w, did you mean %q?", err, z.Name.Display())
		}
	}
	return err
}
