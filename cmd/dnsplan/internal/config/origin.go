package config

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// OriginCertificate is what one address behind a name serves.
type OriginCertificate struct {
	Name   zone.Name
	Served cert.Served
	// Flaws are what keeps clients from taking it.
	Flaws []cert.Problem
	// Due is when it is to be renewed; zero where nothing was served.
	Due cert.Due
}

// plan is the certificate as plans have it.
func (c OriginCertificate) plan() plan.OriginCertificate {
	out := plan.OriginCertificate{Name: c.Name, Address: c.Served.At.Addr()}
	if print, ok := c.Served.Fingerprint(); ok {
		out.Serial, out.NotBefore, out.NotAfter = print.Serial, print.NotBefore, print.NotAfter
	}
	return out
}

// Before are the certificates as plans have them.
func Before(served []OriginCertificate) (out []plan.OriginCertificate) {
	for _, c := range served {
		out = append(out, c.plan())
	}
	return out
}

// Certifier asks for certificates past proxies, by what the inventory's [check] says.
func (s *Session) Certifier(now func() time.Time) execute.Certifier { return certifier{s, now} }

// certifier asks for certificates past proxies.
type certifier struct {
	session *Session
	now     func() time.Time
}

// Certificate asks one address. One that speaks, and shows no certificate, has none.
func (c certifier) Certificate(ctx context.Context, name zone.Name, a netip.Addr) (plan.OriginCertificate, error) {
	client, _, err := c.session.certificateClient(c.now)
	if err != nil {
		return plan.OriginCertificate{}, err
	}
	served := client.Ask(ctx, name.Display(), a)
	if failed := served.Err; failed != nil && failed.Kind != cert.NotTLS && failed.Kind != cert.Alert {
		return plan.OriginCertificate{}, failed
	}
	return OriginCertificate{Name: name, Served: served}.plan(), nil
}

// Fresh tells whether clients take the certificate and it is not due yet.
func (c OriginCertificate) Fresh(now time.Time) bool {
	return c.Served.Leaf() != nil && len(c.Flaws) == 0 && !c.Due.Now(now)
}

// OriginCertificates asks each address for its certificate, past the proxy, in the
// order of the origins; of reserved ones none, unless [check] allows them. An
// authority is asked about renewal where it is known.
func (s *Session) OriginCertificates(ctx context.Context, origins []Origin, now func() time.Time) ([]OriginCertificate, error) {
	client, roots, err := s.certificateClient(now)
	if err != nil {
		return nil, err
	}
	var out []OriginCertificate
	for _, o := range origins {
		for _, a := range o.Addrs {
			if !s.Inventory.Check.AllowReserved && http01.Reserved(a) {
				continue // nobody is there
			}
			c := OriginCertificate{Name: o.Name, Served: client.Ask(ctx, strings.TrimSuffix(string(o.Name), "."), a)}
			if leaf := c.Served.Leaf(); leaf != nil {
				c.Flaws = cert.Judge(c.Served, now(), roots)
				c.Due = client.Due(ctx, leaf, cert.DirectoryOf(leaf, s.Inventory.Check.CA.Directory))
			}
			out = append(out, c)
		}
	}
	return out, ctx.Err()
}

// certificateClient asks for certificates as the inventory's [check] has it. Roots
// are nil where the system's count.
func (s *Session) certificateClient(now func() time.Time) (client *cert.Client, roots *x509.CertPool, err error) {
	o := cert.Options{Port: uint16(s.Inventory.Check.HTTPSPort), Now: now, HSTS: true} //nolint:gosec // G115: a port, checked by the inventory
	if path := s.Inventory.Check.CA.Roots; path != "" {
		path = s.Inventory.InFolder(path)
		if roots, err = readRoots(path); err != nil {
			return nil, nil, err
		}
		if o.HTTP, err = s.authorityClient(path); err != nil {
			return nil, nil, err
		}
	}
	return cert.New(o), roots, nil
}

// Passage is whether a token passes through the proxy of a name.
type Passage struct {
	Name zone.Name
	// Known is false where nobody can tell: the inventory does not say how a token
	// is placed, or it could not be.
	Known, Passes bool
	// Why is why it is not known, or does not pass.
	Why string
}

// TokenThrough places a token at the origin and fetches it through the DNS, as an
// authority would. It leaves nothing behind.
func (s *Session) TokenThrough(ctx context.Context, o Origin, now func() time.Time) Passage {
	out := Passage{Name: o.Name}
	p, _ := s.Planter(o.Zone, o.Name)
	if p == nil {
		out.Why = "the inventory does not say where a token is placed"
		return out
	}
	route, err := s.routeOf(ctx, o)
	if err != nil {
		out.Why = err.Error()
		return out
	}
	token := plant.NewToken()
	err = plant.During(ctx, p, token, func(ctx context.Context) error {
		r := s.validator(route, now).Validate(ctx, http01.Request{Host: string(o.Name), Token: token.Name, Want: token.Body})
		out.Known, out.Passes = r.Verdict != http01.Unknown && len(r.Unasked()) == 0, r.Verdict == http01.Valid
		if r.Err != nil {
			out.Why = r.Err.Error()
		}
		return nil
	})
	if err != nil {
		out.Known, out.Passes, out.Why = false, false, err.Error()
	}
	return out
}

// routeOf is how the world looks the name up.
func (s *Session) routeOf(ctx context.Context, o Origin) (resolver.Route, error) {
	z := o.Zone
	p, err := s.Provider(ctx, z.Provider)
	if err != nil {
		return resolver.Route{}, err
	}
	r := resolver.Route{}
	if r.Resolvers, err = s.servers(s.policy(Request{}).Resolvers, s.sandboxes()); err != nil {
		return r, err
	}
	in := plan.Zone{ZoneRef: plan.ZoneRef{Zone: z.Name, View: z.View}, Servers: addressStrings(z.Servers), Discover: s.discovers(z)}
	names, err := s.nameServersIn(ctx, in, p, r.Resolvers, func() (*zone.Snapshot, error) { return s.Live(ctx, p, z) })
	if err != nil {
		return r, err
	}
	var servers []resolver.Server
	for _, n := range names {
		servers = append(servers, n.Servers...)
	}
	if len(servers) > 0 {
		r.Zones = map[zone.Name][]resolver.Server{z.Name: servers}
	} else if len(r.Resolvers) == 0 {
		return r, errors.New("the inventory names no server to look the name up at")
	}
	return r, nil
}

func addressStrings(list []netip.AddrPort) (out []string) {
	for _, a := range list {
		out = append(out, a.String())
	}
	return out
}

// validator asks as an authority would.
func (s *Session) validator(route resolver.Route, now func() time.Time) *http01.Validator {
	c := s.Inventory.Check
	o := http01.Options{
		Lookup: http01.DNS{Client: s.client, Route: route}, Reserved: http01.Reserved, Now: now,
		Ports: http01.Ports{HTTP: uint16(c.HTTPPort), HTTPS: uint16(c.HTTPSPort)}, //nolint:gosec // G115: ports, checked by the inventory
	}
	if c.AllowReserved {
		o = o.ForPrivate()
	}
	return http01.New(o)
}
