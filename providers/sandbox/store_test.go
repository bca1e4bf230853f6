package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/sandbox"
)

// wwwText is a zone whose www has one address.
func wwwText(addr string) string {
	return "@ 60 SOA ns1 host 1 1h 1h 1h 5\nwww 60 A " + addr + "\n"
}

func wwwAnswer(addr string) string { return "NOERROR aa\nwww.example.org. 60 IN A " + addr }

func TestLagAndFreeze(t *testing.T) {
	const www = "www.example.org. A"
	clk := newClock()
	store := storeOf(t, clk.Now, wwwText("192.0.2.1"))
	ns1, ns2 := authority(t, store, "ns1", 0), authority(t, store, "ns2", 300*time.Millisecond)
	want(t, ask(t, ns2, www), wwwAnswer("192.0.2.1"))

	clk.advance(time.Second)
	put(t, store, wwwText("192.0.2.2"))
	want(t, ask(t, ns1, www), wwwAnswer("192.0.2.2"))
	want(t, ask(t, ns2, www), wwwAnswer("192.0.2.1"))
	clk.advance(299 * time.Millisecond)
	want(t, ask(t, ns2, www), wwwAnswer("192.0.2.1"))
	clk.advance(time.Millisecond)
	want(t, ask(t, ns2, www), wwwAnswer("192.0.2.2"))

	// A change that is still on its way to ns2 does not arrive while it is
	// frozen, nor do those behind it.
	put(t, store, wwwText("192.0.2.3"))
	ns2.Freeze()
	for i := range 20 {
		clk.advance(time.Hour)
		put(t, store, wwwText(fmt.Sprintf("198.51.100.%d", i)))
	}
	ns2.Freeze() // again: nothing changes
	want(t, ask(t, ns1, www), wwwAnswer("198.51.100.19"))
	want(t, ask(t, ns2, www), wwwAnswer("192.0.2.2"))
	ns2.Thaw()
	want(t, ask(t, ns2, www), wwwAnswer("198.51.100.18"))
	clk.advance(300 * time.Millisecond)
	want(t, ask(t, ns2, www), wwwAnswer("198.51.100.19"))

	store.Remove("example.org.")
	want(t, ask(t, ns1, www), "REFUSED")
	want(t, ask(t, ns2, www), wwwAnswer("198.51.100.19"))
}

// folder returns an authority over a folder with one zone, and the zone's file.
func folder(t *testing.T, now func() time.Time) (a *sandbox.Authority, path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "example.org.zone")
	write(t, path, wwwText("192.0.2.1"))
	store, err := sandbox.OpenStore(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	return authority(t, store, "ns1", 0), path
}

func TestFolderIsServedAsItIs(t *testing.T) {
	const www = "www.example.org. A"
	a, path := folder(t, nil)
	want(t, ask(t, a, www), wwwAnswer("192.0.2.1"))
	for i := range 9 { // in place, and of one size, within one tick of the file's clock
		addr := fmt.Sprintf("192.0.2.%d", i)
		write(t, path, wwwText(addr))
		want(t, ask(t, a, www), wwwAnswer(addr))
	}
	// Long settled, then replaced as editors do it.
	past := time.Now().Add(-time.Hour)
	for i := range 3 {
		addr := fmt.Sprintf("198.51.100.%d", i)
		write(t, path+"~", wwwText(addr))
		if err := os.Chtimes(path+"~", past, past); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+"~", path); err != nil {
			t.Fatal(err)
		}
		want(t, ask(t, a, www), wwwAnswer(addr))
		want(t, ask(t, a, www), wwwAnswer(addr))
	}
	write(t, path, "half a zo")
	want(t, ask(t, a, www), wwwAnswer("198.51.100.2")) // what was good stays
	write(t, path, wwwText("203.0.113.1"))
	want(t, ask(t, a, www), wwwAnswer("203.0.113.1"))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, a, www), "REFUSED")
	want(t, ask(t, a, www), "REFUSED")
	write(t, path, wwwText("203.0.113.2"))
	want(t, ask(t, a, www), wwwAnswer("203.0.113.2"))
}

func TestFolderOddities(t *testing.T) {
	a, path := folder(t, nil)
	dir := filepath.Dir(path)
	write(t, filepath.Join(dir, "example.com.zone"), "@ A 192.0.2.1 ; no SOA\n")
	write(t, filepath.Join(filepath.Dir(dir), "up.zone"), wwwText("192.0.2.66"))
	q := question("www.example.com. A")
	q.SetEdns0(1232, false)
	m := exchange(t, "udp", a.Addr(), q)
	want(t, render(m), "SERVFAIL")
	if o := m.IsEdns0(); o == nil || len(o.Option) != 1 || o.Option[0].String() != "14 (Not Ready): (zone example.com.: no SOA record at the apex)" {
		t.Errorf("got %v", o)
	}
	for _, odd := range []string{`a/up. A`, `\.\./up. A`, `\000. A`, `a\\b. A`, `a:b. A`, `\255. A`} {
		want(t, ask(t, a, odd), "REFUSED")
	}
	if _, err := sandbox.OpenStore(filepath.Join(dir, "none"), nil); err == nil {
		t.Error("a folder that is not there must be an error")
	}
}

func TestIncludedFilesAreLookedAtToo(t *testing.T) {
	a, path := folder(t, nil)
	dir := filepath.Dir(path)
	other := filepath.Join(dir, "hosts.inc")
	write(t, other, "api 60 A 192.0.2.2\n")
	write(t, path, wwwText("192.0.2.1")+"$INCLUDE hosts.inc\n")
	want(t, ask(t, a, "api.example.org. A"), "NOERROR aa\napi.example.org. 60 IN A 192.0.2.2")
	write(t, other, "api 60 A 192.0.2.33\n")
	want(t, ask(t, a, "api.example.org. A"), "NOERROR aa\napi.example.org. 60 IN A 192.0.2.33")

	write(t, filepath.Join(filepath.Dir(dir), "outside.inc"), "api 60 A 192.0.2.66\n")
	for _, name := range []string{"../outside.inc", "missing.inc", "."} {
		write(t, path, wwwText("192.0.2.1")+"$INCLUDE "+name+"\n")
		want(t, ask(t, a, "api.example.org. A"), "NOERROR aa\napi.example.org. 60 IN A 192.0.2.33")
	}
	// The file that was missing appears, empty: the zone is whole again.
	write(t, path, wwwText("192.0.2.1")+"$INCLUDE late.inc\n")
	want(t, ask(t, a, "api.example.org. A"), "NOERROR aa\napi.example.org. 60 IN A 192.0.2.33")
	write(t, filepath.Join(dir, "late.inc"), "")
	want(t, ask(t, a, "api.example.org. MX"), "NXDOMAIN aa\nns example.org. 5 IN SOA ns1.example.org. host.example.org. 1 3600 3600 3600 5")
}
