package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Prune deletes the backups of a zone in a view that were taken before a time,
// and returns what it has deleted, newest first. It never deletes
//
//   - the newest readable backup of the zone in the view;
//   - one that spare, if not nil, says yes to;
//   - a file whose name or whose head is not as Save writes it, or that is no
//     regular file.
//
// The JSON file goes first: what a crash leaves is a zone file, which is no
// backup. An error is about the files that are still there; the rest is deleted.
func Prune(dir string, z zone.Name, view string, before time.Time, spare func(Info) bool) ([]Info, error) {
	all, err := List(dir)
	if err != nil {
		return nil, err
	}
	var gone []Info
	var errs []error
	newest := true
	for _, b := range all {
		if b.Err != nil || b.Zone != z || b.View != view || !isOurs(b) {
			continue
		}
		if newest || !b.Taken.Before(before) || spare != nil && spare(b) {
			newest = false
			continue
		}
		if err := remove(b); err != nil {
			errs = append(errs, err)
			continue
		}
		gone = append(gone, b)
	}
	return gone, errors.Join(errs...)
}

var number = regexp.MustCompile(`^(-([2-9]|[1-9][0-9]+))?$`)

// isOurs tells whether the file has the name that Save gives to what its head
// says.
func isOurs(b Info) bool {
	base := strings.TrimSuffix(filepath.Base(b.Path), jsonExt)
	rest, ok := strings.CutPrefix(base, b.Taken.UTC().Format(timeFormat)+"-"+zone.FileName(b.Zone, b.View))
	return ok && number.MatchString(rest)
}

// remove deletes both files of a backup; neither where one of them is no file.
func remove(b Info) error {
	paths := []string{b.Path, b.ZonePath}
	for _, path := range paths {
		if st, err := os.Lstat(path); err == nil && !st.Mode().IsRegular() {
			return fmt.Errorf("delete the old backup %s: not a regular file", path)
		}
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete the old backup %s: %w", path, cause(err))
		}
	}
	return nil
}
