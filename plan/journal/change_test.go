package journal

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func entry(run, id string) Change {
	return Change{
		At: now, Zone: "example.org.", Name: "www.example.org.", Type: "A", Action: "update",
		OldValues: []string{"192.0.2.1"}, NewValues: []string{"203.0.113.11"}, OldTTL: 86400, NewTTL: 3600,
		Reason: "move", Ticket: "OPS-1", Impact: "none", By: "ops",
		VerifiedBy: []string{"ns1.example.org. 192.0.2.53:53", "google 8.8.8.8"}, VerifiedAt: now.Add(time.Hour), Run: run, ID: id,
	}
}

// unsealed are entries without what chains them.
func unsealed(log []Change) []Change {
	var out []Change
	for _, c := range log {
		c.Seq, c.Prev, c.SHA256 = 0, "", ""
		out = append(out, c)
	}
	return out
}

// table checks that the table is the log's and returns its rows.
func table(t *testing.T, dir string) []string {
	t.Helper()
	log, err := ReadChanges(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, ChangeLogTable))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(Markdown(log)), string(b)); diff != "" {
		t.Errorf("the table is not the log's: %s", diff)
	}
	return strings.Split(strings.TrimSpace(strings.TrimPrefix(string(b), tableHead)), "\n")
}

func TestAppendChangesOnce(t *testing.T) {
	dir := t.TempDir()
	if log, err := ReadChanges(dir); err != nil || len(log) != 0 {
		t.Errorf("no log yet: %v, %v", log, err)
	}
	a, b, other := entry("01K0A", "c1"), entry("01K0A", "c2"), entry("01K0B", "c1")
	for _, batch := range [][]Change{{a}, {a, b, b}, {a, b}, {other}, nil} {
		if _, _, err := AppendChanges(dir, batch); err != nil {
			t.Fatal(err)
		}
	}
	log, err := ReadChanges(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Change{a, b, other}, unsealed(log)); diff != "" {
		t.Error(diff)
	}
	rows := table(t, dir)
	const want = "| 2026-11-23T06:00:00Z | example.org. | www.example.org. | A | update | 192.0.2.1 | 203.0.113.11 | 86400 -> 3600 " +
		"| move | OPS-1 | none | ops | ns1.example.org. 192.0.2.53:53, google 8.8.8.8 at 2026-11-23T07:00:00Z | 01K0A/c1 |"
	if len(rows) != 3 || rows[0] != want {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(rows, "\n"), want)
	}
	for _, name := range []string{ChangeLogFile, ChangeLogTable} {
		if m := mode(t, filepath.Join(dir, name)); m != 0o600 {
			t.Errorf("%s: mode %o", name, m)
		}
	}
}

func TestMarkdownCells(t *testing.T) {
	tests := []struct {
		name string
		c    Change
		want string // the row from the old values on
	}{
		{"create", Change{NewValues: []string{"192.0.2.1", "192.0.2.2"}, NewTTL: 300}, "- | 192.0.2.1, 192.0.2.2 | 300"},
		{"delete", Change{OldValues: []string{"192.0.2.1"}, OldTTL: 300}, "192.0.2.1 | - | 300 -> -"},
		{"proxied", Change{NewValues: []string{"192.0.2.1"}, NewProxied: true, NewTTL: 300}, "- | 192.0.2.1 (proxied) | 300"},
		{"pipes", Change{Reason: `a|b\c`}, `- | - | - | a\|b\\c |`},
		{"newlines", Change{Reason: "a\nb\r\nc\rd"}, "- | - | - | a<br>b<br>c<br>d |"},
		{"markup", Change{Reason: "<b> & *x* `y` [z](u)"}, "- | - | - | &lt;b> &amp; \\*x\\* \\`y\\` \\[z](u) |"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			row := strings.TrimPrefix(string(Markdown([]Change{tt.c})), tableHead)
			if !strings.Contains(row, "| "+tt.want) || strings.Count(row, "\n") != 1 {
				t.Errorf("row %s want %s", row, tt.want)
			}
		})
	}
	view := Change{Zone: "example.org.", View: "internal", Name: "*.example.org."}
	if row := string(Markdown([]Change{view})); !strings.Contains(row, `| example.org./internal | \*.example.org. |`) {
		t.Error(row)
	}
}

// A last line that is no entry goes: cut off where it is the beginning of what is
// written now, and else set aside, told, and there to be read.
func TestATornChangeLogIsMended(t *testing.T) {
	a, b := entry("01K0A", "c1"), entry("01K0A", "c2")
	whole := logged(t, a, b)
	second := whole[strings.Index(whole, "\n")+1:]
	for tail, aside := range map[string]bool{
		`{"date":"20`: false, second[:len(second)/2]: false, strings.TrimSuffix(second, `"}`+"\n"): false,
		"\x00\x00\x00": false, second[:40] + "\x00\x00": false,
		"garbage\n": true, "garbage": true, `{"date":"1999`: true, "\x00garbage\x00": true,
		strings.Replace(second, "OPS-1", "OPS-2", 1)[:len(second)-1]: true,
		"x" + second: true,
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, ChangeLogFile)
		write(t, path, logged(t, a)+tail)
		if log, err := ReadChanges(dir); err != nil || len(log) != 1 {
			t.Errorf("%q: read %d, %v", tail, len(log), err)
		}
		_, repaired, err := AppendChanges(dir, []Change{a, b})
		if err != nil {
			t.Fatal(err)
		}
		if rows := table(t, dir); len(rows) != 2 || string(readFile(t, dir, ChangeLogFile)) != whole {
			t.Errorf("%q: %d rows, and the log is\n%s", tail, len(rows), readFile(t, dir, ChangeLogFile))
		}
		wantAside(t, dir, tail, repaired, aside)
		if _, again, err := AppendChanges(dir, []Change{a, b}); again != "" || err != nil {
			t.Errorf("%q: told once more: %q, %v", tail, again, err)
		}
	}
}

// logged are the bytes of a change log of these entries.
func logged(t *testing.T, changes ...Change) string {
	t.Helper()
	dir := t.TempDir()
	if _, repaired, err := AppendChanges(dir, changes); repaired != "" || err != nil {
		t.Fatal(repaired, err)
	}
	return string(readFile(t, dir, ChangeLogFile))
}

// wantAside wants that the tail behind the log's first line was set aside, or not.
func wantAside(t *testing.T, dir, tail, told string, aside bool) {
	t.Helper()
	kept := verified(t, dir).Aside
	if !aside {
		if told != "" || len(kept) > 0 {
			t.Errorf("%q: set aside in %q: %s", tail, kept, told)
		}
		return
	}
	if len(kept) != 1 || !strings.Contains(told, kept[0]) || !strings.Contains(told, "line 2 of "+filepath.Join(dir, ChangeLogFile)) {
		t.Fatalf("%q: set aside in %q, told: %q", tail, kept, told)
	}
	if b := readFile(t, dir, filepath.Base(kept[0])); string(b) != tail {
		t.Errorf("set aside %q, want %q", b, tail)
	}
	if info, err := os.Stat(kept[0]); err != nil || info.Mode() != fileMode {
		t.Errorf("mode: %v, %v", info, err)
	}
}

// What cannot be set aside is not cut off; and a line that was set aside is told of
// and is there although the write behind it fails, and once, when that is tried
// again.
func TestSettingAsideOnAFullDisk(t *testing.T) {
	a, b := entry("01K0A", "c1"), entry("01K0A", "c2")
	for name, disk := range map[string]*broken{"cut off": {failTruncate: true}, "write": {failWrite: true}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, ChangeLogFile), logged(t, a)+"garbage\n")
			_, repaired, err := appendChanges(dir, []Change{b}, opened(disk))
			if err == nil {
				t.Fatal("no error")
			}
			wantAside(t, dir, "garbage\n", repaired, true)
			if _, _, err := AppendChanges(dir, []Change{b}); err != nil {
				t.Fatal(err)
			}
			if kept := verified(t, dir).Aside; len(kept) != 1 || len(table(t, dir)) != 2 {
				t.Errorf("set aside in %q", kept)
			}
		})
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, ChangeLogFile), logged(t, a)+"garbage\n")
	taken := filepath.Join(dir, ChangeLogFile+asideMark+digest([]byte("garbage\n"))[:8])
	if err := os.MkdirAll(filepath.Join(taken, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, repaired, err := AppendChanges(dir, []Change{b}); err == nil || repaired != "" {
		t.Errorf("it cannot be kept: %q, %v", repaired, err)
	}
	if text := string(readFile(t, dir, ChangeLogFile)); !strings.HasSuffix(text, "garbage\n") {
		t.Errorf("cut off all the same: %s", text)
	}
}

func TestADamagedChangeLogIsRefused(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := AppendChanges(dir, []Change{entry("01K0A", "c1"), entry("01K0A", "c2")}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ChangeLogFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "x"+string(b))
	_, err = ReadChanges(dir)
	if damage, ok := errors.AsType[*DamageError](err); !ok || damage.Line != 1 {
		t.Errorf("read: %v", err)
	}
	if _, _, err := AppendChanges(dir, nil); err == nil {
		t.Error("appended to it")
	}
}

func TestAppendChangesRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []Change{{}, {Run: "r", ID: "c1"}, {Run: "r", At: now}, {ID: "c1", At: now}} {
		if _, _, err := AppendChanges(dir, []Change{entry("01K", "c1"), c}); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	if log, err := ReadChanges(dir); err != nil || len(log) != 0 {
		t.Errorf("part of a refused batch: %v, %v", log, err)
	}
	if _, _, err := AppendChanges(filepath.Join(dir, "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestAChangeLogOnAFullDisk(t *testing.T) {
	for name, b := range map[string]*broken{"write": {failWrite: true}, "short": {short: true}, "sync": {failSync: true}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			batch := []Change{entry("01K0A", "c1"), entry("01K0A", "c2")}
			if _, _, err := appendChanges(dir, batch, opened(b)); err == nil {
				t.Fatal("no error")
			}
			if _, err := ReadChanges(dir); err != nil {
				t.Fatal(err)
			}
			if _, _, err := AppendChanges(dir, batch); err != nil {
				t.Fatal(err)
			}
			if rows := table(t, dir); len(rows) != 2 {
				t.Errorf("%d rows", len(rows))
			}
		})
	}
}

func TestAppendChangesIsSafeForConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for id := range strings.SplitSeq("abcdefgh", "") {
		wg.Go(func() {
			if _, _, err := AppendChanges(dir, []Change{entry("01K0A", id), entry("01K0A", "shared")}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if rows := table(t, dir); len(rows) != 9 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestChangesAreWrittenInUTC(t *testing.T) {
	dir := t.TempDir()
	c := Change{Run: "01K", ID: "c1", At: now.Add(300 * time.Millisecond).In(time.FixedZone("x", 3600))}
	if _, _, err := AppendChanges(dir, []Change{c}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, ChangeLogFile))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"date":"2026-11-23T06:00:00Z","zone":"","view":"","name":"","type":"","action":"","outcome":"","old_values":[],"new_values":[],` +
		`"old_ttl":0,"new_ttl":0,"old_proxied":false,"new_proxied":false,"reason":"","ticket":"","impact":"","by":"","verified_by":[],` +
		`"run":"01K","change":"c1","seq":1,"prev":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",` +
		`"sha256":"HASH"}` + "\n"
	if got := regexp.MustCompile(`"sha256":"[0-9a-f]{64}"`).ReplaceAllString(string(b), `"sha256":"HASH"`); got != want {
		t.Errorf("%s want %s", b, want)
	}
}

func FuzzReadChanges(f *testing.F) {
	f.Add([]byte("{\"run\":\"r\"}\n{"))
	f.Add([]byte("null\n\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		log, size, err := parseChanges("x", b)
		if err != nil {
			return
		}
		again, n, err := parseChanges("x", b[:size])
		if err != nil || n != size || len(again) != len(log) {
			t.Fatalf("%d of %d bytes, %v", n, size, err)
		}
		_ = Markdown(log)
	})
}
