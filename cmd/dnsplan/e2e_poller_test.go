package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// web is a site on two machines: the same port of two loopback addresses.
type web struct {
	port     int
	old, now *httptest.Server
}

func newWeb(t *testing.T) *web {
	t.Helper()
	needs.Address(t, oldAddr)
	for range 50 {
		first, err := net.Listen("tcp", oldAddr+":0")
		if err != nil {
			t.Fatal(err)
		}
		port := first.Addr().(*net.TCPAddr).Port
		second, err := net.Listen("tcp", net.JoinHostPort(newAddr, strconv.Itoa(port)))
		if err != nil {
			_ = first.Close()
			continue
		}
		w := &web{port: port, old: serve(first, "old"), now: serve(second, "new")}
		t.Cleanup(w.now.Close)
		t.Cleanup(w.old.Close)
		return w
	}
	t.Fatalf("no port is free on both %s and %s", oldAddr, newAddr)
	return nil
}

func serve(l net.Listener, text string) *httptest.Server {
	s := &httptest.Server{Listener: l, Config: &http.Server{
		ReadHeaderTimeout: dnsd.Patience,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }),
	}}
	s.Start()
	return s
}

// visit is one client's way: it asked a cache and went where the answer led.
type visit struct {
	asked time.Time
	cache int
	ttl   uint32
	addr  string
	err   error // of the question or of the request
}

func (v visit) String() string {
	return fmt.Sprintf("%s %s: %s (TTL %d) %v", v.asked.Format("15:04:05.000"), cacheName(v.cache), v.addr, v.ttl, v.err)
}

// poller asks every cache five times a second and follows each answer.
type poller struct {
	bed    *testbed
	web    *web
	client *http.Client
	stop   chan struct{}
	wg     sync.WaitGroup

	mu     sync.Mutex
	visits []visit
}

const pollPause = 200 * time.Millisecond

// poll starts a poller; it ends with the test, or with done.
func (b *testbed) poll(w *web) *poller {
	p := &poller{
		bed: b, web: w, stop: make(chan struct{}),
		client: &http.Client{Timeout: dnsd.Patience, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	for i := range b.caches {
		p.wg.Go(func() { p.follow(i) })
	}
	b.t.Cleanup(func() { p.done() })
	return p
}

// follow visits through one cache until the poller is stopped.
func (p *poller) follow(cache int) {
	tick := time.NewTicker(pollPause)
	defer tick.Stop()
	for {
		v := p.visit(cache)
		p.mu.Lock()
		p.visits = append(p.visits, v)
		p.mu.Unlock()
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
	}
}

func (p *poller) visit(cache int) visit {
	v := visit{asked: time.Now(), cache: cache}
	var data []string
	if v.ttl, data, v.err = p.bed.caches[cache].TryAnswer(dns.TypeA, e2eName); v.err != nil {
		return v
	}
	if len(data) != 1 {
		v.err = fmt.Errorf("the answer holds %v", data)
		return v
	}
	v.addr = data[0]
	v.err = p.request(v.addr)
	return v
}

func (p *poller) request(addr string) error {
	r, err := p.client.Get("http://" + net.JoinHostPort(addr, strconv.Itoa(p.web.port)) + "/")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", r.Status, body)
	}
	return err
}

// done stops the poller and returns all visits, in the order of asking.
func (p *poller) done() []visit {
	p.mu.Lock()
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	p.mu.Unlock()
	p.wg.Wait()
	slices.SortStableFunc(p.visits, func(a, b visit) int { return a.asked.Compare(b.asked) })
	return p.visits
}

// since returns how many visits through each cache began at t or later.
func (p *poller) since(t time.Time) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := make([]int, len(p.bed.caches))
	for _, v := range p.visits {
		if !v.asked.Before(t) {
			n[v.cache]++
		}
	}
	return n
}

// until waits until each cache was asked n times at t or later.
func (p *poller) until(n int, t time.Time) {
	p.bed.t.Helper()
	dnsd.Eventually(p.bed.t, fmt.Sprintf("%d visits through each cache", n), func() bool { return slices.Min(p.since(t)) >= n })
}

// stale are the visits from t on that were led to the old address; failed are
// those that got no page.
func judge(visits []visit, t time.Time) (stale, failed []visit) {
	for _, v := range visits {
		if !v.asked.Before(t) && v.addr == oldAddr {
			stale = append(stale, v)
		}
		if v.err != nil {
			failed = append(failed, v)
		}
	}
	return stale, failed
}
