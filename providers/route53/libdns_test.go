package route53_test

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libdns/libdns"
	libdns53 "github.com/libdns/route53"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// The tests of this file show why the provider of libdns is not used: each
// compares what it does with what this package does.

func libdnsProvider(t *testing.T, s *route53test.Server, zoneID string) *libdns53.Provider {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL_ROUTE_53", s.URL)
	return &libdns53.Provider{Region: "us-east-1", HostedZoneID: zoneID, MaxRetries: 1, Logger: slog.New(slog.DiscardHandler)}
}

// theirs are the A records that libdns reads.
func theirs(t *testing.T, p *libdns53.Provider) []string {
	t.Helper()
	records, err := p.GetRecords(t.Context(), string(org))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range records {
		if rr := r.RR(); rr.Type == "A" {
			out = append(out, rr.Name+" "+rr.Data)
		}
	}
	return out
}

// ours are the A sets that this package reads.
func ours(t *testing.T, s *route53test.Server) []string {
	t.Helper()
	var out []string
	for _, r := range read(t, fast(t, s)).RRsets {
		out = append(out, r.String())
	}
	return out
}

func address(name, addr string) libdns.Record {
	return libdns.Address{Name: name, TTL: time.Minute, IP: netip.MustParseAddr(addr)}
}

// libdns does not see an alias, and overwrites it.
func TestLibdnsAlias(t *testing.T) {
	s, z := account(t, route53test.Alias("www.example.org", "A", "lb.example.net.", "Z2"))
	p := libdnsProvider(t, s, "Z1")
	if got := theirs(t, p); len(got) != 0 {
		t.Errorf("libdns sees %q", got)
	}
	if got := ours(t, s); !slices.Equal(got, []string{"www.example.org. 0 A (alias)"}) {
		t.Errorf("dnsplan sees %q", got)
	}
	if wrong := wrongErr(second(fast(t, s).Write(t.Context(), org, []providers.Change{change("", "www 60 A 192.0.2.1")})), providers.ErrForeign, ""); wrong != "" {
		t.Error(wrong)
	}
	if _, err := p.SetRecords(t.Context(), string(org), []libdns.Record{address("www", "192.0.2.1")}); err != nil {
		t.Fatal(err)
	}
	if got := addresses(z); !slices.Equal(got, []string{"www.example.org. A 60 192.0.2.1"}) {
		t.Errorf("behind libdns's SetRecords: %q", got)
	}
}

// libdns reads weighted sets as one plain set.
func TestLibdnsWeighted(t *testing.T) {
	s, _ := account(t,
		route53test.Weighted("w.example.org", "A", "blue", 90, 60, "192.0.2.1"),
		route53test.Weighted("w.example.org", "A", "green", 10, 60, "192.0.2.2"),
	)
	p := libdnsProvider(t, s, "Z1")
	if got := theirs(t, p); !slices.Equal(got, []string{"w 192.0.2.1", "w 192.0.2.2"}) {
		t.Errorf("libdns sees %q", got)
	}
	if got := ours(t, s); !slices.Equal(got, []string{"w.example.org. 60 A 192.0.2.1 192.0.2.2 (weighted)"}) {
		t.Errorf("dnsplan sees %q", got)
	}
	_, err := p.SetRecords(t.Context(), string(org), []libdns.Record{address("w", "192.0.2.9")})
	if err == nil || !strings.Contains(err.Error(), "other RRSets exist") {
		t.Errorf("libdns's SetRecords: %v", err)
	}
}

// libdns returns a wildcard under another name, and so drops its values when it
// adds one.
func TestLibdnsWildcard(t *testing.T) {
	s, z := account(t, route53test.Simple("*.example.org", "A", 60, "192.0.2.1", "192.0.2.2"))
	p := libdnsProvider(t, s, "Z1")
	if got := theirs(t, p); !slices.Equal(got, []string{`\052 192.0.2.1`, `\052 192.0.2.2`}) {
		t.Errorf("libdns sees %q", got)
	}
	if got := ours(t, s); !slices.Equal(got, []string{"*.example.org. 60 A 192.0.2.1 192.0.2.2"}) {
		t.Errorf("dnsplan sees %q", got)
	}
	write(t, fast(t, s), change("* 60 A 192.0.2.1 192.0.2.2", "* 60 A 192.0.2.1 192.0.2.2 192.0.2.3"))
	if got := addresses(z); !slices.Equal(got, []string{`\052.example.org. A 60 192.0.2.1 192.0.2.2 192.0.2.3`}) {
		t.Errorf("behind dnsplan: %q", got)
	}
	if _, err := p.AppendRecords(t.Context(), string(org), []libdns.Record{address("*", "192.0.2.4")}); err != nil {
		t.Fatal(err)
	}
	if got := addresses(z); !slices.Equal(got, []string{`\052.example.org. A 60 192.0.2.4`}) {
		t.Errorf("behind libdns's AppendRecords: %q", got)
	}
}

// libdns takes the first of two hosted zones of one name, a private one too.
func TestLibdnsTwins(t *testing.T) {
	route53test.Setenv(t)
	s := route53test.Start(t)
	s.AddZone(route53test.Zone{ID: "ZPRIV", Name: string(org), Private: true}).Put(route53test.Simple("www.example.org", "A", 60, "10.0.0.1"))
	s.AddZone(route53test.Zone{ID: "ZPUB", Name: string(org)}).Put(route53test.Simple("www.example.org", "A", 60, "192.0.2.1"))
	if got := theirs(t, libdnsProvider(t, s, "")); !slices.Equal(got, []string{"www 10.0.0.1"}) {
		t.Errorf("libdns reads %q", got)
	}
	if got := ours(t, s); !slices.Equal(got, []string{"www.example.org. 60 A 192.0.2.1"}) {
		t.Errorf("dnsplan reads %q", got)
	}
}

// libdns drops a health check when it writes.
func TestLibdnsHealthCheck(t *testing.T) {
	healthy := route53test.Simple("www.example.org", "A", 60, "192.0.2.1")
	healthy.HealthCheckID = "abcdef11-2222-3333-4444-555555fedcba"
	s, z := account(t, healthy)
	write(t, fast(t, s), change("www 60 A 192.0.2.1", "www 60 A 192.0.2.2"))
	if got := addresses(z); !slices.Equal(got, []string{"www.example.org. A 60 192.0.2.2 health check abcdef11-2222-3333-4444-555555fedcba"}) {
		t.Errorf("behind dnsplan: %q", got)
	}
	if _, err := libdnsProvider(t, s, "Z1").SetRecords(t.Context(), string(org), []libdns.Record{address("www", "192.0.2.3")}); err != nil {
		t.Fatal(err)
	}
	if got := addresses(z); !slices.Equal(got, []string{"www.example.org. A 60 192.0.2.3"}) {
		t.Errorf("behind libdns's SetRecords: %q", got)
	}
}

// One record that libdns cannot parse fails its whole read.
func TestLibdnsBadRecord(t *testing.T) {
	s, _ := account(t,
		route53test.Simple("bad.example.org", "SRV", 60, "10 60 5060 sip.example.org."),
		route53test.Simple("www.example.org", "A", 60, "192.0.2.1"),
	)
	if _, err := libdnsProvider(t, s, "Z1").GetRecords(t.Context(), string(org)); err == nil {
		t.Error("libdns reads the zone")
	}
	if snap := read(t, fast(t, s)); len(snap.RRsets) != 1 || !slices.ContainsFunc(snap.Others, func(r zone.Record) bool { return r.Type == "SRV" }) {
		t.Errorf("dnsplan reads %v %v", snap.RRsets, snap.Others)
	}
}
