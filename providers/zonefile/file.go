package zonefile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"

	"github.com/dnsplan/dnsplan/inventory/durable"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

const (
	suffix = ".zone"
	// lockRetry is how often a lock that another process holds is tried again;
	// flock(2) cannot wait and be cancelled.
	lockRetry = 5 * time.Millisecond
)

var (
	errFileName   = errors.New("this name cannot be a file's name")
	errNotRegular = errors.New("not a regular file")
	errConfined   = errors.New("an included file must lie in the folder of the zones")
	errMoved      = errors.New("the file was changed without the lock while it was written")
)

// file is a zone's file as it was read.
type file struct {
	path string // links resolved
	text string
	info fs.FileInfo
}

// path returns where the file of z lies.
func (p *Provider) path(z zone.Name) (string, error) {
	base := z.Display() + suffix
	if z == "" || z == zone.Root || base != filepath.Base(base) || strings.ContainsRune(base, 0) {
		return "", fmt.Errorf("%q: %w", string(z), errFileName)
	}
	return filepath.Join(p.dir, base), nil
}

// resolve follows links, so that a write goes through to the target.
func (p *Provider) resolve(z zone.Name) (string, error) {
	path, err := p.path(z)
	if err != nil {
		return "", err
	}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: %w", path, providers.ErrZoneNotFound)
	}
	return target, err
}

// readFile reads the whole of a regular file.
func readFile(path string) (*file, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, providers.ErrZoneNotFound)
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // before it is opened: a pipe would wait
		return nil, fmt.Errorf("%s: %w", path, errNotRegular)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	text, err := readAll(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &file{path: path, text: text, info: info}, nil
}

// readAll reads r into a string without a second copy of it.
func readAll(r io.Reader, size int64) (string, error) {
	var b strings.Builder
	if size > maxText {
		return "", errTooLarge
	}
	b.Grow(int(size))
	// The writer alone hides ReadFrom and WriteTo, the buffer stays small.
	_, err := io.CopyBuffer(struct{ io.Writer }{&b}, struct{ io.Reader }{r}, make([]byte, 32<<10))
	return b.String(), err
}

// openIncluded returns the opener of files in the folder. os.Root refuses a
// path or a link that leads out of it.
func (p *Provider) openIncluded(name string) (path, text string, err error) {
	path = filepath.Join(p.dir, name)
	if !filepath.IsLocal(name) {
		return path, "", fmt.Errorf("%q: %w", name, errConfined)
	}
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return path, "", err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil {
		return path, "", fmt.Errorf("included file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return path, "", fmt.Errorf("%s: %w", path, errNotRegular)
	}
	f, err := root.Open(name)
	if err != nil {
		return path, "", fmt.Errorf("included file: %w", err)
	}
	defer f.Close()
	text, err = readAll(f, info.Size())
	return path, text, err
}

// lock takes the exclusive lock on the file at path, across processes. The lock
// file stays: removing it would let two writers hold "the" lock.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock")
	l := flock.New(name, flock.SetPermissions(0o644))
	ok, err := l.TryLockContext(ctx, lockRetry)
	if err == nil && !ok {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return func() { l.Close() }, nil //nolint:errcheck // the process's end frees it too
}

// replace puts text in the place of f, atomically and durably, with the same
// mode, and the same owner where that is allowed. An error that is not an
// ErrUnknown leaves f as it was.
func (f *file) replace(text string) error {
	dir := filepath.Dir(f.path)
	tmp, err := renameio.NewPendingFile(f.path, renameio.WithTempDir(dir), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer tmp.Cleanup() //nolint:errcheck // a left-over temporary file does no harm
	if _, err := io.WriteString(tmp, text); err != nil {
		return err
	}
	if err := f.sameOwner(tmp.File); err != nil {
		return err
	}
	if err := f.unmoved(); err != nil {
		return err
	}
	if err := tmp.CloseAtomicallyReplace(); err != nil {
		return err
	}
	if err := durable.SyncDir(dir); err != nil {
		return fmt.Errorf("%w: %w", providers.ErrUnknown, err)
	}
	return nil
}

// sameOwner gives tmp the owner and then the mode of f. That only root may give
// files away is no error.
func (f *file) sameOwner(tmp *os.File) error {
	if st, ok := f.info.Sys().(*syscall.Stat_t); ok {
		err := tmp.Chown(int(st.Uid), int(st.Gid))
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return tmp.Chmod(f.info.Mode().Perm()) // behind chown, which may clear bits
}

// unmoved tells whether the file is still the one that was read: an editor
// knows nothing of the lock.
func (f *file) unmoved() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if !os.SameFile(info, f.info) || info.Size() != f.info.Size() || !info.ModTime().Equal(f.info.ModTime()) {
		return errMoved
	}
	return nil
}
