package config

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/sandbox"
)

// BackupDir is the folder of backups within the state folder.
const BackupDir = "backups"

// world is what a plan's run needs, out of the session and the plan. The plan
// says who is asked; the inventory only how a provider is reached.
type world struct {
	*Session
	plan      *plan.Plan
	resolvers []resolver.Server
	providers map[plan.ZoneRef]providers.Provider
	// unopened says why a zone has no provider.
	unopened map[plan.ZoneRef]error
	now      func() time.Time

	mu      sync.Mutex
	servers map[plan.ZoneRef][]resolver.NameServer
}

// World opens what a run of p needs: the providers of the zones with changes. A
// zone whose provider cannot be opened stands in nobody's way but its own: its
// error comes with Provider and NameServers, before the run begins where it is
// new, and as what its steps hold for where it is taken over.
func (s *Session) World(ctx context.Context, p *plan.Plan, now func() time.Time) (execute.World, error) {
	w := &world{
		Session: s, plan: p, now: now, unopened: map[plan.ZoneRef]error{},
		providers: map[plan.ZoneRef]providers.Provider{}, servers: map[plan.ZoneRef][]resolver.NameServer{},
	}
	w.open(ctx)
	var err error
	w.resolvers, err = s.servers(p.Policy.Resolvers, slices.DeleteFunc(s.sandboxes(), func(b *sandbox.Sandbox) bool { return !w.uses(b) }))
	return w, err
}

// open opens each provider of a zone with changes, once.
func (w *world) open(ctx context.Context) {
	changed := map[plan.ZoneRef]bool{}
	for i := range w.plan.Changes {
		changed[w.plan.Changes[i].ZoneRef] = true
	}
	failed := map[string]error{}
	for _, z := range w.plan.Zones {
		if !changed[z.ZoneRef] {
			continue
		}
		err, known := failed[z.Provider]
		if !known {
			var p providers.Provider
			if p, err = w.Session.Provider(ctx, z.Provider); err == nil {
				w.providers[z.ZoneRef] = p
				continue
			}
			failed[z.Provider] = err
		}
		w.unopened[z.ZoneRef] = &execute.UnopenedError{Provider: z.Provider, Err: err}
	}
}

// uses tells whether a zone with changes is in the sandbox.
func (w *world) uses(b *sandbox.Sandbox) bool {
	for _, p := range w.providers {
		if p == providers.Provider(b) {
			return true
		}
	}
	return false
}

// servers parses resolvers and adds those of the sandboxes.
func (s *Session) servers(list []plan.Resolver, boxes []*sandbox.Sandbox) ([]resolver.Server, error) {
	var out []resolver.Server
	for _, r := range list {
		if r.Address == wired {
			continue
		}
		server, err := resolver.ParseServer(r.Name, r.Address, r.Protocol)
		if err != nil {
			return nil, fmt.Errorf("resolver %q: %w", r.Name, err)
		}
		out = append(out, server)
	}
	for _, b := range boxes {
		for _, e := range b.Resolvers() {
			out = append(out, resolver.Server{Name: e.Name, Protocol: resolver.UDP, Addr: e.Addrs[0]})
		}
	}
	return out, nil
}

// wired stands in a plan for the address of a sandbox's resolver, which is
// another one in each process.
const wired = "sandbox"

// resolvers are those of the inventory and, by name alone, of the sandboxes.
func (s *Session) resolvers() []inventory.Resolver {
	out := slices.Clone(s.Inventory.Verify.Resolvers)
	for _, b := range s.sandboxes() {
		for _, e := range b.Resolvers() {
			out = append(out, inventory.Resolver{Name: e.Name, Address: wired, Protocol: string(resolver.UDP)})
		}
	}
	return out
}

// sandboxes are those that are open, in the inventory's order.
func (s *Session) sandboxes() []*sandbox.Sandbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*sandbox.Sandbox
	for _, p := range s.Inventory.Providers {
		if b, ok := s.opened[p.Name].(*sandbox.Sandbox); ok {
			out = append(out, b)
		}
	}
	return out
}

// Provider returns the zone's provider.
func (w *world) Provider(z plan.ZoneRef) (providers.Provider, error) {
	if err := w.unopened[z]; err != nil {
		return nil, err
	}
	p, ok := w.providers[z]
	if !ok {
		return nil, fmt.Errorf("the plan changes nothing in zone %s", z)
	}
	return p, nil
}

// Resolvers returns the resolvers to ask.
func (w *world) Resolvers() []resolver.Server { return w.resolvers }

// NameServers finds the zone's authoritative servers, once for each process.
func (w *world) NameServers(ctx context.Context, ref plan.ZoneRef) ([]resolver.NameServer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ns, ok := w.servers[ref]; ok {
		return ns, nil
	}
	i := slices.IndexFunc(w.plan.Zones, func(z plan.Zone) bool { return z.ZoneRef == ref })
	if i < 0 {
		return nil, fmt.Errorf("zone %s is not in the plan", ref)
	}
	p, err := w.Provider(ref)
	if err != nil {
		return nil, err
	}
	ns, err := w.nameServers(ctx, w.plan.Zones[i], p, w.resolvers)
	if err == nil {
		w.servers[ref] = ns
	}
	return ns, err
}

// nameServers are those that the plan gives, the sandbox's own, or those of the
// zone's NS set with every address that they have.
func (s *Session) nameServers(ctx context.Context, z plan.Zone, p providers.Provider, via []resolver.Server) ([]resolver.NameServer, error) {
	return s.nameServersIn(ctx, z, p, via, func() (*zone.Snapshot, error) { return providers.ReadOrLook(ctx, p, z.Zone, nil) })
}

// nameServersIn is nameServers of a zone that read reads, where it has to.
func (s *Session) nameServersIn(ctx context.Context, z plan.Zone, p providers.Provider, via []resolver.Server, read func() (*zone.Snapshot, error)) ([]resolver.NameServer, error) {
	if len(z.Servers) > 0 {
		return given(z.Servers)
	}
	if !z.Discover {
		return nil, nil
	}
	if b, ok := p.(*sandbox.Sandbox); ok {
		return ofSandbox(b), nil
	}
	live, err := read()
	if err != nil {
		return nil, err
	}
	d := resolver.Discovery{Zone: z.Zone, Via: via, NS: serversOf(live), Glue: map[zone.Name][]netip.Addr{}}
	inside := addressesAt(slices.DeleteFunc(slices.Clone(d.NS), func(n zone.Name) bool { return !n.IsSubdomainOf(z.Zone) }))
	if live.Blind != "" && len(inside) > 0 {
		if live, err = providers.Look(ctx, p, z.Zone, inside); err != nil {
			return nil, err
		}
	}
	for _, k := range inside {
		if r, ok := live.Find(k); ok {
			d.Glue[k.Name] = append(d.Glue[k.Name], r.Addrs...)
		}
	}
	return s.client.NameServers(ctx, d)
}

// serversOf are the names in the zone's NS set; none where it is not shown.
func serversOf(live *zone.Snapshot) (names []zone.Name) {
	for _, r := range live.Others {
		if r.Type == "NS" && r.Name == live.Zone {
			names = append(names, zone.Canonical(r.Data))
		}
	}
	return names
}

func given(servers []string) ([]resolver.NameServer, error) {
	var out []resolver.NameServer
	for _, a := range servers {
		server, err := resolver.ParseServer(a, a, string(resolver.UDP))
		if err != nil {
			return nil, err
		}
		out = append(out, resolver.NameServer{Name: a, Servers: []resolver.Server{server}})
	}
	return out, nil
}

func ofSandbox(b *sandbox.Sandbox) []resolver.NameServer {
	var out []resolver.NameServer
	for _, e := range b.NameServers() {
		ns := resolver.NameServer{Name: e.Name}
		for _, a := range e.Addrs {
			ns.Servers = append(ns.Servers, resolver.Server{Name: e.Name, Protocol: resolver.UDP, Addr: a})
		}
		out = append(out, ns)
	}
	return out
}

// Save keeps a copy of the zone under the state folder. It names the provider that
// the run reads and writes; the inventory may have moved the zone since.
func (w *world) Save(ref plan.ZoneRef, snapshot *zone.Snapshot) (string, error) {
	m := backup.Meta{View: ref.View, Run: w.plan.ID}
	if i := slices.IndexFunc(w.plan.Zones, func(z plan.Zone) bool { return z.ZoneRef == ref }); i >= 0 {
		m.Provider = w.plan.Zones[i].Provider
	}
	info, err := w.save(snapshot, m, w.plan.RestoreOf, w.now())
	return info.ZonePath, err
}

// SaveBackup keeps a copy of a zone of the inventory, outside a run.
func (s *Session) SaveBackup(z inventory.Zone, snapshot *zone.Snapshot, now time.Time) (backup.Info, error) {
	return s.save(snapshot, backup.Meta{View: z.View, Provider: z.Provider}, "", now)
}

// save keeps a copy, and lets those go that are too old, but for the one that is
// being restored; that is empty where none is.
func (s *Session) save(snapshot *zone.Snapshot, m backup.Meta, restored string, now time.Time) (backup.Info, error) {
	if err := s.openState(); err != nil {
		return backup.Info{}, err
	}
	info, err := backup.Save(filepath.Join(s.Settings.StateDir, BackupDir), now, snapshot, m)
	if err == nil {
		s.forget(plan.ZoneRef{Zone: snapshot.Zone, View: m.View}, m.Run, restored, now)
	}
	return info, err
}
