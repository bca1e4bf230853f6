package http01_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// Names are looked up in the DNS, along CNAMEs, at a zone's own servers.
func TestDNS(t *testing.T) {
	z := resolvertest.NewZone(t,
		"example.org.       300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60",
		"www.example.org.   300 IN A 192.0.2.2", "www.example.org. 300 IN A 192.0.2.1", "www.example.org. 300 IN AAAA 2001:db8::1",
		"alias.example.org. 300 IN CNAME www.example.org.",
		"only4.example.org. 300 IN A 192.0.2.1")
	c := resolver.New(resolver.Options{Timeout: 20 * time.Second})
	t.Cleanup(func() { c.Close() })
	server := resolver.Server{Name: "ns1", Addr: resolvertest.Serve(t, z)}
	d := http01.DNS{Client: c, Route: resolver.Route{Zones: map[zone.Name][]resolver.Server{"example.org.": {server}}}}
	for _, tt := range []struct {
		name zone.Name
		typ  zone.Type
		want string
	}{
		{"www.example.org.", zone.A, "[192.0.2.1 192.0.2.2] [] false"},
		{"www.example.org.", zone.AAAA, "[2001:db8::1] [] false"},
		{"alias.example.org.", zone.A, "[192.0.2.1 192.0.2.2] [www.example.org.] false"},
		{"only4.example.org.", zone.AAAA, "[] [] false"},
		{"gone.example.org.", zone.A, "[] [] true"},
	} {
		a := d.Lookup(t.Context(), tt.name, tt.typ)
		if got := fmt.Sprint(a.Addrs, " ", a.CNAME, " ", a.NXDomain); got != tt.want || a.Err != nil || a.By != server.String() {
			t.Errorf("%s %s: %s by %s (%v), want %s", tt.name, tt.typ, got, a.By, a.Err, tt.want)
		}
	}
	a := d.Lookup(t.Context(), "www.example.net.", zone.A)
	if q, ok := errors.AsType[*resolver.QueryError](a.Err); !ok || q.Status != resolver.Broken || a.By != "" {
		t.Errorf("a name that nobody is known for: %+v", a)
	}
}
