package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
	if near := s.Near(n); near != "" {
		return fmt.Errorf("%w, did you mean %q?", err, near)
	}
	return err
}

// Near is the only name of the inventory that begins with n, as www.example.org does
// with www, or the nearest one of n's zone; empty where there is none. A wildcard is
// meant by nobody.
func (s *Session) Near(n zone.Name) string {
	var begin []string
	for _, z := range s.Inventory.Zones {
		var siblings []string
		below := "." + z.Name.Display()
		for _, r := range z.Records {
			switch name := r.Name.Display(); {
			case r.Name.IsWildcard():
			case strings.HasPrefix(string(r.Name), string(n)):
				begin = append(begin, name)
			case r.Name != z.Name && n.IsSubdomainOf(z.Name):
				siblings = append(siblings, strings.TrimSuffix(name, below))
			}
		}
		if near := inventory.Nearest(strings.TrimSuffix(n.Display(), below), siblings); near != "" {
			return near + below
		}
	}
	if begin = slices.Compact(begin); len(begin) == 1 { // families, and views, follow each other
		return begin[0]
	}
	return ""
}

// HasZone tells whether the inventory holds the zone, in whatever view.
func (s *Session) HasZone(n zone.Name) bool {
	return slices.ContainsFunc(s.Inventory.Zones, func(z inventory.Zone) bool { return z.Name == n })
}

// NoSuchZone is the error about a zone that the inventory does not hold, with the
// innermost one that it lies in.
func (s *Session) NoSuchZone(n zone.Name) error {
	err := fmt.Errorf("zone %s: %w", n.Display(), ErrNoSuchZone)
	around := zone.Root
	for _, z := range s.Inventory.Zones {
		if n.IsSubdomainOf(z.Name) && z.Name.IsSubdomainOf(around) {
			around = z.Name
		}
	}
	if around != zone.Root {
		err = fmt.Errorf("%w, did you mean %q?", err, around.Display())
	}
	return err
}

// aliasIn bounds the look for an alias.
const aliasIn = 5 * time.Second

// AliasOf is what the name, which the inventory does not have, is an alias of at the
// provider of its zone; empty where it is none, or that cannot be told.
func (s *Session) AliasOf(ctx context.Context, n zone.Name) string {
	ctx, stop := context.WithTimeout(ctx, aliasIn)
	defer stop()
	for _, z := range s.zonesOf([]zone.Name{n}) {
		_, live, err := s.read(ctx, z, n)
		if err != nil {
			continue
		}
		for _, r := range live.Others {
			if r.Name == n && r.Type == "CNAME" {
				return r.Data
			}
		}
	}
	return ""
}
