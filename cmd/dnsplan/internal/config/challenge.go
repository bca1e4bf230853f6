package config

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// placing is how long a program may take to place a token, or to remove it.
const placing = 30 * time.Second

// Planter is what places tokens for a name, and the host that the inventory says
// it of; nil where it says of none. Names with the same challenge share one, as a
// listener and a folder have to be.
func (s *Session) Planter(z inventory.Zone, name zone.Name) (p plant.Planter, host string) {
	c, host := s.Inventory.ChallengeOf(z, name)
	if c == nil {
		return nil, ""
	}
	return s.planter(c), host
}

// planter is what places tokens as c says.
func (s *Session) planter(c *inventory.Challenge) plant.Planter {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := s.newPlanter(c)
	key := made.Place().String()
	if len(c.Command) > 0 {
		key = "command " + strings.Join(c.Command, "\x00")
	}
	if known, ok := s.planters[key]; ok {
		return known
	}
	if s.planters == nil {
		s.planters = map[string]plant.Planter{}
	}
	s.planters[key] = made
	return made
}

func (s *Session) newPlanter(c *inventory.Challenge) plant.Planter {
	switch {
	case c.Webroot != "":
		dir := s.Inventory.InFolder(c.Webroot)
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs // it is shown to be pasted into a web server's configuration
		}
		return plant.Webroot(dir, time.Now) // the age of files goes by the machine's clock
	case len(c.Command) > 0:
		return plant.Command(c.Command, s.Inventory.Dir, placing)
	}
	return plant.Listen(c.Listen)
}
