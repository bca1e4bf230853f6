package acme

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
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
			e := &examination{Examiner: New(Options{}), zone: &zoneEvidence{}}
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
