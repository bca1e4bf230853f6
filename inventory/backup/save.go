package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory/durable"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

const (
	fileMode   os.FileMode = 0o600
	folderMode os.FileMode = 0o700

	jsonExt = ".json"
	zoneExt = ".zone"

	// timeFormat is the time at the start of a file's name, in UTC.
	timeFormat = "20060102T150405Z"
)

// pending is a file that appears whole under its name, or not at all.
type pending interface {
	io.Writer
	CloseAtomicallyReplace() error
	Cleanup() error
}

// disk is what Save needs of a file system; tests make it fail.
type disk struct {
	create func(path string) (pending, error)
	read   func(path string) ([]byte, error)
}

func realDisk() disk {
	return disk{
		create: func(path string) (pending, error) {
			return renameio.NewPendingFile(path,
				renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(fileMode))
		},
		read: os.ReadFile,
	}
}

// Save writes s to dir, which it makes with mode 0700. The files are named by
// now, the zone and the view; a second backup within the second gets a suffix
// ("-2"). Before it returns, both files were read again, compared byte by byte
// with what was to be written, and their records counted against s.
//
// With an error there is no backup: what was written is removed. Save is safe
// for concurrent use, also by several processes, and does not change s.
func Save(dir string, now time.Time, s *zone.Snapshot, m Meta) (Info, error) {
	return save(realDisk(), dir, now, s, m)
}

func save(d disk, dir string, now time.Time, s *zone.Snapshot, m Meta) (Info, error) {
	info := Info{Meta: m, Taken: now.UTC().Round(0), Zone: s.Zone, Counts: countOf(s)}
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return Info{}, fmt.Errorf("back up %s: %w", s.Zone, err)
	}
	base, err := claim(filepath.Join(dir, info.Taken.Format(timeFormat)+"-"+zone.FileName(s.Zone, m.View)))
	if err != nil {
		return Info{}, fmt.Errorf("back up %s: %w", s.Zone, err)
	}
	info.Path, info.ZonePath = base+jsonExt, base+zoneExt
	if err := d.saveBoth(&info, s); err != nil {
		return Info{}, errors.Join(fmt.Errorf("back up %s: %w", s.Zone, err), discard(info))
	}
	return info, nil
}

// claim makes an empty zone file under the first free name and returns the name
// without extension.
func claim(base string) (string, error) {
	name := base
	for n := 2; ; n++ {
		f, err := os.OpenFile(name+zoneExt, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
		if err == nil {
			return name, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		name = base + "-" + strconv.Itoa(n)
	}
}

// discard removes both files of a backup that failed, the JSON file first.
func discard(info Info) error {
	err := os.Remove(info.Path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(info.ZonePath))
}

// saveBoth writes both files and then judges them. They are encoded and judged
// side by side, and written one after the other.
func (d disk) saveBoth(info *Info, s *zone.Snapshot) error {
	var text, doc []byte
	var g errgroup.Group
	g.Go(func() error { text = appendZone(nil, *info, s); return nil })
	g.Go(func() error { doc = appendJSON(nil, *info, s); return nil })
	if err := g.Wait(); err != nil {
		return err
	}
	info.ZoneSize, info.Size = int64(len(text)), int64(len(doc))
	if err := d.write(info.ZonePath, text); err != nil {
		return err
	}
	if err := d.write(info.Path, doc); err != nil {
		return err
	}
	if err := durable.SyncDir(filepath.Dir(info.Path)); err != nil {
		return err
	}
	g.Go(func() error { return d.judge(info.ZonePath, text, countZone, zoneRecords(s)) })
	g.Go(func() error { return d.judge(info.Path, doc, countJSON, len(s.RRsets)+len(s.Others)) })
	return g.Wait()
}

func (d disk) write(path string, b []byte) error {
	f, err := d.create(path)
	if err != nil {
		return err
	}
	n, err := f.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = f.CloseAtomicallyReplace()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, cause(err)), f.Cleanup())
	}
	return nil
}

// cause is what the system says, without the operation and the temporary file
// that it was said of: the file that is meant is named already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// judge reads a file again and tells whether it is meant and holds as many
// records as the snapshot.
func (d disk) judge(path string, meant []byte, count func([]byte) int, records int) error {
	b, err := d.read(path)
	if err != nil {
		return fmt.Errorf("read again: %w", err)
	}
	if !bytes.Equal(b, meant) { // more than equal hashes would say, and faster
		return fmt.Errorf("read again %s: %w: it is not what was written", path, ErrDamaged)
	}
	if n := count(b); n != records {
		return fmt.Errorf("read again %s: %w: %d records where the snapshot has %d", path, ErrDamaged, n, records)
	}
	return nil
}
