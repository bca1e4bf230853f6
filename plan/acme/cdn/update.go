package cdn

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/durable"
)

// Change is what is different between a list and the one that takes its place.
type Change struct {
	Old, New       List
	Added, Removed []netip.Prefix
}

// Compare returns what is different. Dates and sources do not count.
func Compare(before, after List) Change {
	return Change{before, after, without(after.Prefixes, before.Prefixes), without(before.Prefixes, after.Prefixes)}
}

func without(list, of []netip.Prefix) (out []netip.Prefix) {
	for _, p := range list {
		if !slices.Contains(of, p) {
			out = append(out, p)
		}
	}
	return out
}

// Empty tells whether both lists have the same prefixes.
func (c Change) Empty() bool { return len(c.Added)+len(c.Removed) == 0 }

// Why a list is not taken.
var (
	// ErrShrunk is a list with less than half of the prefixes that the one before
	// it has. It may be a vendor's mistake, and is taken only when a person says so.
	ErrShrunk = errors.New("less than half of the prefixes are left")
	// ErrOlder is a list with an earlier date, as of a copy that nobody keeps up.
	ErrOlder = errors.New("it is older than the list that there is")
)

// Check returns an error that wraps ErrOlder or ErrShrunk where the new list should
// not be taken.
func (c Change) Check() error {
	was, is := len(c.Old.Prefixes), len(c.New.Prefixes)
	switch {
	case c.New.Date.Before(c.Old.Date):
		return fmt.Errorf("ranges of %s: list of %s: %w, of %s", c.New.Vendor.Title(),
			c.New.Date.Format(time.DateOnly), ErrOlder, c.Old.Date.Format(time.DateOnly))
	case 2*is < was:
		return fmt.Errorf("ranges of %s: %w: %d of %d", c.New.Vendor.Title(), ErrShrunk, is, was)
	}
	return nil
}

const folderMode fs.FileMode = 0o700

// Save writes the list into the folder, where Load finds it, and makes the folder
// where it is missing; what lies above it must be there. The file is whole after a
// crash, the old one or the new one.
func Save(folder string, l List) error {
	l, err := l.checked()
	if err != nil {
		return fmt.Errorf("save ranges: %w", err)
	}
	if err := os.Mkdir(folder, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("save ranges of %s: %w", l.Vendor.Title(), err)
	}
	path := filepath.Join(folder, fileName(l.Vendor))
	if err := durable.WriteFile(path, l.Encode()); err != nil {
		return fmt.Errorf("save ranges of %s: %w", l.Vendor.Title(), err)
	}
	return nil
}
