package cdn

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"
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

// ErrShrunk is a list with less than half of the prefixes that the one before it
// has. It may be a vendor's mistake, and is taken only when a person says so.
var ErrShrunk = errors.New("less than half of the prefixes are left")

// Check returns an error that wraps ErrShrunk where too much is gone.
func (c Change) Check() error {
	if was, is := len(c.Old.Prefixes), len(c.New.Prefixes); 2*is < was {
		return fmt.Errorf("ranges of %s: %w: %d of %d", c.New.Vendor.Title(), ErrShrunk, is, was)
	}
	return nil
}

const (
	folderMode fs.FileMode = 0o700
	fileMode   fs.FileMode = 0o600
)

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
	err = renameio.WriteFile(path, l.Encode(), fileMode, renameio.WithTempDir(folder), renameio.WithStaticPermissions(fileMode))
	if err != nil {
		return fmt.Errorf("save ranges of %s: %w", l.Vendor.Title(), err)
	}
	return nil
}
