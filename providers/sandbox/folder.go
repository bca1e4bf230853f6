package sandbox

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// zoneSuffix ends the name of a zone file: example.org. is in example.org.zone.
const zoneSuffix = ".zone"

// settling is the age from which a file's time of change can be trusted: file
// systems count it in ticks, so that a second write within one tick shows only
// in the bytes.
const settling = 50 * time.Millisecond

// fileState is what was seen of a zone's files when they were last read.
type fileState struct {
	stamps  []stamp // the zone file, then those that it includes
	settled bool
}

// present tells whether the zone file was there.
func (f *fileState) present() bool { return f.stamps[0].info != nil }

// stamp is one file as os.Stat showed it; info is nil when it was not there.
type stamp struct {
	path string
	info os.FileInfo
}

// OpenStore returns a store over the files named <zone>.zone in dir. Each
// question looks at the file's stamp first, so a rewritten file is served at
// once and nothing polls. A file that cannot be parsed leaves the version
// before it in force; a zone that was never good is answered with SERVFAIL.
// $INCLUDE reaches only files below dir. now is as in NewStore.
func OpenStore(dir string, now func() time.Time) (*Store, error) {
	names, err := zoneFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("open zones: %w", err)
	}
	s := NewStore(now)
	s.dir = dir
	for _, n := range names {
		s.refresh(n, false)
	}
	return s, nil
}

// zoneFiles lists the zones in dir.
func zoneFiles(dir string) ([]zone.Name, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []zone.Name
	for _, e := range entries {
		base, ok := strings.CutSuffix(e.Name(), zoneSuffix)
		if !ok || base == "" || e.IsDir() {
			continue
		}
		names = append(names, zone.Canonical(base))
	}
	return names, nil
}

// reload reads the zone's file again whatever its stamp says, after a write.
func (s *Store) reload(name zone.Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh(name, true)
}

// refresh makes a new version when the zone's file is not what was read last.
func (s *Store) refresh(name zone.Name, force bool) {
	path, ok := s.path(name)
	if !ok {
		return
	}
	h, known := s.zones[name]
	if known && !force && h.file.settled && !h.file.changed() {
		return
	}
	v, state := s.read(name, path)
	if !known {
		if !state.present() {
			return
		}
		h = s.history(name)
	}
	if h.last().superseded(v) {
		s.push(h, v)
	}
	h.file = state
}

// superseded tells whether what was read now is to be served in place of v: a
// good version is kept when the file has become a bad one.
func (v version) superseded(by version) bool {
	switch {
	case by.content == nil && by.err == nil:
		return v.content != nil || v.err != nil
	case by.err != nil:
		return v.content == nil && (v.err == nil || v.sum != by.sum)
	}
	return v.content == nil || v.sum != by.sum
}

// path returns the file of a zone. A name with bytes that mean something in a
// path has none, so that a question cannot leave the folder.
func (s *Store) path(name zone.Name) (string, bool) {
	if name == zone.Root {
		return "", false
	}
	for _, b := range []byte(name) {
		if b == '/' || b == '\\' || b == ':' || b < '!' {
			return "", false
		}
	}
	return filepath.Join(s.dir, name.Display()+zoneSuffix), true
}

// changed compares the files' stamps now with those of the last read.
func (f *fileState) changed() bool {
	for _, old := range f.stamps {
		now := stampOf(old.path)
		if (now.info == nil) != (old.info == nil) {
			return true
		}
		if now.info != nil && !sameFile(now.info, old.info) {
			return true
		}
	}
	return false
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	return stamp{path: path, info: info}
}

func sameFile(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// read parses a zone's file. Each stamp is taken before its file is read, so
// that a change in between shows at the next look.
func (s *Store) read(name zone.Name, path string) (version, fileState) {
	in := &includes{dir: s.dir, stamps: []stamp{stampOf(path)}}
	var v version
	if in.stamps[0].info != nil {
		var text []byte
		if text, v.err = os.ReadFile(path); v.err == nil {
			in.text.Write(text)
			v.content, v.err = parseContent(name, zoneText{file: filepath.Base(path), text: bytes.NewReader(text), includes: in})
		}
		v.sum = sha256.Sum256(in.text.Bytes())
	}
	return v, fileState{stamps: in.stamps, settled: settled(in.stamps)}
}

// settled tells whether every stamp is old enough to be trusted. File times are
// the machine's, so they are compared with its clock and not with the store's.
func settled(stamps []stamp) bool {
	for _, st := range stamps {
		if st.info != nil && time.Since(st.info.ModTime()) < settling {
			return false
		}
	}
	return true
}

// includes opens the files that a zone file includes, below dir only, and
// remembers what it opened.
type includes struct {
	dir    string
	stamps []stamp
	text   bytes.Buffer
}

// Open reads the whole file, so that nothing stays open behind a parse error.
func (in *includes) Open(name string) (fs.File, error) {
	in.stamps = append(in.stamps, stampOf(filepath.Join(in.dir, name)))
	f, err := os.OpenInRoot(in.dir, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	in.text.Write(text)
	info, err := f.Stat()
	return included{bytes.NewReader(text), info}, err
}

// included is an fs.File in memory.
type included struct {
	*bytes.Reader
	info fs.FileInfo
}

// Stat returns what was seen of the file when it was read.
func (f included) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close does nothing: the file was closed after it was read.
func (f included) Close() error { return nil }
