package ledger_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/plan/acme/ledger"
)

var now = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

func failedAt(minutes ...int) (out []ledger.Try) {
	for _, m := range minutes {
		out = append(out, ledger.Try{At: now.Add(time.Duration(m) * time.Minute), Name: "www.example.org."})
	}
	return out
}

// TestLeft: three within an hour.
func TestLeft(t *testing.T) {
	for name, c := range map[string]struct {
		tries []ledger.Try
		left  int
		next  int // minutes from now; -1 is nothing used up
	}{
		"none":               {nil, 3, -1},
		"one just now":       {failedAt(0), 2, 60},
		"one, nearly over":   {failedAt(-59), 2, 1},
		"one, an hour ago":   {failedAt(-60), 3, -1},
		"two in any order":   {failedAt(-1, -20), 1, 40},
		"three":              {failedAt(-50, -10, -1), 0, 10},
		"more than are fine": {failedAt(-50, -40, -30, -20, -10), 0, 30},
		"long ago":           {failedAt(-600, -500), 3, -1},
		"to come":            {failedAt(5), 3, -1},
		"went well":          {[]ledger.Try{{At: now, OK: true}}, 3, -1},
	} {
		left, next := ledger.Own().Left(c.tries, now)
		want := time.Time{}
		if c.next >= 0 {
			want = now.Add(time.Duration(c.next) * time.Minute)
		}
		if left != c.left || !next.Equal(want) {
			t.Errorf("%s: %d left, next %s; want %d, %s", name, left, next, c.left, want)
		}
	}
}

// TestAppend: what was appended is read, behind a line that broke off too.
func TestAppend(t *testing.T) {
	dir := t.TempDir()
	if got, err := ledger.Read(dir); got != nil || err != nil {
		t.Errorf("without a ledger: %v, %v", got, err)
	}
	tries := []ledger.Try{
		{At: now, Name: "www.example.org.", By: "rehearse", Directory: "https://ca.example.net/dir", Problem: "unauthorized"},
		{At: now.Add(time.Minute), Name: "example.org.", By: "window", OK: true},
	}
	path := filepath.Join(dir, ledger.File)
	if err := ledger.Append(dir, tries[0]); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"at":"2026-`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := ledger.Append(dir, tries[1]); err != nil {
		t.Fatal(err)
	}
	got, err := ledger.Read(dir)
	if diff := cmp.Diff(tries, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: %v, %v", info.Mode(), err)
	}
	if err := ledger.Append(filepath.Join(dir, "none"), tries[0]); err == nil {
		t.Error("a folder that is not there: no error")
	}
}
