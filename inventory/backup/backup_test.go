package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

var (
	now  = time.Date(2026, 11, 23, 6, 0, 0, 123456789, time.UTC)
	meta = Meta{View: "internal", Provider: "cf", Run: "01K0A"}

	// asSaved compares snapshots: an empty list is a nil one.
	asSaved = cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})}
)

func addrs(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func key(name zone.Name, t zone.Type) zone.Key { return zone.Key{Name: name, Type: t} }

// sample holds what is hard to keep.
func sample() *zone.Snapshot {
	s := &zone.Snapshot{
		Zone: "example.org.",
		RRsets: []zone.RRset{
			{
				Key: key("example.org.", zone.A), TTL: 300, Auto: true, Proxied: true, Addrs: addrs("192.0.2.1", "192.0.2.2"),
				Members: []zone.Member{
					{ID: "a1", Comment: "primary; \"web\"\nline two", Tags: []string{"team:ops", ""}},
					{ID: "a2", Comment: "müller </script>"},
				},
			},
			{Key: key("example.org.", zone.AAAA), TTL: 3600, Addrs: addrs("2001:db8::1")},
			{Key: key("cdn.example.org.", zone.A), TTL: 60, Foreign: "alias", Detail: "alias to lb.example.net. in Z1"},
			{Key: key("off.example.org.", zone.A), TTL: 60, Foreign: "disabled", Addrs: addrs("192.0.2.9")},
			{Key: key("many.example.org.", zone.A), TTL: 60, Foreign: "weighted", Addrs: addrs("192.0.2.7", "192.0.2.8")},
			{Key: key("*.example.org.", zone.A), TTL: 60, Addrs: addrs("192.0.2.3")},
			{Key: key(`a\.b.example.org.`, zone.A), TTL: 60, Addrs: addrs("192.0.2.4")},
			{Key: key("$ttl.example.org.", zone.A), TTL: 60, Addrs: addrs("192.0.2.5")},
			{Key: key("ns1.example.org.", zone.A), TTL: 60, Addrs: addrs("192.0.2.53")},
			{Key: key("a b;c.example.org.", zone.A), TTL: 60, Addrs: addrs("192.0.2.6")},
		},
		Others: []zone.Record{
			{Name: "example.org.", Type: "NS", TTL: 3600, Data: "ns1.example.org."},
			{Name: "example.org.", Type: "SOA", TTL: 3600, Data: "ns1.example.org. host.example.org. 7 3600 600 86400 60"},
			{Name: "example.org.", Type: "MX", TTL: 3600, Data: "10 ns1.example.org."},
			{Name: "txt.example.org.", Type: "TXT", TTL: 0, Data: `"a;b (c \"d\" \\ \195\164" "two"`},
			{Name: "raw.example.org.", Type: "TXT", TTL: 60, Data: "\"müller\nx\t\""},
			{Name: "x.example.org.", Type: "TYPE65280", TTL: 60, Data: `\# 2 abcd`},
			{Name: "example.org.", Type: "CAA", TTL: 60, Data: `0 issue "ca.example.org"`},
			{Name: "own.example.org.", Type: "ALIAS", TTL: 60, Data: "target.example.com."},
			{Name: "open.example.org.", Type: "TXT", TTL: 60, Data: `"open (`},
		},
		Blind: "names that were not asked for",
	}
	s.Sort()
	return s
}

func mustSave(t testing.TB, dir string, s *zone.Snapshot, m Meta) Info {
	t.Helper()
	info, err := Save(dir, now, s, m)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestSaveAndLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "backups")
	s := sample()
	info := mustSave(t, dir, s, meta)
	if diff := cmp.Diff(sample(), s, asSaved); diff != "" {
		t.Errorf("Save changed the snapshot: %s", diff)
	}
	want := filepath.Join(dir, "20261123T060000Z-example.org@internal")
	if info.Path != want+".json" || info.ZonePath != want+".zone" || !info.Taken.Equal(now) {
		t.Errorf("info %+v", info)
	}
	if want := (Counts{RRsets: 10, Addresses: 11, Others: 9}); info.Counts != want {
		t.Errorf("counts %+v, want %+v", info.Counts, want)
	}
	for _, path := range []string{info.Path, info.ZonePath} {
		got, m, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, got, asSaved); diff != "" || m != meta {
			t.Errorf("%s: %+v %s", path, m, diff)
		}
		if got.Digest() != s.Digest() {
			t.Error("the digests differ")
		}
	}
	checkModes(t, dir, info)
	if diff := cmp.Diff([]Info{info}, list(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func checkModes(t *testing.T, dir string, info Info) {
	t.Helper()
	for path, want := range map[string]os.FileMode{dir: 0o700, info.Path: 0o600, info.ZonePath: 0o600} {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := st.Mode().Perm(); got != want {
			t.Errorf("%s: mode %o, want %o", path, got, want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("files %v, %v", entries, err)
	}
}

func list(t testing.TB, dir string) []Info {
	t.Helper()
	infos, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return infos
}

func TestTheFileIsOneJSONDocument(t *testing.T) {
	info := mustSave(t, t.TempDir(), sample(), meta)
	b, err := os.ReadFile(info.Path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		FormatVersion int               `json:"format_version"`
		RRsets        []json.RawMessage `json:"rrsets"`
		Others        []zone.Record     `json:"others"`
		SHA256        string            `json:"sha256"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.FormatVersion != 1 || len(doc.RRsets) != 10 || len(doc.Others) != 9 || len(doc.SHA256) != 64 {
		t.Errorf("document %+v", doc)
	}
	const want = `{"name":"example.org.","type":"AAAA","ttl":3600,"addrs":["2001:db8::1"]}`
	if !slices.ContainsFunc(doc.RRsets, func(m json.RawMessage) bool { return string(m) == want }) {
		t.Errorf("no line %s in\n%s", want, b)
	}
}

func TestAnEmptyZone(t *testing.T) {
	dir := t.TempDir()
	s := &zone.Snapshot{Zone: "."}
	info := mustSave(t, dir, s, Meta{})
	if want := filepath.Join(dir, "20261123T060000Z-%2E.json"); info.Path != want {
		t.Errorf("path %s, want %s", info.Path, want)
	}
	got, m, err := Load(info.Path)
	if err != nil || m != (Meta{}) {
		t.Fatal(m, err)
	}
	if diff := cmp.Diff(s, got, asSaved); diff != "" {
		t.Error(diff)
	}
}

func TestBackupsOfOneSecond(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() { mustSave(t, dir, sample(), Meta{}) })
	}
	wg.Wait()
	infos := list(t, dir)
	if len(infos) != 12 {
		t.Fatalf("%d backups", len(infos))
	}
	for i, info := range infos {
		want := fmt.Sprintf("20261123T060000Z-example.org-%d.json", 12-i)
		if i == 11 {
			want = "20261123T060000Z-example.org.json"
		}
		if got := filepath.Base(info.Path); got != want {
			t.Errorf("backup %d is %s, want %s", i, got, want)
		}
		if _, _, err := Load(info.Path); err != nil {
			t.Error(err)
		}
	}
}

func TestListIsNewestFirstAndTellsWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if infos, err := List(filepath.Join(dir, "none")); err != nil || len(infos) != 0 {
		t.Errorf("no folder: %v, %v", infos, err)
	}
	for _, at := range []time.Time{now, now.Add(time.Hour), now.Add(-time.Hour)} {
		if _, err := Save(dir, at, sample(), Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"20991123T060000Z-example.org.json": "",
		"20991123T060000Z-example.net.json": "{}\n",
		"20991123T060000Z-example.com.json": "{\"format_version\":2,\n",
		"20991123T060000Z-example.net.zone": "",
		".20991123T060000Z-x.json":          "",
		"notes.txt":                         "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	infos := list(t, dir)
	if len(infos) != 6 {
		t.Fatalf("%d backups", len(infos))
	}
	for i, want := range []time.Time{now.Add(time.Hour), now, now.Add(-time.Hour)} {
		if infos[i].Err != nil || !infos[i].Taken.Equal(want) || infos[i].Zone != "example.org." {
			t.Errorf("backup %d: %+v", i, infos[i])
		}
	}
	var damaged, version int
	for _, info := range infos[3:] {
		switch {
		case errors.Is(info.Err, ErrDamaged):
			damaged++
		case errors.Is(info.Err, ErrVersion):
			version++
		}
	}
	if damaged != 2 || version != 1 {
		t.Errorf("%+v", infos[3:])
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	info := mustSave(t, dir, sample(), Meta{})
	b, err := os.ReadFile(info.Path)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	lines := strings.SplitAfter(doc, "\n")
	resum := func(s string) string { // with the right hash, so that the next check is reached
		s = s[:strings.LastIndex(s, "],\"sha256\"")]
		return s + sumStart + sumOf(s) + sumEnd
	}
	tests := map[string]struct {
		text string
		want error
	}{
		"empty":               {"", ErrDamaged},
		"head alone":          {lines[0], ErrDamaged},
		"no last line":        {strings.Join(lines[:len(lines)-2], ""), ErrDamaged},
		"no last newline":     {strings.TrimSuffix(doc, "\n"), ErrDamaged},
		"half":                {doc[:len(doc)/2], ErrDamaged},
		"an address changed":  {strings.Replace(doc, "192.0.2.1", "192.0.2.9", 1), ErrDamaged},
		"a line less":         {strings.Replace(doc, lines[2], "", 1), ErrDamaged},
		"a line less, hashed": {resum(strings.Replace(doc, lines[2], "", 1)), ErrDamaged},
		"no such address":     {resum(strings.Replace(doc, "192.0.2.1", "192.0.2.X", 1)), ErrDamaged},
		"no such type":        {resum(strings.Replace(doc, `"type":"A"`, `"type":"B"`, 1)), ErrDamaged},
		"no sets":             {resum(strings.Replace(doc, setsLine, "", 1)), ErrDamaged},
		"no others":           {resum(strings.Replace(doc, othersLine, "", 1)), ErrDamaged},
		"count too high":      {resum(strings.Replace(doc, `{"rrsets":10`, `{"rrsets":999999999`, 1)), ErrDamaged},
		"newer format":        {strings.Replace(doc, `"format_version":1`, `"format_version":2`, 1), ErrVersion},
		"no version":          {strings.Replace(doc, `"format_version":1`, `"v":1`, 1), ErrVersion},
		"another document":    {`{"format_version":1,"changes":[]}`, ErrDamaged},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.json")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := Load(path); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	if _, _, err := Load(filepath.Join(dir, "none.zone")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestEveryCutIsTold(t *testing.T) {
	s := sample()
	doc := appendJSON(nil, Info{Zone: s.Zone, Taken: now, Counts: countOf(s)}, s)
	for n := range doc {
		if _, _, err := decode(doc[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut at %d of %d: %v", n, len(doc), err)
		}
	}
}

func TestEveryFlippedByteIsTold(t *testing.T) {
	s := sample()
	doc := appendJSON(nil, Info{Zone: s.Zone, Taken: now, Counts: countOf(s)}, s)
	for n := range doc {
		for _, bit := range []byte{1, 0x20, 0x80} {
			flipped := slices.Clone(doc)
			flipped[n] ^= bit
			if _, _, err := decode(flipped); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) {
				t.Fatalf("byte %d of %d by %#x: %v", n, len(doc), bit, err)
			}
		}
	}
}

// fault is a disk that fails at one file.
type fault struct {
	ext            string
	create         error
	write          error
	rename         error
	read           error
	short, misread bool
}

type faultyFile struct {
	pending
	f *fault
}

func (p faultyFile) Write(b []byte) (int, error) {
	switch {
	case p.f.write != nil:
		n, _ := p.pending.Write(b[:len(b)/2])
		return n, p.f.write
	case p.f.short:
		return p.pending.Write(b[:len(b)/2])
	}
	return p.pending.Write(b)
}

func (p faultyFile) CloseAtomicallyReplace() error {
	if p.f.rename != nil {
		return p.f.rename
	}
	return p.pending.CloseAtomicallyReplace()
}

func (f *fault) disk() disk {
	sound := realDisk()
	return disk{
		create: func(path string) (pending, error) {
			if filepath.Ext(path) != f.ext {
				return sound.create(path)
			}
			if f.create != nil {
				return nil, f.create
			}
			p, err := sound.create(path)
			return faultyFile{p, f}, err
		},
		read: func(path string) ([]byte, error) {
			b, err := sound.read(path)
			if filepath.Ext(path) != f.ext {
				return b, err
			}
			if f.misread {
				b[len(b)/2] ^= 1
			}
			return b, errors.Join(err, f.read)
		},
	}
}

// Whatever fails, the error says so and nothing that looks like a backup stays.
func TestSaveOnABadDisk(t *testing.T) {
	tests := map[string]struct {
		f    fault
		want error
	}{
		"full at create": {fault{create: syscall.ENOSPC}, syscall.ENOSPC},
		"full at write":  {fault{write: syscall.ENOSPC}, syscall.ENOSPC},
		"short write":    {fault{short: true}, nil},
		"failed sync":    {fault{rename: syscall.EIO}, syscall.EIO},
		"cannot be read": {fault{read: syscall.EIO}, syscall.EIO},
		"read otherwise": {fault{misread: true}, ErrDamaged},
	}
	for name, tt := range tests {
		for _, ext := range []string{zoneExt, jsonExt} {
			t.Run(name+ext, func(t *testing.T) {
				dir := t.TempDir()
				f := tt.f
				f.ext = ext
				info, err := save(f.disk(), dir, now, sample(), meta)
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) || info != (Info{}) {
					t.Errorf("%+v, %v", info, err)
				}
				if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
					t.Errorf("left behind: %v, %v", entries, err)
				}
			})
		}
	}
}

// A full disk is told once, of the file that is meant.
func TestErrorsDoNotRepeatThemselves(t *testing.T) {
	dir := t.TempDir()
	full := &os.PathError{Op: "write", Path: filepath.Join(dir, ".backup123"), Err: syscall.ENOSPC}
	_, err := save((&fault{ext: jsonExt, write: full}).disk(), dir, now, sample(), meta)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	text := err.Error()
	if strings.Count(text, "back up") != 1 || strings.Count(text, "write ") != 1 || strings.Contains(text, ".backup123") {
		t.Error(text)
	}
}

func TestSaveWhereNoFolderCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Save(filepath.Join(file, "backups"), now, sample(), meta); !errors.Is(err, syscall.ENOTDIR) {
		t.Error(err)
	}
}

// A record that an encoder lost is found by counting, whatever the hash says.
func TestCountsAreComparedWithTheSnapshot(t *testing.T) {
	s := sample()
	path := filepath.Join(t.TempDir(), "x")
	for _, tt := range []struct {
		text    []byte
		count   func([]byte) int
		records int
	}{
		{appendZone(nil, Info{Zone: s.Zone}, s), countZone, zoneRecords(s)},
		{appendJSON(nil, Info{Zone: s.Zone}, s), countJSON, len(s.RRsets) + len(s.Others)},
	} {
		if err := os.WriteFile(path, tt.text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := realDisk().judge(path, tt.text, tt.count, tt.records); err != nil {
			t.Error(err)
		}
		if err := realDisk().judge(path, tt.text, tt.count, tt.records+1); !errors.Is(err, ErrDamaged) {
			t.Errorf("a lost record: %v", err)
		}
	}
}

func large(n int) *zone.Snapshot {
	s := &zone.Snapshot{Zone: "example.org.", Others: []zone.Record{
		{Name: "example.org.", Type: "SOA", TTL: 3600, Data: "ns1.example.org. host.example.org. 7 3600 600 86400 60"},
		{Name: "example.org.", Type: "NS", TTL: 3600, Data: "ns1.example.org."},
	}}
	for i := range n {
		name := zone.Name(fmt.Sprintf("host-%06d.example.org.", i))
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		s.RRsets = append(s.RRsets, zone.RRset{Key: key(name, zone.A), TTL: 3600, Addrs: []netip.Addr{addr}})
	}
	return s
}

func BenchmarkSave100k(b *testing.B) {
	dir := b.TempDir()
	s := large(100_000)
	for b.Loop() {
		info := mustSave(b, dir, s, meta)
		b.StopTimer()
		if err := discard(info); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkLoad100k(b *testing.B) {
	info := mustSave(b, b.TempDir(), large(100_000), meta)
	for b.Loop() {
		if _, _, err := Load(info.Path); err != nil {
			b.Fatal(err)
		}
	}
}
