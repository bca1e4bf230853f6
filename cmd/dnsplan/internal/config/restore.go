package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/oklog/ulid/v2"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

// ErrNotOfInventory is a backup of a zone, a view or a provider that the
// inventory does not have so.
var ErrNotOfInventory = errors.New("not of this inventory")

// elsewhereError is an ErrNotOfInventory that says what is not so.
type elsewhereError struct{ text string }

func (e *elsewhereError) Error() string        { return e.text }
func (e *elsewhereError) Is(target error) bool { return target == ErrNotOfInventory }

func elsewhere(format string, args ...any) error {
	return &elsewhereError{fmt.Sprintf(format, args...)}
}

// Source is a backup that is to come back.
type Source struct {
	Path     string
	Snapshot *zone.Snapshot
	View     string
	// Provider is who held the zone; empty where the file does not say.
	Provider string
	// Plain says that the file is a zone file by itself: addresses and TTLs count
	// alone, and nothing tells whether it is whole.
	Plain bool
}

// OpenBackup reads a backup by its JSON file or by the zone file beside it, or a
// zone file that stands by itself.
func OpenBackup(ctx context.Context, path string) (Source, error) {
	if strings.HasSuffix(path, ".json") {
		return saved(path)
	}
	if base, ok := strings.CutSuffix(path, ".zone"); ok {
		if _, err := os.Lstat(base + ".json"); !errors.Is(err, fs.ErrNotExist) {
			return saved(path)
		}
	}
	return plainFile(ctx, path)
}

func saved(path string) (Source, error) {
	s, m, err := backup.Load(path)
	if err != nil {
		return Source{}, err
	}
	s.Sort()
	return Source{Path: path, Snapshot: s, View: m.View, Provider: m.Provider}, nil
}

// plainFile reads a zone file. Providers that show no SOA record lead to files
// without one, which count here all the same.
func plainFile(ctx context.Context, path string) (Source, error) {
	b, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return Source{}, fmt.Errorf("read zone file: %w", err)
	}
	text := string(b)
	z, view := backup.Head(text)
	if z == "" {
		if z, err = zone.ParseName(strings.TrimSuffix(filepath.Base(path), ".zone")); err != nil {
			return Source{}, fmt.Errorf("zone file %s: it does not say of which zone it is: name it there with $ORIGIN", path)
		}
	}
	s, err := zonefile.Parse(ctx, z, path, text)
	if err != nil {
		var bare error
		if s, bare = zonefile.Parse(ctx, z, path, text+"\n"+string(z)+" 0 IN SOA . . 0 0 0 0 0\n"); bare != nil {
			return Source{}, fmt.Errorf("zone file: %w", err)
		}
		s.Others = s.Others[:len(s.Others)-1]
	}
	return Source{Path: path, Snapshot: s, View: view, Plain: true}, nil
}

// Restore reads the zone of a backup and returns the plan that brings the backup
// back, or the request's names of it. Of req, Group plays no part.
// Errors: ErrNotOfInventory, ErrNoSuchName, or others.
func (s *Session) Restore(ctx context.Context, src Source, req Request) (*plan.Plan, error) {
	z, err := s.zoneOf(src)
	if err != nil {
		return nil, fmt.Errorf("backup %s: %w", src.Path, err)
	}
	b := plan.Backup{Snapshot: src.Snapshot, Plain: src.Plain}
	if b.Names, err = namesIn(src, req.Names); err != nil {
		return nil, fmt.Errorf("backup %s: %w", src.Path, err)
	}
	d, live, err := s.read(ctx, z, addressNames(src.Snapshot)...)
	if err != nil {
		return nil, err
	}
	p, err := s.Provider(ctx, z.Provider)
	if err != nil {
		return nil, err
	}
	limits := p.Limits(z.Name)
	b.Proxy, b.Beside = limits.Proxy, limits.Comments
	d.Cached = remaining(req.Cached[d.ZoneRef], req.Now)
	return s.restorePlan(src, plan.Restore(d, b, live), req)
}

func (s *Session) restorePlan(src Source, diff plan.ZoneDiff, req Request) (*plan.Plan, error) {
	id, err := ulid.New(ulid.Timestamp(req.Now), req.Entropy)
	if err != nil {
		return nil, fmt.Errorf("make an id for the plan: %w", err)
	}
	diffs := []plan.ZoneDiff{diff}
	p := plan.Build(diffs, s.policy(req), plan.Origin{
		ID: id.String(), Created: req.Now, RestoreOf: filepath.Base(src.Path),
		Inventory: plan.Inventory{Path: s.Inventory.Path, SHA256: s.Inventory.SHA256},
		Warnings:  warnings(s.Inventory.Warnings),
	})
	p.Refusals, p.Lifted = plan.Check(diffs, req.Allow), plan.Lifted(diffs, req.Allow)
	return p, s.KeepToWindows(p, req)
}

// zoneOf is the inventory's zone that a backup is of. A zone file by itself that
// names no view is of the zone's only one.
func (s *Session) zoneOf(src Source) (inventory.Zone, error) {
	var of []inventory.Zone
	for _, z := range s.Inventory.Zones {
		if z.Name == src.Snapshot.Zone && (z.View == src.View || src.Plain && src.View == "") {
			of = append(of, z)
		}
	}
	ref := src.Snapshot.Zone.Display()
	if src.View != "" {
		ref += " in view " + src.View
	}
	switch {
	case len(of) == 0:
		return inventory.Zone{}, elsewhere("it is of zone %s, which is not in inventory %s", ref, s.Settings.Inventory)
	case len(of) > 1:
		return inventory.Zone{}, elsewhere("it is of zone %s and does not say of which view", ref)
	case src.Provider != "" && src.Provider != of[0].Provider:
		return inventory.Zone{}, elsewhere("it is of zone %s at provider %q, which is at %q in inventory %s",
			ref, src.Provider, of[0].Provider, s.Settings.Inventory)
	}
	return of[0], nil
}

// namesIn are the names to bring back, each of which the backup must have an
// address RRset of; nil for none is all of it.
func namesIn(src Source, names []zone.Name) (map[zone.Name]bool, error) {
	if len(names) == 0 {
		return nil, nil //nolint:nilnil // no limit
	}
	held := map[zone.Name]bool{}
	for _, n := range addressNames(src.Snapshot) {
		held[n] = true
	}
	out := map[zone.Name]bool{}
	var missing []string
	for _, n := range names {
		if out[n] = true; !held[n] {
			missing = append(missing, n.Display())
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s: %w with addresses in it", strings.Join(missing, ", "), ErrNoSuchName)
	}
	return out, nil
}

// addressNames are the names with address RRsets.
func addressNames(s *zone.Snapshot) (names []zone.Name) {
	for i := range s.RRsets {
		names = append(names, s.RRsets[i].Name)
	}
	return names
}
