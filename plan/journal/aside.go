package journal

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/durable"
)

// asideMark stands between the change log's name and the hash of what was set
// aside.
const asideMark = ".damaged-"

// begins tells whether tail is nothing but the beginning of lines, as a write that
// broke off leaves it, zeros behind it included.
func begins(lines, tail []byte) bool {
	return bytes.HasPrefix(lines, bytes.TrimRight(tail, "\x00"))
}

// setAside keeps a line of the change log that is no entry, durably, in a file
// beside the log, and says so. The file has the hash of what is in it in its name,
// so that a crash behind it makes no second one.
func setAside(path string, line int, tail []byte) (told string, err error) {
	kept := path + asideMark + digest(tail)[:8]
	if err := durable.WriteFile(kept, tail); err != nil {
		return "", err
	}
	return fmt.Sprintf("line %d of %s was no entry of the change log: it was set aside, in %s", line, path, kept), nil
}

// asides are the files in which lines of the change log were set aside.
func asides(stateDir string) ([]string, error) {
	out := []string{}
	entries, err := entriesOf(stateDir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ChangeLogFile+asideMark) {
			out = append(out, filepath.Join(stateDir, e.Name()))
		}
	}
	return out, nil
}
