package backup

import (
	"errors"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// FormatVersion is the version of the JSON file that Save writes.
const FormatVersion = 1

var (
	// ErrDamaged is a backup that is truncated, was changed, or does not hold
	// what its head counts.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrVersion is a backup of a format that this program does not know.
	ErrVersion = errors.New("unknown format version")
)

// Meta says where a snapshot came from.
type Meta struct {
	View     string // the zone's view; empty where it has one only
	Provider string // the provider's name in the inventory
	Run      string // the run that made the backup; empty outside of runs
}

// Counts is how much a backup holds.
type Counts struct {
	RRsets    int `json:"rrsets"`    // address sets, foreign ones included
	Addresses int `json:"addresses"` // addresses in them
	Others    int `json:"others"`    // records of other types
}

// Info is a backup as List shows it.
type Info struct {
	Meta
	Taken    time.Time // in UTC
	Zone     zone.Name
	Counts   Counts
	Path     string // the JSON file
	ZonePath string // the zone file
	Size     int64  // bytes of the JSON file
	ZoneSize int64  // bytes of the zone file
	// Err is why the backup cannot be read; the fields that its head holds are
	// then zero.
	Err error
}

func countOf(s *zone.Snapshot) Counts {
	c := Counts{RRsets: len(s.RRsets), Others: len(s.Others)}
	for i := range s.RRsets {
		c.Addresses += len(s.RRsets[i].Addrs)
	}
	return c
}
