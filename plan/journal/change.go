package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/dnsplan/dnsplan/inventory/durable"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The two forms of the change log within the state folder.
const (
	ChangeLogFile  = "change-log.jsonl"
	ChangeLogTable = "change-log.md"
)

// Change is one entry of the change log: what happened to one RRset.
type Change struct {
	At     time.Time `json:"date"` // in UTC
	Zone   zone.Name `json:"zone"`
	View   string    `json:"view"`
	Name   zone.Name `json:"name"`
	Type   string    `json:"type"`
	Action string    `json:"action"` // the plan's
	// Outcome is what became of it: "applied", "closed" of an issuance window,
	// "rolled back" after it had been live, "left" to someone else, or "left open"
	// where a person has to look.
	Outcome string `json:"outcome"`
	// Replaced is the record that went in the same operation: "CNAME target.".
	Replaced string `json:"replaced,omitempty"`
	// OldValues and NewValues are addresses; empty where there was no RRset.
	OldValues []string `json:"old_values"`
	NewValues []string `json:"new_values"`
	// OldTTL and NewTTL are seconds; 0 where there was no RRset.
	OldTTL     zone.TTL `json:"old_ttl"`
	NewTTL     zone.TTL `json:"new_ttl"`
	OldProxied bool     `json:"old_proxied"`
	NewProxied bool     `json:"new_proxied"`
	Reason     string   `json:"reason"`
	Ticket     string   `json:"ticket"`
	Impact     string   `json:"impact"`
	By         string   `json:"by"`
	// VerifiedBy names who answered: "ns1.example.org. 192.0.2.53:53".
	VerifiedBy []string `json:"verified_by"`
	// VerifiedAt is when they had all given it, in UTC; zero where nobody has.
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	// Run and ID name the entry: one of each pair is kept. A rollback of the
	// same change needs an ID of its own.
	Run string `json:"run"`
	ID  string `json:"change"`

	// AppendChanges sets the rest, which chains the entries. Seq is the line of
	// the entry, from 1. SHA256 is over the line's bytes from the first brace up
	// to, and without, the comma before that last member. Prev is the SHA256 of
	// the entry before; in the first entry, that of all bytes before it in the
	// file. The entries of older versions have none of the three.
	Seq    int    `json:"seq,omitempty"`
	Prev   string `json:"prev,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// LeftOff tells whether the entry is of an issuance window that its run has left open.
func (c Change) LeftOff() bool { return c.Outcome == "left open" && c.OldProxied && !c.NewProxied }

// changeKey is what makes an entry unique.
type changeKey struct{ run, id string }

func (c Change) key() changeKey { return changeKey{c.Run, c.ID} }

// AppendChanges adds entries to the change log, durably, and writes the table
// anew from the whole log. An entry whose Run and ID are logged already is left
// out, so that calling it again after a crash adds only what is missing. A last
// line that is no entry is taken off first, unless only its newline is missing:
// the beginning of an entry that is written now is cut off, and anything else is
// set aside in a file of its own, of which repaired tells, also beside an error.
// It waits for a process that is appending.
// It returns where the log stands then, which the run's End event keeps; see
// VerifyChanges.
// Errors: a *DamageError when an earlier line cannot be read, or others; behind
// an error call it again with the same entries. An entry that was edited and can
// be read is no error here: a run must be able to end.
func AppendChanges(stateDir string, changes []Change) (head Head, repaired string, err error) {
	return appendChanges(stateDir, changes, openFile)
}

func appendChanges(stateDir string, changes []Change, open opener) (head Head, repaired string, err error) {
	path := filepath.Join(stateDir, ChangeLogFile)
	if err := ensureFile(path); err != nil {
		return Head{}, "", fmt.Errorf("append to change log: %w", err)
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDWR|syscall.O_NOFOLLOW))
	if err := lock.Lock(); err != nil {
		return Head{}, "", fmt.Errorf("append to change log: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	log, repaired, err := appendMissing(path, changes, open)
	if err != nil {
		return Head{}, repaired, err
	}
	return headOf(log), repaired, writeTable(stateDir, log)
}

// writeTable replaces the table as a whole, durably.
func writeTable(stateDir string, log []Change) error {
	table := filepath.Join(stateDir, ChangeLogTable)
	if err := durable.WriteFile(table, Markdown(log)); err != nil {
		return fmt.Errorf("write change log %s: %w", table, err)
	}
	return nil
}

// appendMissing returns the whole log as it then is, and what was set aside.
func appendMissing(path string, changes []Change, open opener) (log []Change, repaired string, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, "", fmt.Errorf("append to change log: %w", err)
	}
	log, size, err := parseChanges(path, b)
	if err != nil {
		return nil, "", err
	}
	var ended []byte // the newline that the last entry lacks
	if last, ok := lastWhole(log, b[:size], b[size:]); ok {
		log, size, ended = append(log, last), len(b), []byte("\n")
	}
	known := len(log)
	log, lines, err := addMissing(log, b[:size], changes)
	if err != nil {
		return nil, "", fmt.Errorf("append to change log %s: %w", path, err)
	}
	if !begins(lines, b[size:]) {
		if repaired, err = setAside(path, known+1, b[size:]); err != nil {
			return nil, "", fmt.Errorf("append to change log %s: set line %d aside: %w", path, known+1, err)
		}
	}
	if err := extend(path, size, size < len(b), append(ended, lines...), open); err != nil {
		return nil, repaired, err
	}
	return log, repaired, nil
}

// extend appends lines to the file, durably; torn says that it is size bytes long
// without what is to be cut off.
func extend(path string, size int, torn bool, lines []byte, open opener) error {
	f, err := open(path, os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return fmt.Errorf("append to change log: %w", err)
	}
	if torn {
		err = cutOff(f, int64(size))
	}
	if err == nil { // also without lines: an earlier sync may have failed
		err = writeSynced(f, lines)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("append to change log %s: %w", path, err)
	}
	return nil
}

// lastWhole returns the entry of a last line that lacks nothing but its newline, as
// an editor or a write that broke off leaves it: it is kept.
func lastWhole(log []Change, before, line []byte) (c Change, ok bool) {
	if json.Unmarshal(line, &c) != nil || c.SHA256 == "" || checkLink(c, line, log, before) != "" {
		return Change{}, false
	}
	return c, true
}

// addMissing returns log, whose bytes are before, with the changes that it
// lacks, and their lines.
func addMissing(log []Change, before []byte, changes []Change) ([]Change, []byte, error) {
	known := make(map[changeKey]bool, len(log))
	for _, c := range log {
		known[c.key()] = true
	}
	var lines []byte
	for _, c := range changes {
		if c.Run == "" || c.ID == "" || c.At.IsZero() {
			return nil, nil, fmt.Errorf("change %q of run %q: a change needs a run, an id and a date", c.ID, c.Run)
		}
		if known[c.key()] {
			continue
		}
		known[c.key()] = true
		sealed, line, err := seal(c.normal(), log, before)
		if err != nil {
			return nil, nil, fmt.Errorf("change %q of run %q: %w", c.ID, c.Run, err)
		}
		log, lines = append(log, sealed), append(lines, line...)
	}
	return log, lines, nil
}

// normal returns c as it is written: whole seconds in UTC, and lists that are
// empty rather than null.
func (c Change) normal() Change {
	c.At, c.VerifiedAt = c.At.UTC().Truncate(time.Second), c.VerifiedAt.UTC().Truncate(time.Second)
	for _, list := range []*[]string{&c.OldValues, &c.NewValues, &c.VerifiedBy} {
		if *list == nil {
			*list = []string{}
		}
	}
	return c
}

// ReadChanges returns the change log, oldest entry first; a state folder
// without one has no entries. It changes nothing, so it may run while another
// process appends: a torn last line is left out. Its error for a bad line
// before the last is a *DamageError; the entries before that line come with it.
// That an entry was edited and can still be read is not noticed here: see
// VerifyChanges.
func ReadChanges(stateDir string) ([]Change, error) {
	path := filepath.Join(stateDir, ChangeLogFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read change log: %w", err)
	}
	log, _, err := parseChanges(path, b)
	return log, err
}

// parseChanges returns the entries of b and the bytes that they take, also in
// front of a bad line. What follows them without an error is a torn last line.
func parseChanges(path string, b []byte) (log []Change, size int, err error) {
	for size < len(b) {
		line, rest, ended := bytes.Cut(b[size:], []byte("\n"))
		if !ended {
			return log, size, nil
		}
		var c Change
		if err := json.Unmarshal(line, &c); err != nil {
			if len(rest) == 0 {
				return log, size, nil
			}
			return log, size, &DamageError{Path: path, Line: len(log) + 1, Reason: err.Error()}
		}
		log = append(log, c)
		size += len(line) + 1
	}
	return log, size, nil
}
