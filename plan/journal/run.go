package journal

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"github.com/dnsplan/dnsplan/inventory/durable"
)

// RunsDir is the folder of the runs within the state folder.
const RunsDir = "runs"

// LastRun is the word by which FindRun returns the newest run.
const LastRun = "last"

var (
	// ErrUsed is a plan that has a run already: it is never applied twice.
	ErrUsed = errors.New("the plan has been used: make a new one")
	// ErrNoRun is a run that does not exist.
	ErrNoRun = errors.New("no such run")
	// ErrAmbiguous is a prefix that several runs share.
	ErrAmbiguous = errors.New("several runs start so")
	// ErrPlanChanged is a plan in a run's folder that is not the one the run
	// began with.
	ErrPlanChanged = errors.New("the plan is not the one that the run began with")
)

// Run is one execution of a plan: a folder that is named by the plan's id.
type Run struct {
	ID   string
	Path string // the folder
}

// CreateRun claims a plan by making the folder of its run, stores the plan and
// begins the journal with first. The member plan_sha256 is added to first.Data,
// which is empty or an object.
//
// Making the folder is the atomic claim: of several processes one wins, and the
// others get ErrUsed. When anything fails behind it the plan counts as used
// although nothing was done; see ErrNeverBegun.
func CreateRun(stateDir, id string, planJSON []byte, first Event) (*Writer, error) {
	return createRun(stateDir, id, planJSON, first, openFile)
}

func createRun(stateDir, id string, planJSON []byte, first Event, open opener) (*Writer, error) {
	if !validID(id) {
		return nil, fmt.Errorf("create run %q: not an id of letters, digits, hyphens and underscores", id)
	}
	data, err := withDigest(first.Data, planJSON)
	if err != nil {
		return nil, fmt.Errorf("create run %s: data of the first event: %w", id, err)
	}
	first.Data = data
	runs := filepath.Join(stateDir, RunsDir)
	if err := claim(runs, id); err != nil {
		return nil, fmt.Errorf("create run %s: %w", id, err)
	}
	dir := filepath.Join(runs, id)
	if err := writeNew(filepath.Join(dir, PlanFile), planJSON, open); err != nil {
		return nil, fmt.Errorf("create run %s: %w", id, err)
	}
	return create(dir, first, open)
}

func claim(runs, id string) error {
	if err := ensureFolder(runs); err != nil {
		return err
	}
	err := makeFolder(filepath.Join(runs, id))
	if errors.Is(err, fs.ErrExist) {
		return ErrUsed
	}
	if err != nil {
		return err
	}
	return durable.SyncDir(runs)
}

func writeNew(path string, b []byte, open opener) error {
	f, err := open(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	if err := writeSynced(f, b); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), f.Close())
	}
	return f.Close()
}

// validID keeps ids within the folder of the runs.
func validID(id string) bool {
	for _, c := range id {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return id != "" && id != LastRun && len(id) <= 64
}

const digestMember = "plan_sha256"

func withDigest(data json.RawMessage, planJSON []byte) (json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &members); err != nil {
			return nil, err
		}
	}
	if members == nil { // data was null
		members = map[string]json.RawMessage{}
	}
	members[digestMember] = json.RawMessage(`"` + digest(planJSON) + `"`)
	return json.Marshal(members)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// ListRuns returns the runs of a state folder, newest first, without reading
// them. Ids are ULIDs, so the newest is the greatest. A state folder without
// runs, or none at all, has none.
func ListRuns(stateDir string) ([]Run, error) {
	dir := filepath.Join(stateDir, RunsDir)
	entries, err := entriesOf(dir)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var runs []Run
	for _, e := range entries {
		if e.IsDir() && validID(e.Name()) {
			runs = append(runs, Run{ID: e.Name(), Path: filepath.Join(dir, e.Name())})
		}
	}
	slices.SortFunc(runs, func(a, b Run) int { return cmp.Compare(b.ID, a.ID) })
	return runs, nil
}

// FindRun returns the run whose id is, or alone starts with, prefix in any
// case; "last" is the newest run. Errors: ErrNoRun, ErrAmbiguous, or others.
func FindRun(stateDir, prefix string) (Run, error) {
	runs, err := ListRuns(stateDir)
	if err != nil {
		return Run{}, err
	}
	if prefix == LastRun && len(runs) > 0 {
		return runs[0], nil
	}
	found := slices.DeleteFunc(runs, func(r Run) bool { return !hasPrefixFold(r.ID, prefix) })
	if i := slices.IndexFunc(found, func(r Run) bool { return strings.EqualFold(r.ID, prefix) }); i >= 0 {
		return found[i], nil
	}
	switch {
	case prefix == "" || len(found) == 0:
		return Run{}, fmt.Errorf("find run %q: %w", prefix, ErrNoRun)
	case len(found) > 1:
		return Run{}, fmt.Errorf("find run %q: %w: %s", prefix, ErrAmbiguous, joinIDs(found))
	}
	return found[0], nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// joinIDs lists the newest few.
func joinIDs(runs []Run) string {
	const most = 5
	var b strings.Builder
	for i, r := range runs {
		if i == most {
			return b.String() + " and more"
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(r.ID)
	}
	return b.String()
}

// Journal returns the path of the run's journal, for Watch.
func (r Run) Journal() string { return filepath.Join(r.Path, JournalFile) }

// Events reads the run's journal without changing it; see Read. The error of a
// run without any event is ErrNeverBegun.
func (r Run) Events() ([]Event, error) {
	events, err := Read(r.Journal())
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(events) == 0 {
		return nil, fmt.Errorf("run %s: %w", r.ID, ErrNeverBegun)
	}
	return events, err
}

// Open takes the run over; see the function Open.
func (r Run) Open() (events []Event, w *Writer, repaired string, err error) { return Open(r.Path) }

// Plan returns the plan that the run began with, as it was saved. Its error is
// ErrPlanChanged when the file is another one than the journal's first event
// saw. A journal that is damaged behind its first event is no error here.
func (r Run) Plan() ([]byte, error) {
	events, err := r.Events()
	if len(events) == 0 {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(r.Path, PlanFile))
	if err != nil {
		return nil, fmt.Errorf("run %s: read plan: %w", r.ID, err)
	}
	var begun struct {
		Digest string `json:"plan_sha256"`
	}
	if err := json.Unmarshal(events[0].Data, &begun); err != nil || begun.Digest != digest(b) {
		return nil, fmt.Errorf("run %s: %w", r.ID, ErrPlanChanged)
	}
	return b, nil
}

// Busy tells whether a process holds the run's journal at this moment. Asking
// takes a shared lock for that moment, for which an Open waits.
func (r Run) Busy() (bool, error) {
	lock := flock.New(r.Journal(), flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("run %s: %w", r.ID, err)
	}
	if free {
		err = lock.Close()
	}
	return !free, err
}
