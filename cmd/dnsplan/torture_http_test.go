package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/providertest/flaky"
)

// striker is a judge of requests, of which it strikes some writes.
type striker struct {
	mu     sync.Mutex
	rng    *rand.Rand
	faults int // left
	struck int
}

func newStriker(seed uint64, faults int) *striker {
	return &striker{rng: rand.New(rand.NewPCG(seed, 6)), faults: faults} //nolint:gosec // to be repeatable, not secret
}

func (s *striker) judge(r *http.Request) flaky.Fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodGet || s.faults == 0 || s.rng.IntN(6) == 0 {
		return flaky.Pass
	}
	s.faults--
	s.struck++
	fates := []flaky.Fate{flaky.LoseReply, flaky.LoseReply, flaky.CutReply, flaky.CutBefore, flaky.Late, flaky.Fail, flaky.FailAfter}
	return fates[s.rng.IntN(len(fates))]
}

// The process is killed over and over while it changes a zone on PowerDNS, through
// an HTTP proxy that loses replies, or answers 504 in place of them.
func TestTortureOfPowerDNS(t *testing.T) {
	if testing.Short() {
		t.Skip("real servers and real waits take seconds: left out by -short")
	}
	t.Parallel()
	tortureAtOnce(t, 4, func(t *testing.T, seed uint64) *mill {
		server := dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: map[string]string{e2eZone: `$ORIGIN example.org.
$TTL 300
@    IN SOA ns1 hostmaster 1 3600 600 86400 1
@    IN NS  ns1
ns1  IN A   127.0.0.1
www  3 IN A 192.0.2.1
`}})
		api, err := url.Parse(server.API())
		if err != nil {
			t.Fatal(err)
		}
		reverse := &httputil.ReverseProxy{
			Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(api) },
			ErrorLog: log.New(io.Discard, "", 0), // that a client was killed
		}
		proxy := &flaky.Handler{Server: reverse, Judge: newStriker(seed, 5).judge}
		front := httptest.NewServer(proxy)
		t.Cleanup(front.Close)
		m := newMill(t, t.TempDir(), fmt.Sprintf(`version = 1
[defaults]
ttl        = 3
change_ttl = 1
settle     = 1
[verify]
timeout = "1m"
[[provider]]
name = "pdns"
type = "powerdns"
server_url = %q
api_key = "env:PDNS_API_KEY"
[[zone]]
name = %q
provider = "pdns"
servers = [%q]
[[zone.record]]
name = "www"
a = ["203.0.113.11"]
[[zone.record]]
name = "new"
a = ["203.0.113.13"]
`, front.URL, e2eZone, server.Addr), seed, 25)
		m.env["PDNS_API_KEY"] = dnsd.TestAPIKey
		r := m.grind()
		if r.Result.Outcome != execute.OutcomeDone {
			t.Errorf("the run is %s: %+v; the last process said:\n%s", r.Result.Outcome, r.Result.Failures, m.last)
		}
		seen := patches(t, proxy.Requests())
		m.wantPath("www", false, seen["www"], "3 192.0.2.1", "1 192.0.2.1", "1 203.0.113.11", "3 203.0.113.11")
		m.wantPath("new", false, seen["new"], "", "1 203.0.113.13", "3 203.0.113.13")
		if s := seen["www"]; len(s) == 3 && s[1].at.Sub(s[0].at) < 3*time.Second {
			t.Errorf("switched %s after the TTL was lowered, want 3s", s[1].at.Sub(s[0].at))
		}
		if _, data := server.Answer(dns.TypeA, e2eName); !slices.Equal(data, []string{"203.0.113.11"}) {
			t.Errorf("PowerDNS has %q", data)
		}
		m.accounts(r)
		return m
	})
}

// patches are the states of each name that the server was given and took.
func patches(t *testing.T, requests []flaky.Request) map[string][]state {
	t.Helper()
	out := map[string][]state{}
	for _, r := range requests {
		if r.Method != http.MethodPatch || r.Code/100 != 2 {
			continue
		}
		var body struct {
			RRsets []struct {
				Name    string
				TTL     int
				Records []struct{ Content string }
			}
		}
		if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
			t.Fatalf("patch %s: %v", r.Body, err)
		}
		for _, set := range body.RRsets {
			name, _, _ := strings.Cut(set.Name, ".")
			words := []string{fmt.Sprint(set.TTL)}
			for _, c := range set.Records {
				words = append(words, c.Content)
			}
			text := strings.Join(words, " ")
			if s := out[name]; len(s) == 0 || s[len(s)-1].text != text { // a late one may come behind its like
				out[name] = append(s, state{r.At, text})
			}
		}
	}
	return out
}

// The process is killed while it writes to Cloudflare, and replies are lost: the
// records are as planned, each value is there once, and those that stay keep
// their ids.
func TestTortureOfCloudflare(t *testing.T) {
	if testing.Short() {
		t.Skip("real processes take seconds: left out by -short")
	}
	t.Parallel()
	tortureAtOnce(t, 24, func(t *testing.T, seed uint64) *mill {
		s := cloudflaretest.New()
		strikes := newStriker(seed, 2)
		s.Serve(t, &flaky.Handler{Server: s, Judge: strikes.judge})
		s.AddToken(cloudflaretest.Token{Value: cfToken, All: cloudflaretest.Edit})
		s.AddZone(cloudflaretest.Zone{ID: "z1", Name: e2eZone})
		s.Put(e2eZone, cloudflaretest.Record{Type: "A", Name: e2eName, Content: "192.0.2.1", TTL: 300})
		s.Put(e2eZone, cloudflaretest.Record{Type: "A", Name: e2eName, Content: "192.0.2.2", TTL: 300, Comment: "stays"})
		s.Put(e2eZone, cloudflaretest.Record{Type: "MX", Name: e2eZone, Content: "mail.example.net", Priority: new(int), TTL: 300})
		kept := map[string]string{}
		for _, r := range s.Records(e2eZone) {
			kept[r.Content] = r.ID
		}
		m := newMill(t, t.TempDir(), fmt.Sprintf(`version = 1
[defaults]
ttl = 300
strategy = "direct"
[[provider]]
name = "cf"
type = "cloudflare"
base_url = %q
api_token = "env:CLOUDFLARE_API_TOKEN"
[[zone]]
name = %q
provider = "cf"
servers = []
[[zone.record]]
name = "www"
a = ["192.0.2.2", "203.0.113.11"]
round_robin = true
[[zone.record]]
name = "new"
a = ["203.0.113.13"]
`, s.BaseURL(), e2eZone), seed, 6)
		m.within = 60 * time.Millisecond
		m.env["CLOUDFLARE_API_TOKEN"] = cfToken
		r := m.grind()
		if r.Result.Outcome != execute.OutcomeDone {
			t.Errorf("the run is %s: %+v; the last process said:\n%s", r.Result.Outcome, r.Result.Failures, m.last)
		}
		var got []string
		for _, r := range s.Records(e2eZone) {
			if got = append(got, r.Name+" "+r.Content); r.Content == "192.0.2.2" && (r.ID != kept[r.Content] || r.Comment != "stays") {
				t.Errorf("a value that stays is another record now: %+v", r)
			}
		}
		slices.Sort(got)
		if want := []string{"example.org mail.example.net", "new.example.org 203.0.113.13", "www.example.org 192.0.2.2", "www.example.org 203.0.113.11"}; !slices.Equal(got, want) {
			t.Errorf("Cloudflare has %q, want %q", got, want)
		}
		m.accounts(r)
		return m
	})
}
