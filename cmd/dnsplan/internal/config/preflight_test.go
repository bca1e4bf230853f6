package config

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/cdn"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/certtest"
)

// What redirects lead to is asked where the plan puts it, one RRset at a time.
func TestPlanned(t *testing.T) {
	to := func(proxied bool, addrs ...string) *plan.State {
		s := &plan.State{Proxied: proxied}
		for _, a := range addrs {
			s.Values = append(s.Values, netip.MustParseAddr(a))
		}
		return s
	}
	key := func(name zone.Name, t zone.Type) zone.Key { return zone.Key{Name: name + ".example.org.", Type: t} }
	p := &plan.Plan{Changes: []plan.Change{
		{Key: key("alias", zone.A), After: to(false, "192.0.2.3"), Replaces: "CNAME google.com."},
		{Key: key("edge", zone.A), After: to(true, "192.0.2.4")},
		{Key: key("gone", zone.AAAA)},
		{Key: key("www", zone.A), After: to(false, "192.0.2.1", "192.0.2.2")},
	}}
	want := map[zone.Key]string{
		key("alias", zone.A): "[192.0.2.3]", key("alias", zone.AAAA): "[]", key("gone", zone.AAAA): "[]", key("www", zone.A): "[192.0.2.1 192.0.2.2]",
	}
	got := planned(p, nil)
	for k, addrs := range got {
		if fmt.Sprint(addrs) != want[k] {
			t.Errorf("%s: %v, want %q", k, addrs, want[k])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
}

// signed is a certificate that names the key of its authority, as ARI needs it.
func signed(t *testing.T) *x509.Certificate {
	t.Helper()
	return certtest.SelfSigned(t, &x509.Certificate{NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour), AuthorityKeyId: []byte{1}}).Cert
}

// An authority is asked once of a certificate, however many names it is for.
func TestDuesAskOnce(t *testing.T) {
	var asked atomic.Int32
	ca := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.NotFound(w, r)
	}))
	defer ca.Close()
	d := dues{client: cert.New(cert.Options{HTTP: ca.Client(), Total: time.Minute}), directory: ca.URL + "/dir"}
	leaf := signed(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if due := d.of(t.Context(), leaf); due.Source != cert.Life || due.Err == nil {
				t.Errorf("%+v", due)
			}
		})
	}
	all.Wait()
	d.of(t.Context(), signed(t))
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times of two certificates", n)
	}
}

// What an address within a CDN's published ranges serves is the CDN's to renew; what
// another one serves is one's own.
func TestRenewalOfAnEdge(t *testing.T) {
	ranges, damage := cdn.Load(nil)
	if len(damage) > 0 {
		t.Fatal(damage)
	}
	list, _ := ranges.List(cdn.Fastly)
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	client := cert.New(cert.Options{Total: time.Minute, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}})
	d := dues{client: client, edges: ranges}
	for at, want := range map[netip.Addr]zone.Name{list.Prefixes[0].Addr().Next(): "", netip.MustParseAddr("192.0.2.1"): "www.example.org."} {
		if r := d.renewal(t.Context(), "www.example.org.", at); r.Name != want {
			t.Errorf("at %s: %+v", at, r)
		}
	}
}
