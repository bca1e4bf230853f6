// Package ledger remembers how tries to have a certificate issued came out, so
// that the next is not made while an authority would refuse it for their number.
//
//	err := ledger.Append(stateDir, ledger.Try{At: now, Name: name, By: "rehearse", Problem: "unauthorized"})
//	tries, err := ledger.Read(stateDir)
//	left, next := ledger.Own().Left(tries, now)
//
// It knows the tries that dnsplan has seen. What an ACME client does by itself is
// not among them.
package ledger

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

// File is the ledger within the state folder: a line of JSON for each try.
const File = "acme-tries.jsonl"

// The commands that see tries.
const (
	Rehearse = "rehearse"
	Window   = "window"
)

// Try is one order for a certificate that has come to an end.
type Try struct {
	At   time.Time `json:"at"` // in UTC
	Name zone.Name `json:"name"`
	// By is the command that has seen it: Rehearse or Window.
	By string `json:"by"`
	// Directory is the URL of the authority's ACME directory; empty where it is not
	// known.
	Directory string `json:"directory,omitempty"`
	// OK says that a certificate was issued.
	OK bool `json:"ok"`
	// Problem says in a word or two why none was.
	Problem string `json:"problem,omitempty"`
}

// Append adds tries, durably. The state folder must exist. It waits for a process
// that is appending.
func Append(stateDir string, tries ...Try) (err error) {
	path := filepath.Join(stateDir, File)
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW), flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("append to ledger: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("append to ledger: %w", err)
	}
	var lines bytes.Buffer
	if len(b) > 0 && b[len(b)-1] != '\n' {
		lines.WriteByte('\n') // a write that broke off stays a line of its own
	}
	for _, t := range tries {
		t.At = t.At.UTC()
		if err := json.NewEncoder(&lines).Encode(t); err != nil {
			return fmt.Errorf("append to ledger: %w", err)
		}
	}
	if err = write(path, lines.Bytes()); err == nil {
		err = durable.SyncDir(stateDir) // the file may be new
	}
	if err != nil {
		return fmt.Errorf("append to ledger: %w", err)
	}
	return nil
}

func write(path string, lines []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(lines)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Read returns all tries, in the order in which they were appended; none where
// there is no ledger. A line that is no try is left out: the others still count.
func Read(stateDir string) (out []Try, err error) {
	b, err := os.ReadFile(filepath.Join(stateDir, File))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	for line := range bytes.Lines(b) {
		var t Try
		if json.Unmarshal(line, &t) == nil && t.Name != "" && !t.At.IsZero() {
			out = append(out, t)
		}
	}
	return out, nil
}
