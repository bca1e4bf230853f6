package flaky_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers/providertest/flaky"
)

// bothOnOnePort listens on a port that is free for UDP and for TCP.
func bothOnOnePort(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	var last error
	for range 20 {
		u, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", u.LocalAddr().String())
		if err == nil {
			return u, l
		}
		last = err
		u.Close()
	}
	t.Fatal(last)
	return nil, nil
}

// counting is a DNS server that answers everything, and counts.
func counting(t *testing.T) (addr string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	u, l := bothOnOnePort(t)
	h := dns.HandlerFunc(func(w dns.ResponseWriter, m *dns.Msg) {
		asked.Add(1)
		_ = w.WriteMsg(new(dns.Msg).SetReply(m))
	})
	for _, s := range []*dns.Server{{PacketConn: u, Handler: h}, {Listener: l, Handler: h}} {
		up := make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		go func() { _ = s.ActivateAndServe() }()
		<-up
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	return u.LocalAddr().String(), asked
}

func TestFatesOfDNS(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		for name, tt := range map[string]struct {
			fate     flaky.Fate
			answered bool
			asked    int64
		}{
			"pass":       {flaky.Pass, true, 1},
			"cut before": {flaky.CutBefore, false, 0},
			"lose reply": {flaky.LoseReply, false, 1},
			"cut reply":  {flaky.CutReply, false, 1},
			"late":       {flaky.Late, true, 1},
		} {
			t.Run(network+" "+name, func(t *testing.T) {
				addr, asked := counting(t)
				p := flaky.DNS(t, netip.MustParseAddrPort(addr), func(*dns.Msg) flaky.Fate { return tt.fate })
				c := &dns.Client{Net: network, Timeout: 500 * time.Millisecond}
				if tt.answered {
					c.Timeout = 30 * time.Second
				}
				_, _, err := c.Exchange(new(dns.Msg).SetQuestion("example.org.", dns.TypeA), p.Addr.String())
				if answered := err == nil; answered != tt.answered {
					t.Errorf("answered %t, want %t: %v", answered, tt.answered, err)
				}
				if n := asked.Load(); n != tt.asked && (tt.answered || tt.asked == 0) {
					t.Errorf("the server was asked %d times, want %d", n, tt.asked)
				}
				if seen := p.Exchanges(); len(seen) != 1 || seen[0].Fate != tt.fate {
					t.Errorf("seen %+v", seen)
				}
			})
		}
	}
}

func TestFatesOfHTTP(t *testing.T) {
	for name, tt := range map[string]struct {
		fate flaky.Fate
		body string // as far as it came
		ok   bool
		done int64
	}{
		"pass":       {flaky.Pass, "written", true, 1},
		"cut before": {flaky.CutBefore, "", false, 0},
		"lose reply": {flaky.LoseReply, "", false, 1},
		"cut reply":  {flaky.CutReply, "wri", false, 1},
		"twice":      {flaky.Twice, "written", true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var done atomic.Int64
			h := &flaky.Handler{
				Server: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					done.Add(1)
					_, _ = io.WriteString(w, "written")
				}),
				Judge: func(*http.Request) flaky.Fate { return tt.fate },
			}
			s := httptest.NewServer(h)
			t.Cleanup(s.Close)
			resp, err := http.Post(s.URL, "text/plain", strings.NewReader("value")) //nolint:noctx // loopback
			var body []byte
			if err == nil {
				body, err = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
			}
			if string(body) != tt.body || (err == nil) != tt.ok || done.Load() != tt.done {
				t.Errorf("got %q, %v, done %d times; want %q, %t, %d", body, err, done.Load(), tt.body, tt.ok, tt.done)
			}
			if seen := h.Requests(); len(seen) == 0 || seen[0].Body != "value" || seen[0].Fate != tt.fate {
				t.Errorf("seen %+v", seen)
			}
		})
	}
}
