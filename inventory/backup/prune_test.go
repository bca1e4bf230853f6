package backup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

const day = 24 * time.Hour

// aged saves backups of a zone that are so many days old.
func aged(t *testing.T, dir string, z zone.Name, view string, days ...int) {
	t.Helper()
	for _, d := range days {
		s := &zone.Snapshot{Zone: z, RRsets: []zone.RRset{{Key: key("www."+z, zone.A), TTL: 60, Addrs: addrs("192.0.2.1")}}}
		if _, err := Save(dir, now.Add(-time.Duration(d)*day), s, Meta{View: view, Run: "run" + string(rune('a'+d%26))}); err != nil {
			t.Fatal(err)
		}
	}
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func pruned(t *testing.T, dir string, spare func(Info) bool) []Info {
	t.Helper()
	gone, err := Prune(dir, "example.org.", "", now.Add(-90*day), spare)
	if err != nil {
		t.Fatal(err)
	}
	return gone
}

func TestPrune(t *testing.T) {
	dir := t.TempDir()
	aged(t, dir, "example.org.", "", 1, 89, 91, 91, 400)
	aged(t, dir, "example.org.", "internal", 400)
	aged(t, dir, "example.net.", "", 400)
	others := files(t, dir)
	gone := pruned(t, dir, nil)
	if len(gone) != 3 || !gone[2].Taken.Equal(now.Add(-400*day)) {
		t.Errorf("deleted %+v", gone)
	}
	want := slices.DeleteFunc(others, func(name string) bool {
		return strings.Contains(name, "org.") && !strings.Contains(name, "@") && (strings.HasPrefix(name, "20260824T") || strings.HasPrefix(name, "20251019T")) ||
			strings.Contains(name, "org-2.")
	})
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
	if gone := pruned(t, dir, nil); len(gone) != 0 {
		t.Errorf("a second time: %+v", gone)
	}
}

// However old it is, the last backup stays, and so does that of a run that goes
// on.
func TestPruneSpares(t *testing.T) {
	dir := t.TempDir()
	aged(t, dir, "example.org.", "", 200, 300, 400)
	gone := pruned(t, dir, func(b Info) bool { return b.Taken.Equal(now.Add(-300 * day)) })
	if len(gone) != 1 || !gone[0].Taken.Equal(now.Add(-400*day)) {
		t.Errorf("deleted %+v", gone)
	}
	if n := len(files(t, dir)); n != 4 {
		t.Errorf("%d files left", n)
	}
}

// What is not as Save writes it is not for Prune to delete, nor does it count as
// the newest.
func TestPruneLeavesWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	aged(t, dir, "example.org.", "", 1, 400)
	old := filepath.Join(dir, "20251019T060000Z-example.org")
	b, err := os.ReadFile(old + jsonExt)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"kept-by-hand.json":                        string(b),
		"20251019T060000Z-example.org-copy.json":   string(b),
		"20251019T060000Z-example.org-1.json":      string(b),
		"20251020T060000Z-example.org.json":        string(b), // not the time in its head
		"20250101T060000Z-example.org.json":        "{}\n",
		"20250101T060000Z-example.org.zone":        "; without a JSON file\n",
		"20240101T060000Z-example.org.zone":        "; without a JSON file\n",
		"20250102T060000Z-example.org.json.backup": string(b),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(old+jsonExt, filepath.Join(dir, "20251019T060000Z-example.org-2.json")); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	gone := pruned(t, dir, nil)
	if len(gone) != 1 || gone[0].Path != old+jsonExt {
		t.Errorf("deleted %+v", gone)
	}
	want := slices.DeleteFunc(before, func(name string) bool {
		return strings.TrimSuffix(strings.TrimSuffix(name, jsonExt), zoneExt) == filepath.Base(old)
	})
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
}

// A zone file that is a folder stays, and is told; the rest goes.
func TestPruneGoesOn(t *testing.T) {
	dir := t.TempDir()
	aged(t, dir, "example.org.", "", 1, 300, 400)
	odd := filepath.Join(dir, "20260127T060000Z-example.org.zone")
	if err := os.Remove(odd); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(odd, 0o700); err != nil {
		t.Fatal(err)
	}
	gone, err := Prune(dir, "example.org.", "", now.Add(-90*day), nil)
	if err == nil || !strings.Contains(err.Error(), "delete the old backup "+odd+": not a regular file") {
		t.Errorf("error %v", err)
	}
	if len(gone) != 1 || !gone[0].Taken.Equal(now.Add(-400*day)) {
		t.Errorf("deleted %+v", gone)
	}
	if _, err := os.Stat(strings.TrimSuffix(odd, zoneExt) + jsonExt); err != nil {
		t.Errorf("its other file: %v", err)
	}
}
