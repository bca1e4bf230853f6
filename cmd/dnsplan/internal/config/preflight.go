package config

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/authority"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/cdn"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/acme/preflight"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// addChecks puts into the wanted records what their new addresses are asked before
// the switch: challenges, unless the request says otherwise, and certificates. The
// records of d are those of z, in their order.
func (s *Session) addChecks(d *plan.Desired, z inventory.Zone, req Request) {
	check := s.Inventory.Check
	for i, r := range z.Records {
		if r.TLSRequired {
			d.Records[i].Certificate = &plan.Probe{
				Type: plan.ProbeTLS, Port: portOf(check.HTTPSPort), Host: r.Name.Display(), CA: check.CA.Roots, Timeout: answerSeconds,
			}
		}
		if r.ACME == plan.HTTP01 && !req.NoACMECheck {
			d.Records[i].Challenge = s.challenge(s.planterName(z, r.Name))
		}
	}
}

// answerSeconds is how long a server may take to show its certificate.
const answerSeconds = 5

func portOf(n int) uint16 { return uint16(n) } //nolint:gosec // G115: the inventory has checked it

// challenge is what a name is asked whose tokens that planter places.
func (s *Session) challenge(planter string) *plan.Challenge {
	c := s.Inventory.Check
	return &plan.Challenge{Port: portOf(c.HTTPPort), HTTPSPort: portOf(c.HTTPSPort), Planter: planter, AllowReserved: c.AllowReserved}
}

// planterName is how a plan names what places tokens for a name.
func (s *Session) planterName(z inventory.Zone, n zone.Name) string {
	switch c, host := s.Inventory.ChallengeOf(z, n); {
	case c == nil:
		return ""
	case host == "":
		return plan.DefaultPlanter
	default:
		return host
	}
}

// planterNamed is what a plan's Challenge.Planter names, as the inventory has it
// now.
func (s *Session) planterNamed(ref string) (plant.Planter, error) {
	c := s.Inventory.Check.Challenge
	if ref != plan.DefaultPlanter {
		h, _ := s.Inventory.Host(ref)
		c = h.Challenge
	}
	if c == nil {
		return nil, fmt.Errorf("the inventory does not say where tokens are placed for %s, as it did when the plan was made", ref)
	}
	return s.planter(c), nil
}

// challenger asks for the challenges of a plan. Names that redirects lead to have
// the addresses that the plan gives them.
func (s *Session) challenger(p *plan.Plan, w execute.World) execute.Challenger {
	known := http01.DNS{Client: s.client, Route: resolver.Route{Resolvers: w.Resolvers()}}
	zones := s.Inventory.Zones
	return preflight.New(preflight.Options{
		Lookup:  http01.Overlay{RRsets: planned(p, zones), Rest: seenOutside(p, zones, known)},
		Planter: s.planterNamed,
	})
}

// planned are the RRsets that a plan changes, as they will be: those that it
// deletes have no address, and none is left of a name that loses its CNAME. One
// behind a proxy is left out: the DNS says where that is. So are those of zones in
// several views; see outsideView.
func planned(p *plan.Plan, zones []inventory.Zone) map[zone.Key][]netip.Addr {
	out := map[zone.Key][]netip.Addr{}
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.After != nil && c.After.Proxied || split(zones, c.Zone) {
			continue
		}
		for _, key := range becoming(c) {
			out[key] = slices.Clip(out[key]) // there from now on, with or without addresses
		}
		if c.After != nil {
			out[c.Key] = append(out[c.Key], c.After.Values...)
		}
	}
	return out
}

// becoming are the RRsets that are another thing behind a change: of a name that
// loses its CNAME both families.
func becoming(c *plan.Change) []zone.Key {
	if c.Replaces == "" {
		return []zone.Key{c.Key}
	}
	return []zone.Key{{Name: c.Name, Type: zone.A}, {Name: c.Name, Type: zone.AAAA}}
}

// authority is what plans say of the authority that issues.
func (s *Session) authority() *plan.Authority {
	c := s.Inventory.Check
	title := c.CA.Name
	if known, ok := authority.ByDirectory(c.CA.Directory); ok {
		title = known.Title
	}
	return &plan.Authority{Name: title, Ready: wholeSeconds(c.Ready), Known: c.ReadyKnown}
}

// The bounds of reading certificates: of all of it, and how many at once.
const (
	renewalsIn    = 3 * time.Second
	certsAtOnce   = 32
	oneConnection = 2 * time.Second
)

// renewals are when the certificates are due that the names serve which move and
// are validated by HTTP-01. It takes a few seconds at most, and what cannot be
// read is left out: no plan depends on it.
func (s *Session) renewals(ctx context.Context, diffs []plan.ZoneDiff, now time.Time) []plan.Renewal {
	live := s.leaving(diffs)
	if len(live) == 0 {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, renewalsIn)
	defer stop()
	o := cert.Options{Port: portOf(s.Inventory.Check.HTTPSPort), Connect: oneConnection, Total: renewalsIn, Now: func() time.Time { return now }}
	if client, err := s.authorityClient(s.roots()); err == nil {
		o.HTTP = client
	}
	ranges, _ := s.Settings.Ranges() // of a list that is damaged, what came with the program counts
	due := dues{client: cert.New(o), directory: s.Inventory.Check.CA.Directory, edges: ranges}
	out := make([]plan.Renewal, len(live))
	var g errgroup.Group
	g.SetLimit(certsAtOnce)
	for i, at := range live {
		g.Go(func() error {
			out[i] = due.renewal(ctx, at.Name, at.Addr)
			return nil
		})
	}
	_ = g.Wait() // what is not known is not said
	return slices.DeleteFunc(out, func(r plan.Renewal) bool { return r.Name == "" })
}

// roots is the file of certificates that the authority is trusted by; empty is the
// system's.
func (s *Session) roots() string {
	if file := s.Inventory.Check.CA.Roots; file != "" {
		return s.Inventory.InFolder(file)
	}
	return ""
}

// leaving are the names that move, each once with a live address that may be asked.
func (s *Session) leaving(diffs []plan.ZoneDiff) (out []plan.Renewal) {
	counts := plan.Challenge{AllowReserved: s.Inventory.Check.AllowReserved}
	seen := map[zone.Name]bool{}
	for _, d := range diffs {
		for i := range d.Changes {
			c := &d.Changes[i]
			if c.ACME == plan.HTTP01 && c.Action == plan.Update && counts.Counts(c.Before.Values[0]) && !seen[c.Name] {
				seen[c.Name] = true
				out = append(out, plan.Renewal{Name: c.Name, Addr: c.Before.Values[0]})
			}
		}
	}
	return out
}

// dues asks for certificates and when they are due: the authority once of each,
// however many names it is for.
type dues struct {
	client    *cert.Client
	directory string // of an authority that is not among the public ones
	edges     cdn.Ranges

	mu    sync.Mutex
	known map[string]func() cert.Due
}

// renewal is when the certificate is due that the address serves for the name; the
// zero Renewal where that is not known, or a CDN's, which renews it by itself.
func (d *dues) renewal(ctx context.Context, n zone.Name, at netip.Addr) plan.Renewal {
	if _, _, ok := d.edges.Lookup(at); ok {
		return plan.Renewal{}
	}
	leaf := d.client.Ask(ctx, n.Display(), at).Leaf()
	if leaf == nil {
		return plan.Renewal{}
	}
	due := d.of(ctx, leaf)
	return plan.Renewal{Name: n, Addr: at, From: due.From, NotAfter: leaf.NotAfter, ByAuthority: due.Source == cert.ARI}
}

func (d *dues) of(ctx context.Context, leaf *x509.Certificate) cert.Due {
	d.mu.Lock()
	ask, ok := d.known[string(leaf.Raw)]
	if !ok {
		ask = sync.OnceValue(func() cert.Due { return d.client.Due(ctx, leaf, cert.DirectoryOf(leaf, d.directory)) })
		if d.known == nil {
			d.known = map[string]func() cert.Due{}
		}
		d.known[string(leaf.Raw)] = ask
	}
	d.mu.Unlock()
	return ask()
}
