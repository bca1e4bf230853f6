package backup

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxHead bounds the first line of a JSON file, in bytes.
const maxHead = 64 << 10

// List returns the backups in dir, newest first. It reads heads only; Load
// judges the rest. A backup whose head cannot be read is listed with Err set,
// behind all others. A folder that does not exist holds none.
func List(dir string) ([]Info, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list backups: %w", err)
	}
	var infos []Info
	for _, e := range entries {
		name := e.Name()
		if e.Type().IsRegular() && strings.HasSuffix(name, jsonExt) && !strings.HasPrefix(name, ".") {
			infos = append(infos, Stat(filepath.Join(dir, name)))
		}
	}
	slices.SortFunc(infos, newestFirst)
	return infos, nil
}

// newestFirst orders backups of one second by their suffixes, of which a longer
// one is later.
func newestFirst(a, b Info) int {
	return cmp.Or(
		b.Taken.Compare(a.Taken),
		cmp.Compare(len(b.Path), len(a.Path)),
		cmp.Compare(b.Path, a.Path),
	)
}

// Stat reads the head of the backup whose JSON file is at path. Why it cannot
// be read is told in Err.
func Stat(path string) Info {
	info := Info{Path: path, ZonePath: strings.TrimSuffix(path, jsonExt) + zoneExt}
	if st, err := os.Stat(info.ZonePath); err == nil {
		info.ZoneSize = st.Size()
	}
	h, size, err := readHead(path)
	info.Size = size
	if err != nil {
		info.Err = fmt.Errorf("backup %s: %w", path, err)
		return info
	}
	info.Meta, info.Taken, info.Zone, info.Counts = h.meta(), h.Taken, h.Zone, h.Counts
	return info
}

func readHead(path string) (h head, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return head{}, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return head{}, 0, err
	}
	line, err := bufio.NewReaderSize(f, maxHead).ReadSlice('\n')
	if err != nil {
		return head{}, st.Size(), damaged("its first line has no end")
	}
	h, err = decodeHead(line[:len(line)-1])
	return h, st.Size(), err
}
