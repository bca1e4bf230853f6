package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// logOf is a state folder whose runs have logged a change each and ended.
func logOf(t testing.TB, runs ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, run := range runs {
		logRun(t, dir, run)
	}
	return dir
}

func logRun(t testing.TB, dir, run string) {
	t.Helper()
	w, err := CreateRun(dir, run, []byte("{}"), Event{At: now, Kind: Begin})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	head, _, err := AppendChanges(dir, []Change{entry(run, "c1")})
	if err != nil {
		t.Fatal(err)
	}
	data, err := EndData(head)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(Event{At: now, Kind: End, Data: data}); err != nil {
		t.Fatal(err)
	}
}

func verified(t testing.TB, dir string) Verification {
	t.Helper()
	v, err := VerifyChanges(dir)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func readFile(t testing.TB, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnUntouchedChangeLogVerifies(t *testing.T) {
	if v := verified(t, t.TempDir()); v.Fault != nil || v.Entries != 0 {
		t.Errorf("no log yet: %+v", v)
	}
	dir := logOf(t, "01A", "01B", "01C")
	v := verified(t, dir)
	if v.Fault != nil || v.Entries != 3 || v.Unchained != 0 || v.Vouching != 3 || len(v.Head) != 64 {
		t.Errorf("got %+v", v)
	}
	log, err := ReadChanges(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range log {
		if c.Seq != i+1 || i > 0 && c.Prev != log[i-1].SHA256 {
			t.Errorf("entry %d: %+v", i+1, c)
		}
	}
}

// Whoever edits the log by hand is found, at the first line that is wrong.
func TestVerifyFindsEdits(t *testing.T) {
	tests := map[string]struct {
		edit func(l [][]byte) [][]byte // four lines and an empty rest
		line int
		want string
	}{
		"first line edited": {func(l [][]byte) [][]byte {
			l[0] = bytes.Replace(l[0], []byte("203.0.113.11"), []byte("203.0.113.12"), 1)
			return l
		}, 1, "it was edited"},
		"last line edited": {func(l [][]byte) [][]byte {
			l[3] = bytes.Replace(l[3], []byte("OPS-1"), []byte("OPS-2"), 1)
			return l
		}, 4, "it was edited"},
		"taken out":     {func(l [][]byte) [][]byte { return slices.Delete(l, 1, 2) }, 2, "entry 2 is due"},
		"first removed": {func(l [][]byte) [][]byte { return l[1:] }, 1, "entry 1 is due"},
		"last removed":  {func(l [][]byte) [][]byte { return slices.Delete(l, 3, 4) }, 4, "run 01D"},
		"all removed":   {func([][]byte) [][]byte { return nil }, 1, "taken off its end"},
		"two swapped":   {func(l [][]byte) [][]byte { l[1], l[2] = l[2], l[1]; return l }, 2, "taken out or moved"},
		"repeated":      {func(l [][]byte) [][]byte { return slices.Insert(l, 2, l[1]) }, 3, "repeated"},
		"put in": {func(l [][]byte) [][]byte {
			return slices.Insert(l, 2, []byte(`{"run":"01X","change":"c1"}`+"\n"))
		}, 3, "has no hash"},
		"hash taken off": {func(l [][]byte) [][]byte { l[2] = unseal(l[2]); return l }, 3, "has no hash"},
		"hashes taken off all": {func(l [][]byte) [][]byte {
			for i := range l[:4] {
				l[i] = unseal(l[i])
			}
			return l
		}, 1, "the log was written anew"},
		"replaced and sealed": {func(l [][]byte) [][]byte { l[1] = reseal(l[1], "OPS-1", "OPS-2"); return l }, 3, "one of them was replaced"},
		"last replaced and sealed": {func(l [][]byte) [][]byte {
			l[3] = reseal(l[3], "OPS-1", "OPS-2")
			return l
		}, 4, "when run 01D ended"},
		"unreadable":  {func(l [][]byte) [][]byte { l[2] = []byte("garbage\n"); return l }, 3, "cannot be read"},
		"not whole":   {func(l [][]byte) [][]byte { l[3] = l[3][:40]; return l }, 4, "not whole"},
		"newline cut": {func(l [][]byte) [][]byte { l[3] = bytes.TrimSpace(l[3]); return l }, 4, "not whole"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := logOf(t, "01A", "01B", "01C", "01D")
			lines := bytes.SplitAfter(readFile(t, dir, ChangeLogFile), []byte("\n"))
			write(t, filepath.Join(dir, ChangeLogFile), string(bytes.Join(tt.edit(lines), nil)))
			v := verified(t, dir)
			if v.Fault == nil || v.Fault.Line != tt.line || !strings.Contains(v.Fault.Reason, tt.want) {
				t.Errorf("got %+v, want line %d: %s", v.Fault, tt.line, tt.want)
			}
		})
	}
}

// unseal makes a line that an older dnsplan could have written.
func unseal(line []byte) []byte {
	before, _, _ := bytes.Cut(line, []byte(`,"seq":`))
	return append(bytes.Clone(before), "}\n"...)
}

// reseal edits a line as somebody does who knows how its hash is made.
func reseal(line []byte, old, by string) []byte {
	line = bytes.Replace(bytes.TrimSpace(line), []byte(old), []byte(by), 1)
	sum, _ := sealedAs(line)
	return append(append(bytes.Clone(line[:len(line)-66]), sum...), "\"}\n"...)
}

// Each byte of a chained log counts.
func TestVerifyFindsEveryFlip(t *testing.T) {
	dir := logOf(t, "01A", "01B", "01C")
	b := readFile(t, dir, ChangeLogFile)
	for i := range b {
		for _, bit := range []byte{1, 1 << 5, 0xff} {
			bad := bytes.Clone(b)
			bad[i] ^= bit
			if _, fault := checkLines("x", bad); fault == nil {
				t.Fatalf("byte %d ^ %#x is not found", i, bit)
			} else if due := 1 + bytes.Count(b[:i], []byte("\n")); fault.Line != due {
				t.Fatalf("byte %d ^ %#x: line %d, want %d: %s", i, bit, fault.Line, due, fault.Reason)
			}
		}
	}
}

// The entries of an older dnsplan are taken as they are, until the first chained
// one behind them.
func TestOldEntriesAreProtectedFromTheFirstChainedOne(t *testing.T) {
	dir := t.TempDir()
	var old []byte
	for _, id := range []string{"c1", "c2"} {
		line, err := marshal(entry("00Z", id))
		if err != nil {
			t.Fatal(err)
		}
		old = append(append(old, line...), '\n')
	}
	path := filepath.Join(dir, ChangeLogFile)
	write(t, path, string(old))
	if v := verified(t, dir); v.Fault != nil || v.Entries != 2 || v.Unchained != 2 || v.Head != "" {
		t.Errorf("old alone: %+v", v)
	}
	if head, _, err := AppendChanges(dir, []Change{entry("00Z", "c2")}); err != nil || head != (Head{}) {
		t.Errorf("nothing new: %+v, %v", head, err)
	}
	logRun(t, dir, "01A")
	logRun(t, dir, "01B")
	v := verified(t, dir)
	if v.Fault != nil || v.Entries != 4 || v.Unchained != 2 || v.Vouching != 2 {
		t.Errorf("old and chained: %+v", v)
	}
	write(t, path, strings.Replace(string(readFile(t, dir, ChangeLogFile)), "OPS-1", "OPS-2", 1))
	if v := verified(t, dir); v.Fault == nil || v.Fault.Line != 3 || !strings.Contains(v.Fault.Reason, "one of them was replaced") {
		t.Errorf("an old entry edited: %+v", v.Fault)
	}
}

// A torn tail is cut off, and the chain goes on behind what is left.
func TestTheChainGoesOnBehindARepair(t *testing.T) {
	dir := logOf(t, "01A", "01B")
	appendBytes(t, filepath.Join(dir, ChangeLogFile), []byte(`{"date":"20`))
	if v := verified(t, dir); v.Fault == nil || v.Fault.Line != 3 {
		t.Errorf("torn: %+v", v.Fault)
	}
	logRun(t, dir, "01C")
	if v := verified(t, dir); v.Fault != nil || v.Entries != 3 || v.Vouching != 3 {
		t.Errorf("mended: %+v, %+v", v, v.Fault)
	}
}

// An editor that takes the last newline away takes no entry away; one that is
// edited, too, is set aside.
func TestALastEntryWithoutItsNewlineStays(t *testing.T) {
	for edit, want := range map[string]int{"OPS-1": 3, "OPS-2": 2} {
		dir := logOf(t, "01A", "01B")
		text := string(readFile(t, dir, ChangeLogFile))
		at := strings.LastIndex(text, "OPS-1")
		write(t, filepath.Join(dir, ChangeLogFile), strings.TrimSuffix(text[:at]+edit+text[at+len(edit):], "\n"))
		logRun(t, dir, "01C")
		v := verified(t, dir)
		if v.Entries != want || (v.Fault == nil) != (want == 3) {
			t.Errorf("%s: %d entries, fault %+v", edit, v.Entries, v.Fault)
		}
		if log, err := ReadChanges(dir); err != nil || len(log) != want || log[want-1].Run != "01C" {
			t.Errorf("%s: read %d, %v", edit, len(log), err)
		}
	}
}

func TestVerifyFindsAnEditedTable(t *testing.T) {
	dir := logOf(t, "01A", "01B")
	table := string(readFile(t, dir, ChangeLogTable))
	path := filepath.Join(dir, ChangeLogTable)
	for name, tt := range map[string]struct {
		text string
		line int // 0: no fault
	}{
		"behind":       {strings.Join(strings.SplitAfter(table, "\n")[:7], ""), 0},
		"older":        {strings.Replace(table, "| Ticket ", "", 1), 0},
		"row edited":   {strings.Replace(table, "OPS-1", "OPS-2", 1), 7},
		"row added":    {table + "| x |\n", 9},
		"last cut off": {table[:len(table)-9], 8},
	} {
		write(t, path, tt.text)
		v := verified(t, dir)
		if got := cmpLine(v.Fault); got != tt.line {
			t.Errorf("%s: %+v, want line %d", name, v.Fault, tt.line)
		}
	}
}

func cmpLine(f *Fault) int {
	if f == nil {
		return 0
	}
	return f.Line
}

// A run whose journal cannot be read vouches for nothing, and is named.
func TestVerifyNamesUnreadRuns(t *testing.T) {
	dir := logOf(t, "01A", "01B")
	write(t, filepath.Join(dir, RunsDir, "01A", JournalFile), "x\nx\n")
	if v := verified(t, dir); v.Fault != nil || !slices.Equal(v.Unread, []string{"01A"}) || v.Vouching != 1 {
		t.Errorf("got %+v", v)
	}
}

func FuzzVerifyLines(f *testing.F) {
	dir := logOf(f, "01A", "01B")
	b := readFile(f, dir, ChangeLogFile)
	f.Add(b)
	f.Add([]byte("null\n{}\n"))
	f.Fuzz(func(t *testing.T, got []byte) {
		log, fault := checkLines("x", got)
		if fault != nil || len(log) == 0 || log[len(log)-1].SHA256 == "" {
			return
		}
		// What is chained and without a fault reads back as it is sealed.
		for i, c := range log {
			if c.Seq != 0 && c.Seq != i+1 {
				t.Fatalf("entry %d is numbered %d", i+1, c.Seq)
			}
		}
	})
}
