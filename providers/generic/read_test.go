package generic_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/generic"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

// lines returns the snapshot as "name ttl type data".
func lines(s *zone.Snapshot) []string {
	return append(providertest.Sets(s), providertest.Others(s)...)
}

// parsed is what most libdns providers return.
func parsed(t *testing.T, rr libdns.RR) libdns.Record {
	t.Helper()
	r, err := rr.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// given is a libdns provider that returns these records.
type given struct {
	*fake
	records []libdns.Record
	err     error
}

func (g given) GetRecords(context.Context, string) ([]libdns.Record, error) { return g.records, g.err }

func read(t *testing.T, q generic.Quirks, g given) (*zone.Snapshot, error) {
	t.Helper()
	p, err := generic.New(g, q, generic.Hooks{}, generic.Config{Secrets: []string{"canary-secret"}})
	if err != nil {
		t.Fatal(err)
	}
	return p.Read(t.Context(), testZone)
}

func TestRead(t *testing.T) {
	relative, absolute := generic.Quirks{DefaultTTL: 1800}, generic.Quirks{AbsoluteNames: true, AbsoluteTargets: true}
	for _, tt := range []struct {
		quirks                generic.Quirks
		name, kind, ttl, data string
		want                  string
	}{
		{relative, "www", "A", "300s", "192.0.2.1", "www.example.org. 300 A 192.0.2.1"},
		{relative, "@", "A", "300s", "192.0.2.1", "example.org. 300 A 192.0.2.1"},
		{relative, "", "A", "300s", "192.0.2.1", "example.org. 300 A 192.0.2.1"},
		{relative, "WWW.Lab", "a", "300s", "192.0.2.1", "www.lab.example.org. 300 A 192.0.2.1"},
		{relative, "www.example.org.", "A", "300s", "192.0.2.1", "www.example.org. 300 A 192.0.2.1"},
		{relative, "Example.ORG.", "A", "300s", "192.0.2.1", "example.org. 300 A 192.0.2.1"},
		{relative, "www.example.org", "A", "300s", "192.0.2.1", "www.example.org.example.org. 300 A 192.0.2.1"},
		{relative, "notexample", "A", "300s", "192.0.2.1", "notexample.example.org. 300 A 192.0.2.1"},
		{relative, "bücher", "AAAA", "300s", "2001:DB8::1", "xn--bcher-kva.example.org. 300 AAAA 2001:db8::1"},
		{relative, "*.lab", "A", "300s", " 192.0.2.1 ", "*.lab.example.org. 300 A 192.0.2.1"},
		{relative, "www", "A", "300s", "::ffff:192.0.2.1", "www.example.org. 300 A 192.0.2.1"},
		{relative, "www", "A", "0s", "192.0.2.1", "www.example.org. 1800 A 192.0.2.1"},
		{relative, "www", "A", "300.9s", "192.0.2.1", "www.example.org. 300 A 192.0.2.1"},
		{absolute, "www.example.org", "A", "300s", "192.0.2.1", "www.example.org. 300 A 192.0.2.1"},
		{absolute, "example.org", "A", "300s", "192.0.2.1", "example.org. 300 A 192.0.2.1"},
		{absolute, "WWW.Example.ORG", "A", "300s", "192.0.2.1", "www.example.org. 300 A 192.0.2.1"},
		{absolute, "notexample.org", "A", "300s", "192.0.2.1", "notexample.org.example.org. 300 A 192.0.2.1"},
		{absolute, "www", "A", "300s", "192.0.2.1", "www.example.org. 300 A 192.0.2.1"},

		{relative, "alias", "CNAME", "300s", "mail", "alias.example.org. 300 CNAME mail.example.org."},
		{relative, "alias", "CNAME", "300s", "Mail.example.net.", "alias.example.org. 300 CNAME mail.example.net."},
		{relative, "alias", "CNAME", "300s", "@", "alias.example.org. 300 CNAME example.org."},
		{absolute, "alias", "CNAME", "300s", "mail.example.net", "alias.example.org. 300 CNAME mail.example.net."},
		{relative, "@", "MX", "300s", "10 mail", "example.org. 300 MX 10 mail.example.org."},
		{absolute, "@", "MX", "300s", "mail.example.net", "example.org. 300 MX mail.example.net"},
		{relative, "_sip._tcp", "SRV", "300s", "10 60 5060 mail", "_sip._tcp.example.org. 300 SRV 10 60 5060 mail.example.org."},
		{relative, "sip", "SRV", "300s", "garbage", "sip.example.org. 300 SRV garbage"},
		{relative, "txt", "TXT", "300s", `say "hi" \ ü`, `txt.example.org. 300 TXT "say \"hi\" \\ \195\188"`},
		{relative, "txt", "TXT", "300s", `"v=spf1 -all" "more"`, `txt.example.org. 300 TXT "v=spf1 -all" "more"`},
		{relative, "txt", "TXT", "300s", "", `txt.example.org. 300 TXT ""`},
		{relative, "txt", "TXT", "300s", strings.Repeat("a", 256), `txt.example.org. 300 TXT "` + strings.Repeat("a", 255) + `" "a"`},
		{relative, "odd", "TYPE65280", "300s", `\# 4 c0000201`, `odd.example.org. 300 TYPE65280 \# 4 c0000201`},
		{relative, "a..b", "CAA", "300s", `0 issue "ca.example.net"`, `a..b.example.org. 300 CAA 0 issue "ca.example.net"`},
	} {
		ttl, err := time.ParseDuration(tt.ttl)
		if err != nil {
			t.Fatal(err)
		}
		s, err := read(t, tt.quirks, given{records: []libdns.Record{libdns.RR{Name: tt.name, Type: tt.kind, TTL: ttl, Data: tt.data}}})
		if err != nil {
			t.Errorf("%s %s %q: %v", tt.name, tt.kind, tt.data, err)
		} else if d := cmp.Diff([]string{tt.want}, lines(s)); d != "" {
			t.Errorf("%s %s %q (-want +got):\n%s", tt.name, tt.kind, tt.data, d)
		}
	}
}

// TestReadMerges puts the records of a name together, whatever their spelling.
func TestReadMerges(t *testing.T) {
	s, err := read(t, generic.Quirks{}, given{records: []libdns.Record{
		libdns.Address{Name: "WWW", TTL: 300 * time.Second, IP: netip.MustParseAddr("192.0.2.2")},
		libdns.Address{Name: "www", TTL: 600 * time.Second, IP: netip.MustParseAddr("192.0.2.1")},
		libdns.Address{Name: "www.example.org.", TTL: 60 * time.Second, IP: netip.MustParseAddr("192.0.2.1")},
		parsed(t, libdns.RR{Name: "@", TTL: time.Hour, Type: "MX", Data: "10 mail.example.org."}),
	}})
	want := []string{"www.example.org. 600 A 192.0.2.1 192.0.2.2", "example.org. 3600 MX 10 mail.example.org."}
	if err != nil || !slices.Equal(lines(s), want) {
		t.Errorf("%q, error %v, want %q", lines(s), err, want)
	}
}

func TestReadFails(t *testing.T) {
	address := func(name, kind, data string) []libdns.Record {
		return []libdns.Record{libdns.RR{Name: name, Type: kind, TTL: time.Minute, Data: data}}
	}
	for _, tt := range []struct {
		name   string
		quirks generic.Quirks
		given  given
		kind   string
		says   string
	}{
		{"an address that is none", generic.Quirks{}, given{records: address("www", "A", "mail.example.org")}, "plain", `record "www" A "mail.example.org": not an address`},
		{"the other family", generic.Quirks{}, given{records: address("www", "AAAA", "192.0.2.1")}, "plain", "other family"},
		{"a name that is none", generic.Quirks{}, given{records: address("a..b", "A", "192.0.2.1")}, "plain", "empty label"},
		{"a name elsewhere", generic.Quirks{}, given{records: address("www.example.net.", "A", "192.0.2.1")}, "plain", "outside of the zone"},
		{"nothing at all", generic.Quirks{NeverEmpty: true}, given{}, "plain", "no record at all"},
		{"a record that libdns cannot parse", generic.Quirks{}, given{err: errors.New("malformed SRV value")}, "plain", "one record that libdns cannot parse"},
		{"no zone, by status", generic.Quirks{}, given{err: errors.New("LiveDNS returned a 404 (gone)")}, "no zone", "in this account"},
		{"no zone, by text", generic.Quirks{NoZone: []string{"zone not found"}}, given{err: errors.New("zone not found for domain: x")}, "no zone", "in this account"},
		{"no access, by text", generic.Quirks{NoAccess: []string{"Invalid authentication"}}, given{err: errors.New("API request failed: Invalid authentication")}, "credentials", "check that"},
		{"no access, by type", generic.Quirks{Status: func(error) int { return 401 }}, given{err: errors.New("sorry")}, "credentials", "check that"},
		{"a number that is no status", generic.Quirks{}, given{err: errors.New("record 404 has no data")}, "plain", "record 404"},
		{"a secret in the text", generic.Quirks{}, given{err: errors.New("get /?key=canary-secret: HTTP 503")}, "plain", "key=[redacted]"},
	} {
		s, err := read(t, tt.quirks, tt.given)
		if s != nil || kind(err) != tt.kind || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary-secret") {
			t.Errorf("%s: %v, error %v, want %s with %q", tt.name, s, err, tt.kind, tt.says)
		}
	}
}

func TestExactZone(t *testing.T) {
	f := newFake(t, testZone, seed, habits{})
	q := generic.Quirks{ExactZone: true}
	if _, err := open(t, f, q).Read(t.Context(), testZone); err != nil {
		t.Error(err)
	}
	f.zone = "sub." + testZone // the vendor would answer for it
	p, err := generic.New(listing{f, []string{"example.org"}}, q, generic.Hooks{}, generic.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Read(t.Context(), "sub."+testZone); kind(err) != "no zone" || !strings.Contains(err.Error(), "lists example.org") {
		t.Errorf("error %v, want no such zone and what there is", err)
	}
}

// stuck is a provider whose calls last until released.
type stuck struct {
	*fake
	started, release chan struct{}
}

func (s stuck) GetRecords(ctx context.Context, z string) ([]libdns.Record, error) {
	s.started <- struct{}{}
	select {
	case <-s.release:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.fake.GetRecords(ctx, z)
}

// TestTurn has a second caller wait for a Serial provider, and leave.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stuck{newFake(t, testZone, seed, habits{}), make(chan struct{}, 9), make(chan struct{})}
		p, err := generic.New(s, generic.Quirks{Serial: true}, generic.Hooks{}, generic.Config{})
		if err != nil {
			t.Fatal(err)
		}
		first := make(chan error)
		go func() {
			_, err := p.Read(t.Context(), testZone)
			first <- err
		}()
		<-s.started
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Read(ctx, testZone); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("read: error %v, want the context's", err)
		}
		if _, err := p.Write(ctx, testZone, []providers.Change{change("", "new 300 A 192.0.2.1")}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("write: error %v, want the context's", err)
		}
		close(s.release)
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}

// TestTimeout gives a call up that the vendor's code would wait in for hours.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stuck{newFake(t, testZone, seed, habits{}), make(chan struct{}, 9), make(chan struct{})}
		p, err := generic.New(s, generic.Quirks{Timeout: time.Minute}, generic.Hooks{}, generic.Config{})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = p.Read(t.Context(), testZone)
		if err == nil || !strings.Contains(err.Error(), "took too long: GetRecords, 1m0s") || time.Since(began) != time.Minute {
			t.Errorf("error %v after %s, want one after a minute", err, time.Since(began))
		}
	})
}

// FuzzRead has whatever a vendor may hold read into a snapshot or an error.
func FuzzRead(f *testing.F) {
	f.Add("www", "A", "192.0.2.1", 300)
	f.Add("a..b", "TXT", `"`, -1)
	f.Add("*.bücher.", "CNAME", "@", 1<<40)
	f.Add(`a\.b`, "SRV", "1 2 3 .", 0)
	f.Fuzz(func(t *testing.T, name, kind, data string, ttl int) {
		for _, q := range []generic.Quirks{{}, {AbsoluteNames: true, AbsoluteTargets: true}} {
			p, err := generic.New(given{records: []libdns.Record{libdns.RR{Name: name, Type: kind, Data: data, TTL: time.Duration(ttl)}}}, q, generic.Hooks{}, generic.Config{})
			if err != nil {
				t.Fatal(err)
			}
			s, err := p.Read(t.Context(), testZone)
			if err != nil {
				continue
			}
			if len(s.RRsets)+len(s.Others) != 1 {
				t.Errorf("%q %q %q: %d sets and %d others", name, kind, data, len(s.RRsets), len(s.Others))
			}
			for _, r := range s.RRsets {
				if !r.Name.IsSubdomainOf(testZone) || len(r.Addrs) != 1 || r.TTL > zone.MaxTTL {
					t.Errorf("%q %q %q: %v", name, kind, data, r)
				}
			}
		}
	})
}
