package generic_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

// loopback takes requests to servers of the test, by the host that they are for.
type loopback struct {
	base *http.Transport

	mu    sync.Mutex
	addrs map[string]string
}

// newLoopback is below the program's plain transport until the test ends.
func newLoopback(t *testing.T) *loopback {
	t.Helper()
	l := &loopback{base: &http.Transport{}, addrs: map[string]string{}}
	t.Cleanup(l.base.CloseIdleConnections)
	serve(t, l)
	return l
}

// serve serves a host until the test ends; then whoever served it before does,
// who may be gone.
func (l *loopback) serve(t *testing.T, host string, handler http.Handler) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	addr := strings.TrimPrefix(server.URL, "http://")
	before := l.set(host, addr)
	t.Cleanup(func() {
		if before != "" {
			l.set(host, before)
		}
	})
}

func (l *loopback) set(host, addr string) (before string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before = l.addrs[host]
	l.addrs[host] = addr
	return before
}

func (l *loopback) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	addr, ok := l.addrs[r.URL.Hostname()]
	l.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("%s is not on loopback", r.URL.Host)
	}
	out := r.Clone(r.Context())
	out.Host, out.URL.Scheme, out.URL.Host = r.URL.Host, "http", addr
	return l.base.RoundTrip(out)
}

// isWrite tells the requests that change records. What makes a zone served is
// none of them.
func isWrite(kind string) func(*http.Request) bool {
	switch kind {
	case "cloudns":
		return func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "-record.json") }
	case "glesys":
		return func(r *http.Request) bool { return !strings.HasSuffix(r.URL.Path, "/listrecords") }
	case "ovh":
		return func(r *http.Request) bool {
			return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/refresh")
		}
	case "transip":
		return func(r *http.Request) bool {
			return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/auth")
		}
	}
	return func(r *http.Request) bool { return r.Method != http.MethodGet }
}

// TestVendorsHTTP runs the suite of adapters over HTTP over the real libdns
// providers, none of which would pass it by itself.
func TestVendorsHTTP(t *testing.T) {
	all := vendors()
	net := newLoopback(t)
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		v := all[kind]
		skip := map[providertest.HTTPCase]string{providertest.WriteLost: "what is live tells what became of a write; see TestLostWrites"}
		if kind == "transip" {
			again := "a request that is refused is made once more with a new token; see TestVendorsRefuseAccess"
			skip[providertest.Denied], skip[providertest.Hidden] = again, again
		}
		paged := ""
		if kind == "digitalocean" {
			paged = manyTexts(250)
		}
		t.Run(kind, func(t *testing.T) {
			t.Parallel() // each has a host of its own
			providertest.RunHTTP(t, providertest.HTTPHarness{
				Open: func(t *testing.T, text string, wrap func(http.Handler) http.Handler) providertest.Zone {
					s := newStore(t, v, text)
					net.serve(t, v.host, wrap(v.handler(s)))
					return providertest.Zone{
						Provider: openVendor(t, kind), Name: testZone,
						Others: func(*testing.T) []string { return s.others() },
					}
				},
				IsWrite: isWrite(kind), Scale: v.scale, Secrets: []string{canary},
				Deny: func(w http.ResponseWriter, r *http.Request, status int) { deny(kind, w, r, status) },
				Skip: skip, Paged: paged, SecondPage: func(r *http.Request) bool { return r.URL.Query().Get("page") == "2" },
			})
		})
	}
}

// manyTexts are lines of so many TXT records.
func manyTexts(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "t%d 300 IN TXT \"x\"\n", i)
	}
	return b.String()
}

// TestDigitalOceanRecords: a backup has what the vendor keeps in fields of their
// own, and zones are listed.
func TestDigitalOceanRecords(t *testing.T) {
	s := newStore(t, vendors()["digitalocean"], "@ 300 IN MX 10 mail\n_sip._tcp 300 IN SRV 1 2 5060 sip.example.net.\n"+
		"@ 300 IN CAA 128 issue \"ca.example.net\"\nalias 300 IN CNAME www\n"+manyTexts(450))
	serve(t, hosts{"api.digitalocean.com": digitaloceanAPI(s)})
	p := openVendor(t, "digitalocean")
	snap, err := p.Read(t.Context(), testZone)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range snap.Others {
		if r.Type != "TXT" {
			got = append(got, string(r.Name)+" "+r.Type+" "+r.Data)
		}
	}
	slices.Sort(got)
	want := []string{
		"_sip._tcp.example.org. SRV 1 2 5060 sip.example.net.", "alias.example.org. CNAME www.example.org.",
		`example.org. CAA 128 issue "ca.example.net"`, "example.org. MX 10 mail.example.org.",
	}
	if !slices.Equal(got, want) || len(snap.Others) != 454 {
		t.Errorf("%d records, among them %q, want 454 and %q", len(snap.Others), got, want)
	}
	zones, err := p.(providers.Lister).ListZones(t.Context())
	if err != nil || !slices.Equal(zones, []zone.Name{testZone}) {
		t.Errorf("zones %v, error %v", zones, err)
	}
}
