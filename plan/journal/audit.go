package journal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"
)

// Verification is what became of the change log since it was written.
type Verification struct {
	Path    string `json:"path"`
	Entries int    `json:"entries"`
	// Unchained are the first entries, of an older version, that nothing protects
	// but the hash over all of them in the first chained entry, if there is one.
	Unchained int    `json:"unchained"`
	Head      string `json:"head"` // the last entry's hash; empty where there is none
	// Vouching are the runs whose end is in agreement with the log.
	Vouching int `json:"runs"`
	// Unread are the runs whose journals cannot be read, so that they do not
	// vouch for anything.
	Unread []string `json:"unread"`
	// Aside are the files in which lines were set aside that were no entries.
	Aside []string `json:"aside"`
	// Fault is the first that is wrong; nil when nothing is.
	Fault *Fault `json:"fault"`
}

// Fault is a line that is not as it was written.
type Fault struct {
	Path   string `json:"path"`
	Line   int    `json:"line"` // from 1
	Reason string `json:"reason"`
}

// TamperError is a change log with a Fault.
type TamperError struct{ Fault }

// Error names the file and the line.
func (e *TamperError) Error() string {
	return fmt.Sprintf("verify %s: line %d: %s", e.Path, e.Line, e.Reason)
}

// VerifyChanges checks that the change log is as it was written: that each entry
// fits its hash and follows the one before it, that the log holds each entry
// with which a run has ended, and that the table shows the log's entries.
//
// It finds every entry that was edited, taken out, put in, repeated or moved,
// and entries taken off the end, by the runs that ended behind them. It does
// not find what somebody does who may write to the whole state folder, knows
// this format, and writes the log and the journals of all runs anew: against
// that, keep the last hash elsewhere.
//
// It changes nothing and waits for a process that is appending. The error is for
// what cannot be read; what is wrong with the log is the Fault.
func VerifyChanges(stateDir string) (v Verification, err error) {
	v = Verification{Path: filepath.Join(stateDir, ChangeLogFile), Unread: []string{}, Aside: []string{}}
	b, table, err := readBoth(stateDir)
	if err != nil {
		return v, fmt.Errorf("verify change log: %w", err)
	}
	if v.Aside, err = asides(stateDir); err != nil {
		return v, fmt.Errorf("verify change log: %w", err)
	}
	log, fault := checkLines(v.Path, b)
	v.Entries, v.Head = len(log), headOf(log).SHA256
	v.Unchained = len(log)
	if i := slices.IndexFunc(log, func(c Change) bool { return c.SHA256 != "" }); i >= 0 {
		v.Unchained = i
	}
	ends, unread, err := runEnds(stateDir)
	if err != nil {
		return v, fmt.Errorf("verify change log: %w", err)
	}
	v.Unread = append(v.Unread, unread...)
	var disputed *Fault
	v.Vouching, disputed = compareEnds(v.Path, log, ends)
	v.Fault = cmp.Or(fault, disputed, checkTable(filepath.Join(stateDir, ChangeLogTable), table, log))
	return v, nil
}

// readBoth reads the log and its table while nobody appends; what is not there
// is empty.
func readBoth(stateDir string) (log, table []byte, err error) {
	path := filepath.Join(stateDir, ChangeLogFile)
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	switch err := lock.RLock(); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if log, err = os.ReadFile(path); err != nil {
		return nil, nil, err
	}
	table, err = os.ReadFile(filepath.Join(stateDir, ChangeLogTable))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return log, table, err
}

// checkLines returns the entries of b that can be read, and the first fault.
func checkLines(path string, b []byte) ([]Change, *Fault) {
	log, size, err := parseChanges(path, b)
	for i, at := 0, 0; i < len(log); i++ {
		line, _, _ := bytes.Cut(b[at:], []byte("\n"))
		if reason := checkLink(log[i], line, log[:i], b[:at]); reason != "" {
			return log, &Fault{path, i + 1, reason}
		}
		at += len(line) + 1
	}
	if damage, ok := errors.AsType[*DamageError](err); ok {
		return log, &Fault{path, damage.Line, "the line cannot be read: " + damage.Reason}
	}
	if size < len(b) {
		return log, &Fault{path, len(log) + 1, "the line is not whole: an edit, or a write that broke off, which the next change completes or sets aside"}
	}
	return log, nil
}

// runEnd is where the change log stood when a run ended.
type runEnd struct {
	run  string
	head Head
}

// runEnds are those of the state folder's runs, the shortest log first.
func runEnds(stateDir string) (ends []runEnd, unread []string, err error) {
	runs, err := ListRuns(stateDir)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range runs {
		events, err := r.Events()
		if err != nil && !errors.Is(err, ErrNeverBegun) {
			unread = append(unread, r.ID)
		}
		for _, e := range events {
			if head, ok := endHead(e); ok {
				ends = append(ends, runEnd{r.ID, head})
			}
		}
	}
	slices.SortStableFunc(ends, func(a, b runEnd) int { return cmp.Compare(a.head.Entries, b.head.Entries) })
	return ends, unread, nil
}

// endData is the Data of an End event.
type endData struct {
	Log Head `json:"change_log"`
}

// EndData is the Data of a run's End event, which vouches for the change log
// from then on; nil for a log without chained entries.
func EndData(h Head) (json.RawMessage, error) {
	if h == (Head{}) {
		return nil, nil
	}
	return json.Marshal(endData{h})
}

// endHead returns what EndData has put into e.
func endHead(e Event) (Head, bool) {
	var data endData
	if e.Kind != End || len(e.Data) == 0 || json.Unmarshal(e.Data, &data) != nil {
		return Head{}, false
	}
	return data.Log, data.Log != Head{}
}

// compareEnds counts the ends that agree with the log and returns the first that
// does not.
func compareEnds(path string, log []Change, ends []runEnd) (agree int, first *Fault) {
	for _, e := range ends {
		n := e.head.Entries
		var reason string
		switch {
		case n > len(log):
			reason = fmt.Sprintf("the log ends before this entry, and had %d when run %s ended: entries were taken off its end", n, e.run)
			n = len(log) + 1
		case n < 1 || log[n-1].SHA256 != e.head.SHA256:
			reason = fmt.Sprintf("another entry stood here when run %s ended: the log was written anew", e.run)
		default:
			agree++
			continue
		}
		if first == nil {
			first = &Fault{path, n, reason}
		}
	}
	return agree, first
}

// checkTable compares the table with the log's. It may be behind, as after a
// crash, or of a version that wrote other columns: the next change writes it
// anew.
func checkTable(path string, table []byte, log []Change) *Fault {
	want := bytes.SplitAfter(Markdown(log), []byte("\n"))
	got := bytes.SplitAfter(table, []byte("\n"))
	if !bytes.HasPrefix(table, []byte(tableHead)) {
		return nil
	}
	for i, line := range got {
		switch {
		case i < len(want) && bytes.Equal(line, want[i]):
		case i == len(got)-1 && len(line) == 0:
		default:
			return &Fault{path, i + 1, "the row is not what " + ChangeLogFile + " says: it was edited here"}
		}
	}
	return nil
}
