package zonefile

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

// changesTo makes the changes from what p holds to lines; "-" in front of a
// line deletes that set.
func changesTo(t *testing.T, p *Provider, lines string) []providers.Change {
	t.Helper()
	s, err := p.Read(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	var out []providers.Change
	for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
		line, gone := strings.CutPrefix(line, "-")
		c := providers.Change{After: providertest.ParseSet(org, line)}
		if r, ok := s.Find(c.Key()); ok {
			c.Before = &r
		}
		if gone {
			c.After = nil
		}
		out = append(out, c)
	}
	return out
}

// TestEdit compares the whole file, byte for byte.
func TestEdit(t *testing.T) {
	for _, c := range []struct{ name, text, set, want string }{
		{
			"value, layout and comment stay",
			"$TTL 3600 ; default\n\nwww\t IN   A\t192.0.2.1  ; web\n",
			"www.example.org. 3600 A 203.0.113.11",
			"$TTL 3600 ; default\n\nwww\t IN   A\t203.0.113.11  ; web\n",
		},
		{
			"TTL token is replaced",
			"www 1h IN A 192.0.2.1 ; web\nwww IN 60m A 192.0.2.2\n",
			"www.example.org. 300 A 192.0.2.1 192.0.2.2",
			"www 300 IN A 192.0.2.1 ; web\nwww IN 300 A 192.0.2.2\n",
		},
		{
			"TTL token is added",
			"$TTL 1h\nwww IN A 192.0.2.1\n    A 192.0.2.2\napi A 192.0.2.3\n",
			"www.example.org. 300 A 192.0.2.1 192.0.2.2",
			"$TTL 1h\nwww 300 IN A 192.0.2.1\n    300 A 192.0.2.2\napi A 192.0.2.3\n",
		},
		{
			"the next line keeps the TTL it took from this one",
			"www 1h A 192.0.2.1\napi A 192.0.2.3\ndb A 192.0.2.4\n",
			"www.example.org. 300 A 192.0.2.1",
			"www 300 A 192.0.2.1\napi 3600 A 192.0.2.3\ndb A 192.0.2.4\n",
		},
		{
			"a TTL that follows needs no token",
			"www 1h A 192.0.2.1\n    A 192.0.2.2\n",
			"www.example.org. 300 A 192.0.2.1 192.0.2.2",
			"www 300 A 192.0.2.1\n    A 192.0.2.2\n",
		},
		{
			"new values follow the last line",
			"www 60 A 192.0.2.1 ; one\n\nwww 60 A 192.0.2.2 ; two\napi 60 A 192.0.2.3\n",
			"www.example.org. 60 A 192.0.2.1 192.0.2.2 203.0.113.1 203.0.113.2",
			"www 60 A 192.0.2.1 ; one\n\nwww 60 A 192.0.2.2 ; two\nwww 60 A 203.0.113.1\nwww 60 A 203.0.113.2\napi 60 A 192.0.2.3\n",
		},
		{
			"a new value and a new TTL",
			"$TTL 60\nwww A 192.0.2.1",
			"www.example.org. 30 A 192.0.2.1 192.0.2.2",
			"$TTL 60\nwww 30 A 192.0.2.1\nwww 30 A 192.0.2.2\n",
		},
		{
			"heirs of a deleted owner",
			"$ORIGIN example.org.\nwww 60 A 192.0.2.1\n\t60 TXT \"x\"\n\t60 MX 10 mail\n",
			"-www.example.org. 60 A 192.0.2.1",
			"$ORIGIN example.org.\nwww\t60 TXT \"x\"\n\t60 MX 10 mail\n",
		},
		{
			"heirs of owner and TTL",
			"api 5 A 192.0.2.9\nwww 60 A 192.0.2.1\n\tAAAA 2001:db8::1\n\tTXT x\n",
			"-www.example.org. 60 A 192.0.2.1\n-www.example.org. 60 AAAA 2001:db8::1",
			"api 5 A 192.0.2.9\nwww\t60 TXT x\n",
		},
		{
			"an heir behind another origin",
			"$TTL 60\nwww A 192.0.2.1\n$ORIGIN lab.example.org.\n; still www\n A 192.0.2.2\n$ORIGIN example.org.\n AAAA 2001:db8::1\n",
			"www.example.org. 60 A 192.0.2.2\n-www.example.org. 60 AAAA 2001:db8::1",
			"$TTL 60\n$ORIGIN lab.example.org.\n; still www\nwww.example.org. A 192.0.2.2\n$ORIGIN example.org.\n",
		},
		{
			"a deleted heir",
			"www 60 TXT x\n    60 A 192.0.2.1\n    60 MX 10 mail\n",
			"-www.example.org. 60 A 192.0.2.1",
			"www 60 TXT x\n    60 MX 10 mail\n",
		},
		{
			"the apex by its origin",
			"$TTL 60\n@ A 192.0.2.1\n  MX 10 mail\n@ SOA a b 1 2 3 4 5\n",
			"-example.org. 60 A 192.0.2.1",
			"$TTL 60\n@  MX 10 mail\n@ SOA a b 2 2 3 4 5\n",
		},
		{
			"parentheses",
			"www ( 60 ; ttl\n  IN A\n  192.0.2.1 ) ; end\napi 60 A 192.0.2.2\n",
			"www.example.org. 30 A 192.0.2.9 192.0.2.10",
			"www ( 30 ; ttl\n  IN A\n  192.0.2.9 ) ; end\nwww.example.org.\t30\tIN\tA\t192.0.2.10\napi 60 A 192.0.2.2\n",
		},
		{
			"generic data",
			"www 60 TYPE1 \\# 4 ( c000\n 0201 ) ; odd\n    60 TXT x\n",
			"www.example.org. 60 A 192.0.2.9",
			"www.example.org.\t60\tIN\tA\t192.0.2.9\n    60 TXT x\n",
		},
		{
			"parentheses go",
			"www ( 60 ; ttl\n  IN A\n  192.0.2.1 ) ; end\napi 60 ( TXT \"(\"\n ;)\n \")\" )\n",
			"-www.example.org. 60 A 192.0.2.1",
			"api 60 ( TXT \"(\"\n ;)\n \")\" )\n",
		},
		{
			"two creates",
			"$ORIGIN lab.example.org.\nx 5 TXT y",
			"*.example.org. 60 A 192.0.2.9 192.0.2.10\nwww.example.org. 60 AAAA 2001:db8::1",
			"$ORIGIN lab.example.org.\nx 5 TXT y\n*.example.org.\t60\tIN\tA\t192.0.2.9\n*.example.org.\t60\tIN\tA\t192.0.2.10\nwww.example.org.\t60\tIN\tAAAA\t2001:db8::1\n",
		},
		{
			"a name that starts with a dollar sign",
			"x 5 TXT y\n\\$a 5 A 192.0.2.1\n   5 TXT z\n",
			"-$a.example.org. 5 A 192.0.2.1\n$b.example.org. 5 A 192.0.2.2",
			"x 5 TXT y\n\\$a   5 TXT z\n\\$b.example.org.\t5\tIN\tA\t192.0.2.2\n",
		},
		{
			"CRLF",
			"$TTL 60\r\nwww A 192.0.2.1 ; c\r\n\r\n    AAAA 2001:db8::1\r\n",
			"www.example.org. 60 A 192.0.2.1 192.0.2.2\nnew.example.org. 60 A 192.0.2.3",
			"$TTL 60\r\nwww A 192.0.2.1 ; c\r\nwww A 192.0.2.2\r\n\r\n    AAAA 2001:db8::1\r\nnew.example.org.\t60\tIN\tA\t192.0.2.3\r\n",
		},
		{
			"two TTLs become one",
			"$TTL 60\nwww 300 A 192.0.2.1\nwww A 192.0.2.2\nwww 60 A 192.0.2.2 ; again\n",
			"www.example.org. 300 A 192.0.2.2 192.0.2.3",
			"$TTL 60\nwww 300 A 192.0.2.3\nwww 300 A 192.0.2.2\nwww 300 A 192.0.2.2 ; again\n",
		},
		{
			"serial",
			"@ 60 SOA ns1 host ( 2026112301 ; serial\n 2h 1h 2w 5m )\nwww 60 A 192.0.2.1\n",
			"www.example.org. 60 A 192.0.2.2",
			"@ 60 SOA ns1 host ( 2026112302 ; serial\n 2h 1h 2w 5m )\nwww 60 A 192.0.2.2\n",
		},
		{
			"serial wraps past 0",
			"@ 60 SOA ns1 host 4294967295 2h 1h 2w 5m\nwww 60 A 192.0.2.1\n",
			"www.example.org. 60 A 192.0.2.2",
			"@ 60 SOA ns1 host 1 2h 1h 2w 5m\nwww 60 A 192.0.2.2\n",
		},
		{
			"an SOA line that inherits",
			"@ 60 A 192.0.2.1\n  SOA ns1 host 1 2h 1h 2w 5m\n",
			"-example.org. 60 A 192.0.2.1",
			"@  60 SOA ns1 host 2 2h 1h 2w 5m\n",
		},
		{
			"nothing to do",
			"@ 60 SOA ns1 host 1 2h 1h 2w 5m\nwww 60 A 192.0.2.1\n",
			"www.example.org. 60 A 192.0.2.1",
			"@ 60 SOA ns1 host 1 2h 1h 2w 5m\nwww 60 A 192.0.2.1\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, after := withSOA(c.text, c.want)
			p, path := seeded(t, before)
			if _, err := p.Write(t.Context(), org, changesTo(t, p, c.set)); err != nil {
				t.Fatal(err)
			}
			if got := fileText(t, path); got != after {
				t.Errorf("got\n%s\nwant\n%s", got, after)
			}
		})
	}
}

// withSOA puts an SOA record in front of texts that have none, as they are
// before and after a write, with the line ends of the first.
func withSOA(before, after string) (string, string) {
	if strings.Contains(before, "SOA") {
		return before, after
	}
	first, second := soaLine, raisedLine
	if strings.Contains(before, "\r\n") {
		first, second = strings.ReplaceAll(first, "\n", "\r\n"), strings.ReplaceAll(second, "\n", "\r\n")
	}
	return first + before, second + after
}

func TestNextSerial(t *testing.T) {
	for s, want := range map[uint32]uint32{0: 1, 1: 2, 2026112399: 2026112400, 1<<31 - 1: 1 << 31, 1<<32 - 2: 1<<32 - 1, 1<<32 - 1: 1} {
		got := nextSerial(s)
		if got != want || int32(got-s) <= 0 { // RFC 1982, section 3.2: greater
			t.Errorf("serial after %d is %d, want %d", s, got, want)
		}
	}
}

func TestReplaceCNAME(t *testing.T) {
	p, path := seeded(t, soaLine+"old 60 A 192.0.2.1\nwww 60 CNAME Old ; gone\n    60 RRSIG CNAME x\n")
	c := providers.Change{After: providertest.ParseSet(org, "www.example.org. 60 A 192.0.2.2"), Replaces: "old.example.org."}
	if _, err := p.Write(t.Context(), org, []providers.Change{c}); err != nil {
		t.Fatal(err)
	}
	want := raisedLine + "old 60 A 192.0.2.1\nwww    60 RRSIG CNAME x\nwww.example.org.\t60\tIN\tA\t192.0.2.2\n"
	if got := fileText(t, path); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, text, set, want string }{
		{"outside", soaLine, "www.example.net. 60 A 192.0.2.1", "outside the zone"},
		{"no address", soaLine, "www.example.org. 60 A", "no address"},
		{"family", soaLine, "www.example.org. 60 A 2001:db8::1", "no address of type A"},
		{"TTL", soaLine, "www.example.org. 2147483648 A 192.0.2.1", "TTL 2147483648 is not from 0 to 2147483647"},
		{"CNAME", soaLine + "www 60 CNAME x\n", "www.example.org. 60 A 192.0.2.1", "there is a CNAME record to x.example.org."},
	} {
		p, path := seeded(t, c.text)
		_, err := p.Write(t.Context(), org, changesTo(t, p, c.set))
		if _, ok := errors.AsType[*providers.RefusedError](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
		if got := fileText(t, path); got != c.text {
			t.Errorf("%s: the file was changed: %s", c.name, got)
		}
	}
}

func TestSOAIncluded(t *testing.T) {
	p, path := seeded(t, "$INCLUDE soa.inc\nwww 60 CNAME x\n$INCLUDE cname.inc\n")
	writeFile(t, filepath.Join(filepath.Dir(path), "soa.inc"), soaLine)
	writeFile(t, filepath.Join(filepath.Dir(path), "cname.inc"), "alias 60 CNAME x\n")
	_, err := p.Write(t.Context(), org, changesTo(t, p, "a.example.org. 60 A 192.0.2.1"))
	if _, ok := errors.AsType[*providers.RefusedError](err); !ok {
		t.Errorf("error %v, want a refusal", err)
	}
	c := providers.Change{After: providertest.ParseSet(org, "alias.example.org. 60 A 192.0.2.1"), Replaces: "x.example.org."}
	if _, err := p.Write(t.Context(), org, []providers.Change{c}); !errors.Is(err, providers.ErrForeign) {
		t.Errorf("error %v, want ErrForeign", err)
	}
}

func TestWriteKeepsLinkAndMode(t *testing.T) {
	p, path := seeded(t, "")
	target := filepath.Join(t.TempDir(), "real")
	writeFile(t, target, soaLine+"www 60 A 192.0.2.1\n")
	if err := errors.Join(os.Chmod(target, 0o640), os.Remove(path), os.Symlink(target, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(t.Context(), org, changesTo(t, p, "www.example.org. 60 A 192.0.2.2")); err != nil {
		t.Fatal(err)
	}
	if link, err := os.Readlink(path); err != nil || link != target {
		t.Errorf("link %q, error %v", link, err)
	}
	info, err := os.Stat(target)
	if err != nil || info.Mode().Perm() != 0o640 || fileText(t, target) != raisedLine+"www 60 A 192.0.2.2\n" {
		t.Errorf("%v, error %v: %s", info.Mode(), err, fileText(t, target))
	}
	entries, _ := os.ReadDir(filepath.Dir(target))
	if len(entries) != 2 { // the file and its lock
		t.Errorf("left over: %v", entries)
	}
}

// TestManyWriters lets several providers, as of several processes, add values
// to one set; each reads again on a conflict. No value may get lost.
func TestManyWriters(t *testing.T) {
	_, path := seeded(t, soaLine+"www 60 A 192.0.2.1\n")
	const writers = 8
	var wg sync.WaitGroup
	for i := range writers {
		p, err := New(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { addValue(t, p, netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})) })
	}
	wg.Wait()
	p, _ := New(filepath.Dir(path))
	s, err := p.Read(t.Context(), org)
	if err != nil || len(s.RRsets[0].Addrs) != writers+1 {
		t.Fatalf("%v, error %v", s, err)
	}
	if soa, ok := s.SOA(); !ok || soa.Serial != 2026112301+writers {
		t.Errorf("serial %d", soa.Serial)
	}
}

func addValue(t *testing.T, p *Provider, a netip.Addr) {
	for {
		s, err := p.Read(t.Context(), org)
		if err != nil {
			t.Error(err)
			return
		}
		after := s.RRsets[0].Clone()
		after.Addrs = append(after.Addrs, a)
		_, err = p.Write(t.Context(), org, []providers.Change{{Before: &s.RRsets[0], After: &after}})
		if err == nil {
			return
		}
		if !errors.Is(err, providers.ErrConflict) {
			t.Error(err)
			return
		}
	}
}

// TestLockIsWaitedFor holds the lock as another process would.
func TestLockIsWaitedFor(t *testing.T) {
	p, path := seeded(t, soaLine+"www 60 A 192.0.2.1\n")
	changes := changesTo(t, p, "www.example.org. 60 A 192.0.2.2")
	held := flock.New(filepath.Join(filepath.Dir(path), ".example.org.zone.lock"))
	if err := held.Lock(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Write(ctx, org, changes); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline's", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(t.Context(), org, changes); err != nil {
		t.Error(err)
	}
}

// TestEditorSaves replaces the file between the read and the write.
func TestEditorSaves(t *testing.T) {
	_, path := seeded(t, "www 60 A 192.0.2.1\n")
	f, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path+"~", "www 60 A 192.0.2.7\n")
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
	if err := f.replace("www 60 A 192.0.2.2\n"); !errors.Is(err, errMoved) {
		t.Errorf("error %v, want errMoved", err)
	}
	if got := fileText(t, path); got != "www 60 A 192.0.2.7\n" {
		t.Errorf("the editor's text is gone: %s", got)
	}
}

// TestWriteFails takes away the right to write the folder.
func TestWriteFails(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	p, path := seeded(t, soaLine+"www 60 A 192.0.2.1\n")
	changes := changesTo(t, p, "www.example.org. 60 A 192.0.2.2")
	dir := filepath.Dir(path)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if _, err := p.Write(t.Context(), org, changes); !errors.Is(err, os.ErrPermission) {
		t.Errorf("error %v", err)
	}
	if got := fileText(t, path); got != soaLine+"www 60 A 192.0.2.1\n" {
		t.Errorf("the file was changed: %s", got)
	}
}

func TestBadBatches(t *testing.T) {
	p, _ := seeded(t, soaLine+"www 60 A 192.0.2.1\n")
	www, api := providertest.ParseSet(org, "www.example.org. 60 A 192.0.2.1"), providertest.ParseSet(org, "api.example.org. 60 A 192.0.2.1")
	for want, changes := range map[string][]providers.Change{
		"a change needs a before or an after":   {{}},
		"before and after have different keys":  {{Before: www, After: api}},
		"two changes of one RRset in one write": {{After: api}, {After: api}},
	} {
		if _, err := p.Write(t.Context(), org, changes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
	missing := []providers.Change{{After: providertest.ParseSet(org, "www.missing.example. 60 A 192.0.2.1")}}
	if _, err := p.Write(t.Context(), "missing.example.", missing); !errors.Is(err, providers.ErrZoneNotFound) {
		t.Errorf("error %v", err)
	}
}
