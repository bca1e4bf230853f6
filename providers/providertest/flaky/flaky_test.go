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

	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
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
		s.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept } // updates too
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
				dnsd.Eventually(t, "the request is seen", func() bool { return len(p.Exchanges()) > 0 })
				if seen := p.Exchanges(); len(seen) != 1 || seen[0].Fate != tt.fate {
					t.Errorf("seen %+v", seen)
				}
			})
		}
	}
}

// An answer in the server's place is to the very request, and signed by nobody.
// What the server has done meanwhile is kept.
func TestAnswersInTheServersPlace(t *testing.T) {
	update := new(dns.Msg).SetUpdate("example.org.")
	signed := update.Copy().SetTsig("key.", dns.HmacSHA256, 300, 1)
	for name, tt := range map[string]struct {
		fate  flaky.Fate
		ask   *dns.Msg
		rcode int
		tsig  uint16
		acted bool
	}{
		"fail, plain":           {flaky.Fail, new(dns.Msg).SetQuestion("www.example.org.", dns.TypeA), dns.RcodeServerFailure, 0, false},
		"fail, SOA":             {flaky.FailAfter, new(dns.Msg).SetQuestion("example.org.", dns.TypeSOA), dns.RcodeServerFailure, 0, true},
		"fail, AXFR":            {flaky.Fail, new(dns.Msg).SetAxfr("example.org."), dns.RcodeServerFailure, 0, false},
		"fail after, AXFR":      {flaky.FailAfter, new(dns.Msg).SetAxfr("example.org."), dns.RcodeServerFailure, 0, true},
		"fail, update":          {flaky.Fail, signed, dns.RcodeServerFailure, 0, false},
		"fail after, update":    {flaky.FailAfter, signed, dns.RcodeServerFailure, 0, true},
		"refuse, update":        {flaky.Refuse, signed, dns.RcodeRefused, 0, false},
		"refuse after, update":  {flaky.RefuseAfter, signed, dns.RcodeRefused, 0, true},
		"deny, update":          {flaky.Deny, signed, dns.RcodeNotAuth, dns.RcodeBadKey, false},
		"deny after, update":    {flaky.DenyAfter, signed, dns.RcodeNotAuth, dns.RcodeBadKey, true},
		"deny, not signed":      {flaky.Deny, update, dns.RcodeNotAuth, 0, false},
		"passed on is no error": {flaky.Pass, update, dns.RcodeSuccess, 0, true},
	} {
		for _, network := range []string{"tcp", "udp"} {
			t.Run(network+" "+name, func(t *testing.T) {
				addr, asked := counting(t)
				p := flaky.DNS(t, netip.MustParseAddrPort(addr), func(*dns.Msg) flaky.Fate { return tt.fate })
				got := ask(t, network, p.Addr.String(), tt.ask)
				if got.Id != tt.ask.Id || !got.Response || got.Opcode != tt.ask.Opcode || got.Rcode != tt.rcode {
					t.Errorf("answered\n%v\nto\n%v", got, tt.ask)
				}
				if mark := got.IsTsig(); (mark != nil) != (tt.tsig != 0) || mark != nil && (mark.Error != tt.tsig || mark.MAC != "") {
					t.Errorf("TSIG record %v, want error %d and no MAC", mark, tt.tsig)
				}
				seen := p.Exchanges()
				if len(seen) != 1 || (seen[0].Reply != nil) != tt.acted || tt.acted && seen[0].Reply.Rcode != dns.RcodeSuccess || (asked.Load() == 1) != tt.acted {
					t.Errorf("the server was asked %d times, want it to have acted: %t; seen %+v", asked.Load(), tt.acted, seen)
				}
			})
		}
	}
}

// ask exchanges m as it is: a client would sign it, and verify the reply.
func ask(t *testing.T, network, server string, m *dns.Msg) *dns.Msg {
	t.Helper()
	c, err := dns.DialTimeout(network, server, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	got, err := c.ReadMsg()
	if got == nil {
		t.Fatalf("no answer: %v", err)
	}
	return got
}

// What stands behind an answer in the server's place, on the same connection, has
// its own reply.
func TestAnswersKeepTheConnection(t *testing.T) {
	addr, _ := counting(t)
	fates := []flaky.Fate{flaky.Refuse, flaky.FailAfter, flaky.Pass}
	var n atomic.Int64
	p := flaky.DNS(t, netip.MustParseAddrPort(addr), func(*dns.Msg) flaky.Fate { return fates[n.Add(1)-1] })
	c, err := dns.DialTimeout("tcp", p.Addr.String(), 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, want := range []int{dns.RcodeRefused, dns.RcodeServerFailure, dns.RcodeSuccess} {
		m := new(dns.Msg).SetQuestion("example.org.", dns.TypeA)
		if err := c.WriteMsg(m); err != nil {
			t.Fatal(err)
		}
		got, err := c.ReadMsg()
		if err != nil || got.Id != m.Id || got.Rcode != want {
			t.Fatalf("got %v, %v, want rcode %d", got, err, want)
		}
	}
}

func TestFatesOfHTTP(t *testing.T) {
	for name, tt := range map[string]struct {
		fate flaky.Fate
		body string // as far as it came
		code int    // 0: no reply, or not all of it
		done int64
	}{
		"pass":         {flaky.Pass, "written", 200, 1},
		"cut before":   {flaky.CutBefore, "", 0, 0},
		"lose reply":   {flaky.LoseReply, "", 0, 1},
		"cut reply":    {flaky.CutReply, "wri", 0, 1},
		"twice":        {flaky.Twice, "written", 200, 2},
		"fail":         {flaky.Fail, "", 504, 0},
		"fail after":   {flaky.FailAfter, "", 504, 1},
		"refuse":       {flaky.Refuse, "", 403, 0},
		"refuse after": {flaky.RefuseAfter, "", 403, 1},
		"deny":         {flaky.Deny, "", 401, 0},
		"deny after":   {flaky.DenyAfter, "", 401, 1},
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
			code := 0
			if err == nil {
				if body, err = io.ReadAll(resp.Body); err == nil {
					code = resp.StatusCode
				}
				_ = resp.Body.Close()
			}
			if string(body) != tt.body || code != tt.code || done.Load() != tt.done {
				t.Errorf("got %q, %d, %v, done %d times; want %q, %d, %d", body, code, err, done.Load(), tt.body, tt.code, tt.done)
			}
			if seen := h.Requests(); len(seen) == 0 || seen[0].Body != "value" || seen[0].Fate != tt.fate {
				t.Errorf("seen %+v", seen)
			}
		})
	}
}
