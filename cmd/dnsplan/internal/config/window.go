package config

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// WindowRequest is the issuance window that is wanted.
type WindowRequest struct {
	Names []zone.Name
	// Deadline is how long the proxy may be off; it is rounded up to whole seconds.
	Deadline time.Duration
	// Command is the base name of the program to run; empty with Hook.
	Command      string
	Hook, Always bool
	// AllowProtected opens the window of a protected name too.
	AllowProtected bool
	// Unasked asks for no challenge before the command.
	Unasked bool
	// Reason, Ticket and By go into the change log.
	Reason, Ticket, By string
	Now                time.Time
	Entropy            io.Reader
}

// Issuance is an issuance window that could be opened, and the origins behind it.
type Issuance struct {
	// Plan is empty where no name is proxied.
	Plan    *plan.Plan
	Origins []Origin
	// Served are the certificates of the origins; none with an empty plan.
	Served []OriginCertificate
}

// Origin is what stands behind a name of a window.
type Origin struct {
	Name zone.Name
	Zone inventory.Zone
	// Addrs are the live addresses at the provider, A before AAAA.
	Addrs []netip.Addr
	// Proxied says that the world sees the proxy in their place.
	Proxied bool
}

// Window reads the zones of the names and plans the window. Everything that stands
// in the way of a name, which has a record, is told at once, with all names: the
// error is a *plan.WindowError. Nothing is written.
func (s *Session) Window(ctx context.Context, req WindowRequest) (Issuance, error) {
	zones, origins, err := s.windowZones(ctx, req.Names)
	if err != nil {
		return Issuance{}, err
	}
	for i := range zones {
		zones[i].AllowProtected = req.AllowProtected
		if !req.Unasked {
			zones[i].Challenges = s.challengesBehind(&zones[i], origins)
		}
	}
	id, err := ulid.New(ulid.Timestamp(req.Now), req.Entropy)
	if err != nil {
		return Issuance{}, fmt.Errorf("make an id for the plan: %w", err)
	}
	w := plan.Window{
		Deadline: wholeSeconds(req.Deadline), Ready: wholeSeconds(s.WindowReady()),
		Command: req.Command, Hook: req.Hook, Always: req.Always,
	}
	build := func() (*plan.Plan, error) {
		return plan.BuildWindow(zones, w, s.policy(Request{Reason: req.Reason, Ticket: req.Ticket, By: req.By}), plan.Origin{
			ID: id.String(), Created: req.Now, Inventory: plan.Inventory{Path: s.Inventory.Path, SHA256: s.Inventory.SHA256},
			Warnings: warnings(s.Inventory.Warnings),
		})
	}
	p, err := build()
	if err = s.withReserved(origins, err); err != nil || p.Empty() {
		return Issuance{Plan: p, Origins: origins}, err
	}
	served, err := s.OriginCertificates(ctx, origins, func() time.Time { return req.Now })
	if err != nil {
		return Issuance{}, err
	}
	w.Certificates = Before(served)
	p, err = build()
	return Issuance{p, origins, served}, err
}

// challengesBehind are what the names of a zone are asked behind the proxy, as far as
// the inventory says where their tokens are placed.
func (s *Session) challengesBehind(z *plan.WindowZone, origins []Origin) map[zone.Name]*plan.Challenge {
	out := map[zone.Name]*plan.Challenge{}
	for _, o := range origins {
		if !slices.Contains(z.Names, o.Name) || o.Zone.Name != z.Desired.Zone || o.Zone.View != z.Desired.View {
			continue
		}
		if planter := s.planterName(o.Zone, o.Name); planter != "" {
			out[o.Name] = s.challenge(planter)
		}
	}
	return out
}

// WindowReady is how long a certificate authority may go on to see the proxy, once all
// authoritative servers give the origin's addresses: what is known of it, or said of
// it in [check]. One of which nothing is known may hold the proxy's answer as long as
// anybody.
func (s *Session) WindowReady() time.Duration {
	c := s.Inventory.Check
	if c.ReadyKnown {
		return c.Ready
	}
	return max(c.Ready, zone.AutoTTL.Duration())
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// HasRecord tells whether the name is that of a record of the inventory.
func (s *Session) HasRecord(n zone.Name) bool {
	return slices.ContainsFunc(s.Inventory.Zones, func(z inventory.Zone) bool { return hasRecord(z, n) })
}

func hasRecord(z inventory.Zone, n zone.Name) bool {
	return slices.ContainsFunc(z.Records, func(r inventory.Record) bool { return r.Name == n })
}

// windowZones reads the zones of the names, several at once, in the inventory's
// order. Of a name that stands in several views, those count whose provider has a
// proxy, where one has: what the others answer is not what the world sees.
func (s *Session) windowZones(ctx context.Context, names []zone.Name) ([]plan.WindowZone, []Origin, error) {
	all := s.zonesOf(names)
	read := make([]plan.WindowZone, len(all))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(zonesAtOnce)
	for i, z := range all {
		g.Go(func() (err error) {
			read[i], err = s.windowZone(gctx, z, names)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	proxied := func(n zone.Name) bool {
		return slices.ContainsFunc(read, func(w plan.WindowZone) bool { return w.Proxy && slices.Contains(w.Names, n) })
	}
	var zones []plan.WindowZone
	var origins []Origin
	for i, w := range read {
		w.Names = slices.DeleteFunc(w.Names, func(n zone.Name) bool { return !w.Proxy && proxied(n) })
		if len(w.Names) == 0 {
			continue
		}
		zones = append(zones, w)
		for _, n := range w.Names {
			origins = append(origins, originOf(n, all[i], w.Live))
		}
	}
	return zones, origins, nil
}

// windowZone reads one zone. Names are those of its records.
func (s *Session) windowZone(ctx context.Context, z inventory.Zone, names []zone.Name) (plan.WindowZone, error) {
	own := slices.DeleteFunc(slices.Clone(names), func(n zone.Name) bool { return !hasRecord(z, n) })
	if len(own) == 0 {
		return plan.WindowZone{}, nil // another zone, below or above, has the name
	}
	d, live, err := s.read(ctx, z, own...)
	if err != nil {
		return plan.WindowZone{}, err
	}
	p, err := s.Provider(ctx, z.Provider)
	if err != nil {
		return plan.WindowZone{}, err
	}
	limits := p.Limits(z.Name)
	return plan.WindowZone{Desired: d, Live: live, Names: own, Proxy: limits.Proxy, Comments: limits.Comments}, nil
}

func originOf(n zone.Name, z inventory.Zone, live *zone.Snapshot) Origin {
	o := Origin{Name: n, Zone: z}
	for _, k := range addressesAt([]zone.Name{n}) {
		if r, ok := live.Find(k); ok {
			o.Addrs = append(o.Addrs, r.Addrs...)
			o.Proxied = o.Proxied || r.Proxied
		}
	}
	return o
}

// withReserved adds the names to the problems of a window that no public authority
// connects to once the proxy is off. Addresses of examples pass, as they do in plans:
// that they could not be asked is a warning of the checks.
func (s *Session) withReserved(origins []Origin, err error) error {
	var e *plan.WindowError
	switch found := err.(type) { //nolint:errorlint // the value that BuildWindow returns, not wrapped
	case nil:
		e = &plan.WindowError{}
	case *plan.WindowError:
		e = found
	default:
		return err
	}
	for _, o := range origins {
		for _, a := range o.Addrs {
			block, special := zone.SpecialOf(a)
			if special && !block.Documentation() && !s.Inventory.Check.AllowReserved {
				e.Problems = append(e.Problems, plan.WindowProblem{Name: o.Name, Reason: fmt.Sprintf("no public authority connects to %s, which a window would show: it is in %s; [check], allow_reserved = true, is for authorities that do", a, block)})
			}
		}
	}
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}
