package cloudflare_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libdns/cloudflare"
	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// phases are the writes that take 100 names from one address to another.
var phases = []struct{ name, before, after string }{
	{"lower", "3600 A 10.0.0.%d", "300 A 10.0.0.%d"},
	{"switch", "300 A 10.0.0.%d", "300 A 10.1.0.%d"},
	{"raise", "300 A 10.1.0.%d", "3600 A 10.1.0.%d"},
}

// The table of requests that stands in the documentation: each phase is a write
// and the read-back of its names.
func TestCalls(t *testing.T) {
	const n = 100
	s, p := start(t, "free", "")
	for i := range n {
		s.Put(org, cloudflaretest.Record{Type: "A", Name: fmt.Sprintf("h%d", i), Content: fmt.Sprintf("10.0.0.%d", i), TTL: 3600})
	}

	table := []string{fmt.Sprintf("%-8s %-42s %s", "phase", "dnsplan", "libdns alone")}
	read(t, p) // the plan's
	table = append(table, row(s, "plan"))
	total := 0
	for _, phase := range phases {
		var changes []providers.Change
		var keys []zone.Key
		for i := range n {
			c := change(fmt.Sprintf("h%d "+phase.before, i, i), fmt.Sprintf("h%d "+phase.after, i, i))
			changes, keys = append(changes, c), append(keys, c.Key())
		}
		receipt := write(t, p, changes...)
		live, err := p.Look(t.Context(), orgName, keys)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if got, ok := live.Find(c.Key()); !ok || !got.Equal(*c.After) {
				t.Fatalf("%s: %v, want %v", phase.name, got, c.After)
			}
		}
		if receipt.Requests != 2 {
			t.Errorf("%s: the receipt counts %d requests, want 2", phase.name, receipt.Requests)
		}
		total += sum(s.Counts())
		table = append(table, row(s, phase.name))
	}
	if total > 9 {
		t.Errorf("%d requests, want at most 9", total)
	}

	s.Edit(org, func(r *cloudflaretest.Record) bool {
		r.Content, r.TTL = strings.Replace(r.Content, "10.1.", "10.0.", 1), 3600
		return true
	})
	lib := libdnsFor(t, s)
	all := 0
	for i, phase := range phases {
		for h := range n {
			c := change("", fmt.Sprintf("h%d "+phase.after, h, h))
			_, err := lib.SetRecords(t.Context(), org+".", []libdns.Record{libdns.Address{
				Name: fmt.Sprintf("h%d", h), TTL: c.After.TTL.Duration(), IP: c.After.Addrs[0],
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		used := sum(s.Counts())
		all += used
		table[i+2] += fmt.Sprintf(" %d", used)
		s.ResetLog()
	}
	table = append(table, fmt.Sprintf("%-8s %-42d %d", "total", total, all))
	if all != 601 {
		t.Errorf("libdns alone: %d requests, want 601", all)
	}
	t.Logf("requests for 100 single addresses in one zone:\n%s", strings.Join(table, "\n"))
}

// row is a line of the table, for the requests since the last one.
func row(s *cloudflaretest.Server, phase string) string {
	counts := s.Counts()
	var cells []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		cells = append(cells, fmt.Sprintf("%d %s", counts[kind], kind))
	}
	line := fmt.Sprintf("%-8s %-42s", phase, strings.Join(cells, ", "))
	s.ResetLog()
	return line
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// libdnsFor is libdns's provider, whose address cannot be set, for the fake. It
// filters by "name" and sends read-only fields, neither of which Cloudflare
// describes.
func libdnsFor(t *testing.T, s *cloudflaretest.Server) *cloudflare.Provider {
	t.Helper()
	s.Unchecked()
	host := strings.TrimPrefix(strings.TrimSuffix(s.BaseURL(), "/client/v4"), "http://")
	return &cloudflare.Provider{APIToken: canary, HTTPClient: &http.Client{Transport: toHost(host), Timeout: time.Minute}}
}

// toHost sends each request to a host on loopback.
type toHost string

func (h toHost) RoundTrip(r *http.Request) (*http.Response, error) {
	c := r.Clone(r.Context())
	c.URL.Scheme, c.URL.Host, c.Host = "http", string(h), string(h)
	return http.DefaultTransport.RoundTrip(c)
}

func address(name string, seconds int, addr string) libdns.Address {
	return libdns.Address{Name: name, TTL: time.Duration(seconds) * time.Second, IP: netip.MustParseAddr(addr)}
}
