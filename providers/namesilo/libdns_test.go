package namesilo_test

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/libdns/libdns"
	upstream "github.com/libdns/namesilo"

	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
)

// toFake sends what is meant for the vendor's address, which libdns/namesilo has
// as a constant, to a fake.
type toFake struct{ base *url.URL }

func (f toFake) RoundTrip(r *http.Request) (*http.Response, error) {
	c := r.Clone(r.Context())
	c.URL.Scheme, c.URL.Host = f.base.Scheme, f.base.Host
	return http.DefaultTransport.RoundTrip(c)
}

// TestLibdns shows why libdns/namesilo v1.0.0 is not what this package is made
// of. It replaces http.DefaultClient, the one client of that module, for its
// time, so neither it nor another test of this package's that runs beside it may
// be parallel.
func TestLibdns(t *testing.T) {
	ordinary := http.DefaultClient
	t.Cleanup(func() { http.DefaultClient = ordinary })
	start := func(t *testing.T, o namesilotest.Options, records ...namesilotest.Record) (*namesilotest.Server, *upstream.Provider) {
		s, _ := open(t, o, records...)
		base, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		http.DefaultClient = &http.Client{Transport: toFake{base}}
		return s, &upstream.Provider{APIToken: key}
	}
	address := func(name, addr string, ttl int) libdns.Record {
		return libdns.Address{Name: name, IP: netip.MustParseAddr(addr), TTL: time.Duration(ttl) * time.Second}
	}

	t.Run("several values end up in one record", func(t *testing.T) {
		s, p := start(t, namesilotest.Options{}, a("r1", "www", "192.0.2.1", 3600), a("r2", "www", "192.0.2.2", 3600))
		got, err := p.SetRecords(t.Context(), string(org), []libdns.Record{address("www", "203.0.113.1", 3600), address("www", "203.0.113.2", 3600)})
		if err != nil || len(got) != 2 {
			t.Fatalf("%v, error %v: it used to say that both are set", got, err)
		}
		wantLines(t, "records", recordsOf(s), "www 3600 A 203.0.113.2", "www 3600 A 192.0.2.2")
	})
	t.Run("errors show the key", func(t *testing.T) {
		s, p := start(t, namesilotest.Options{})
		s.Inject(namesilotest.Lose("", 0))
		_, err := p.GetRecords(t.Context(), string(org))
		if err == nil || !strings.Contains(err.Error(), url.QueryEscape(key)) {
			t.Errorf("error %v: it used to hold the whole URL", err)
		}
	})
	t.Run("one record without a list", func(t *testing.T) {
		_, p := start(t, namesilotest.Options{Lone: true}, a("r1", "www", "192.0.2.1", 3600))
		if got, err := p.GetRecords(t.Context(), string(org)); err == nil {
			t.Errorf("%v: it used to be an error", got)
		}
	})
	t.Run("one bad record hides the zone", func(t *testing.T) {
		_, p := start(t, namesilotest.Options{}, a("r1", "www", "192.0.2.1", 3600),
			namesilotest.Record{Type: "SRV", Host: "odd", Value: "60 5060 sip.example.net", Distance: 10, TTL: 3600}, a("r2", "z", "192.0.2.1", 3600))
		if got, err := p.GetRecords(t.Context(), string(org)); err == nil {
			t.Errorf("%v: it used to be an error", got)
		}
	})
	t.Run("what is gone cannot be deleted", func(t *testing.T) {
		_, p := start(t, namesilotest.Options{})
		if _, err := p.DeleteRecords(t.Context(), string(org), []libdns.Record{address("www", "192.0.2.1", 3600)}); err == nil {
			t.Error("it used to be an error, against the contract of libdns")
		}
	})
	t.Run("a list for each value", func(t *testing.T) {
		s, p := start(t, namesilotest.Options{})
		_, err := p.SetRecords(t.Context(), string(org), []libdns.Record{address("a", "192.0.2.1", 3600), address("b", "192.0.2.1", 3600)})
		if err != nil || len(s.Requests()) != 4 {
			t.Errorf("%d requests, error %v: it used to take 4", len(s.Requests()), err)
		}
	})
	t.Run("a write is repeated below", func(t *testing.T) {
		s, p := start(t, namesilotest.Options{}, a("r1", "www", "192.0.2.1", 3600))
		s.Inject(namesilotest.Lose("dnsUpdateRecord", 0))
		_, err := p.SetRecords(t.Context(), string(org), []libdns.Record{address("www", "203.0.113.1", 3600)})
		if n := len(wrote(s)); err != nil || n != 2 {
			t.Errorf("%d updates, error %v: net/http used to send it again", n, err)
		}
	})
	t.Run("what it does right", func(t *testing.T) {
		s, p := start(t, namesilotest.Options{})
		txt := libdns.TXT{Name: "_acme-challenge", Text: "token", TTL: time.Hour}
		_, err := p.AppendRecords(t.Context(), string(org), []libdns.Record{txt})
		_, err2 := p.DeleteRecords(t.Context(), string(org), []libdns.Record{txt})
		if err := errors.Join(err, err2); err != nil || len(s.Records(domain)) != 0 {
			t.Errorf("error %v, left %v", err, s.Records(domain))
		}
	})
}

func recordsOf(s *namesilotest.Server) []string {
	var out []string
	for _, r := range s.Records(domain) {
		out = append(out, r.String())
	}
	return out
}
