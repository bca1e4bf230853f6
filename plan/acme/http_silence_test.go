package acme

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// An address that drops connections is tried once a zone, whoever wants to know; one
// that refuses them is tried for each name.
func TestDroppedConnectionsAreRemembered(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int32
		says http01.Kind
	}{
		"dropped": {os.ErrDeadlineExceeded, 1, http01.ConnectTimeout},
		"refused": {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, 20, http01.ConnectRefused},
	} {
		t.Run(name, func(t *testing.T) {
			var dialled atomic.Int32
			v := http01.New(http01.Options{Dial: func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
				dialled.Add(1)
				return nil, c.err
			}})
			e := &examination{Examiner: New(Options{}), zone: &zoneEvidence{}, name: &nameEvidence{}}
			var all sync.WaitGroup
			for i := range 20 {
				host := string(rune('a'+i)) + ".example.org"
				all.Go(func() {
					r := e.validate(t.Context(), v, http01.Request{Host: host, Token: "x", Pin: netip.MustParseAddr("8.8.4.10")})
					if r.Err == nil || r.Err.Kind != c.says || !unreached(fetched{Result: r}) || !strings.HasPrefix(r.Hops[0].URL, "http://"+host+"/") {
						t.Errorf("%+v", r)
					}
				})
			}
			all.Wait()
			if n := dialled.Load(); n != c.want {
				t.Errorf("%d connections, want %d", n, c.want)
			}
		})
	}
}

// A server that takes connections and says nothing costs one time-out of an authority's
// and the time for a stranger and for a token, for however many names; what else there is to find out
// there waits for it.
func TestServerThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Int32
		x, all := mute(t, 20, &open, func(*http.Request) bool { return false })
		began := time.Now()
		found := Examined(t.Context(), x, all, Selection{Only: []string{"H"}, Skip: []string{"H-CDN", "H-VANTAGE"}})
		if took := time.Since(began); took > 25*time.Second {
			t.Errorf("it took %s", took)
		}
		if n := open.Load(); n != 3 {
			t.Errorf("%d connections, want 3", n)
		}
		for _, f := range found.Findings {
			switch {
			case f.Check == "H-PORT80":
				if f.Outcome != Fail {
					t.Errorf("%+v", f)
				}
				Offers(t, f, "The port is open, and the server behind it does not answer. On the machine of 192.0.2.1, ", "curl -m 15 -sv -o /dev/null http://192.0.2.1:80/\nss -ltnp 'sport = :80'\n")
				lacks(t, f, "ufw", "nft", "security group")
			case f.Outcome == Pass || f.Because != "H-PORT80":
				t.Errorf("%s: %+v", f.Name, f)
			}
		}
	})
}

// A site that is slow alone at its address says nothing of the others there.
func TestOneSiteThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, all := mute(t, 3, new(atomic.Int32), func(r *http.Request) bool { return r.Host != "n0.example.org" })
		for _, f := range Examined(t.Context(), x, all, Selection{Only: []string{"H-PORT80"}}).Findings {
			if (f.Outcome == Pass) != (f.Name != "n0.example.org.") {
				t.Errorf("%s: %+v", f.Name, f)
			}
		}
	})
}

// Where an application takes too long for any path that it does not know, a token in its
// place is asked for all the same.
func TestApplicationThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := ""
		x, all := mute(t, 3, new(atomic.Int32), func(r *http.Request) bool {
			_, err := os.Stat(filepath.Join(root, r.URL.Path))
			return err == nil
		})
		root = x.opts.Client(nil).Place().Webroot
		for _, f := range Examined(t.Context(), x, all, Selection{Only: []string{"H-PORT80", "H-TOKEN"}}).Findings {
			if f.Outcome != Pass {
				t.Errorf("%s: %+v", f.Name, f)
			}
		}
	})
}

// mute are names at one address, which takes connections, and counts them, and answers
// those requests alone that it speaks to, with the file that is asked for.
func mute(t *testing.T, names int, open *atomic.Int32, speaks func(*http.Request) bool) (*Examiner, []*Subject) {
	root := t.TempDir()
	dial := func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		open.Add(1)
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			r, err := http.ReadRequest(bufio.NewReader(there))
			if err == nil && speaks(r) {
				if body, err := os.ReadFile(filepath.Join(root, r.URL.Path)); err == nil {
					_, _ = fmt.Fprintf(there, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
					return
				}
				_, _ = io.WriteString(there, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				return
			}
			_, _ = there.Read(make([]byte, 1)) // until the other side gives up
		}()
		return here, nil
	}
	z := &Zone{ZoneRef: plan.ZoneRef{Zone: "example.org."}, Live: &zone.Snapshot{Zone: "example.org."}}
	var all []*Subject
	for i := range names {
		n := zone.Name(fmt.Sprintf("n%d.example.org.", i))
		set := zone.RRset{Key: zone.Key{Name: n, Type: zone.A}, TTL: 300, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
		all = append(all, &Subject{Zone: z, Name: n, ACME: HTTP01, Records: []Record{{RRset: set}}})
	}
	webroot := plant.Webroot(root, time.Now)
	return New(Options{
		Now: time.Now, Dial: dial, AllowReserved: true, Sources: func(netip.Addr) []netip.Addr { return nil },
		Client: func(*Subject) Client { return Client{Planter: webroot} },
		AtOnce: 1, // a bubble's time stands still where somebody waits for a lock
	}), all
}
