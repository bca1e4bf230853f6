package plant

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// folder is where a web server finds challenges, below its root.
	folder = ".well-known/acme-challenge"
	// mark starts the name of the empty file that stands beside an authority's
	// token, whose name is not ours to choose: it tells that the token is ours. No
	// token has a dot in its name.
	mark = prefix + "of."
	// stale is the age at which a file of ours has been left behind: no check and
	// no order takes that long.
	stale = time.Hour
)

// Webroot returns a planter that writes files below dir, the folder that a web
// server serves as the root of the name. Missing folders are made, readable for
// everybody, and removed with the last token, unless somebody else uses them by
// then. dir itself must exist.
//
// Nothing outside dir is ever written or removed: a symbolic link that leads out
// of it is an error. now is for the age of what was left behind.
func Webroot(dir string, now func() time.Time) Planter { return &webroot{dir: dir, now: now} }

type webroot struct {
	dir string
	now func() time.Time

	mu      sync.Mutex
	root    *os.Root // nil where no token is in place
	tokens  int
	folders []made
}

// made is a file or a folder of ours.
type made struct {
	path string
	info fs.FileInfo
}

func (w *webroot) Place() Place { return Place{Webroot: w.dir} }

func (w *webroot) Plant(ctx context.Context, t Token) (func(context.Context) error, error) {
	if err := errors.Join(t.valid(), ctx.Err()); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.open(); err != nil {
		return nil, fmt.Errorf("place token in %s: %w", w.Place(), err)
	}
	files, err := w.plant(t)
	if err != nil {
		return nil, fmt.Errorf("place token in %s: %w", w.Place(), errors.Join(err, w.remove(files)))
	}
	var once sync.Once
	return func(context.Context) (err error) {
		once.Do(func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			if err = w.remove(files); err != nil {
				err = fmt.Errorf("remove token from %s: %w", w.Place(), err)
			}
		})
		return err
	}, nil
}

func (w *webroot) open() (err error) {
	if w.root == nil {
		w.root, err = os.OpenRoot(w.dir)
	}
	if err == nil {
		w.tokens++
	}
	return err
}

// plant makes the folders and the files. Another process may remove a folder
// that is empty in between, so a folder that is missing is made again.
func (w *webroot) plant(t Token) (files []made, err error) {
	const tries = 5
	for range tries {
		if err = w.makeFolders(); err == nil {
			sweep(w.root, w.now())
			if !strings.HasPrefix(t.Name, prefix) && len(files) == 0 {
				err = w.file(mark+t.Name, "", &files)
			}
		}
		if err == nil {
			err = w.file(t.Name, t.Body, &files)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return files, err
}

func (w *webroot) makeFolders() error {
	for _, dir := range []string{path.Dir(folder), folder} {
		err := w.root.Mkdir(dir, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		info, err := w.root.Lstat(dir)
		if err != nil {
			return err
		}
		w.folders = append(w.folders, made{dir, info})
		if err := w.root.Chmod(dir, 0o755); err != nil { // whatever the umask says
			return err
		}
	}
	return nil
}

// file makes a file that everybody may read, and never writes over one.
func (w *webroot) file(name, body string, files *[]made) (err error) {
	name = path.Join(folder, name)
	f, err := w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		info, failed := f.Stat() // as it is at the end: an inode is used again, with another time
		*files = append(*files, made{name, info})
		err = errors.Join(err, failed, f.Close())
	}()
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	_, err = f.WriteString(body)
	return err
}

// remove removes the files of a token, the last first, and the folders with the
// last token. The lock is held.
func (w *webroot) remove(files []made) (err error) {
	for _, f := range slices.Backward(files) {
		err = errors.Join(err, f.remove(w.root))
	}
	if w.tokens--; w.tokens > 0 {
		return err
	}
	for _, f := range slices.Backward(w.folders) {
		f.removeFolder(w.root)
	}
	err = errors.Join(err, w.root.Close())
	w.root, w.folders = nil, nil
	return err
}

// remove removes a file, unless it has become another.
func (m made) remove(root *os.Root) error {
	info, err := root.Lstat(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if m.info == nil || !os.SameFile(info, m.info) || !info.ModTime().Equal(m.info.ModTime()) {
		return fmt.Errorf("%s is not what was placed there", m.path)
	}
	if err := root.Remove(m.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeFolder removes a folder of ours that nobody uses.
func (m made) removeFolder(root *os.Root) {
	if info, err := root.Lstat(m.path); err == nil && os.SameFile(info, m.info) {
		_ = root.Remove(m.path) // which fails where something is in it
	}
}

// sweep removes files that a process of ours has left behind. It is a courtesy:
// what it cannot remove it leaves.
func sweep(root *os.Root, now time.Time) {
	dir, err := root.Open(folder)
	if err != nil {
		return
	}
	defer dir.Close()
	entries, _ := dir.ReadDir(-1)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), prefix) || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < stale {
			continue
		}
		if name, ok := strings.CutPrefix(e.Name(), mark); ok {
			_ = root.Remove(path.Join(folder, name)) // first, so that the mark outlives it
		}
		_ = root.Remove(path.Join(folder, e.Name()))
	}
}
