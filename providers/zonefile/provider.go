package zonefile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

var errNoDir = errors.New("no folder is set (dir)")

// Provider holds the zones of one folder. It is a providers.Provider, Looker
// and Lister, and safe for concurrent use, also by several processes. What it
// has parsed it keeps for as long as the file's SHA-256 stays the same.
type Provider struct {
	dir string

	mu   sync.Mutex
	docs map[zone.Name]*document
}

// New returns the provider of the zones in dir, an absolute path or one that
// is relative to the working directory. The folder is first looked at by a read.
func New(dir string) (*Provider, error) {
	if dir == "" {
		return nil, errNoDir
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("folder %q: %w", dir, err)
	}
	return &Provider{dir: abs, docs: make(map[zone.Name]*document)}, nil
}

// Limits returns the TTLs that a zone file can hold (RFC 2181, section 8).
func (p *Provider) Limits(zone.Name) providers.Limits {
	return providers.Limits{MinTTL: 1, MaxTTL: zone.MaxTTL, Atomic: true}
}

// Read returns the zone. Errors name the path, and the line where there is one;
// a file that is missing is an ErrZoneNotFound.
func (p *Provider) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	d, _, err := p.load(ctx, z)
	if err != nil {
		return nil, fmt.Errorf("read zone %s: %w", z, err)
	}
	return d.snapshot(), nil
}

// Look returns the sets of keys and the CNAME records at their names. It reads
// the whole file too, but copies less.
func (p *Provider) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	d, _, err := p.load(ctx, z)
	if err != nil {
		return nil, fmt.Errorf("read zone %s: %w", z, err)
	}
	return d.look(keys), nil
}

// ListZones returns the zones whose files lie in the folder, in order. It does
// not open the files.
func (p *Provider) ListZones(ctx context.Context) ([]zone.Name, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list zones: %w", context.Cause(ctx))
	}
	files, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, fmt.Errorf("list zones: %w", err)
	}
	var out []zone.Name
	for _, f := range files {
		base, ok := strings.CutSuffix(f.Name(), suffix)
		if !ok || f.IsDir() || strings.HasPrefix(base, ".") {
			continue
		}
		if n, err := zone.ParseName(base); err == nil && n.Display() == base {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, zone.CompareNames)
	return out, nil
}

// load reads the zone's file, and parses it where it is not the one that is
// already known.
func (p *Provider) load(ctx context.Context, z zone.Name) (*document, *file, error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	path, err := p.resolve(z)
	if err != nil {
		return nil, nil, err
	}
	f, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	if d := p.known(z); d != nil && len(d.text) == len(f.text) && d.sum == sha256Of(f.text) && p.sameIncludes(d) {
		return d, f, nil
	}
	d, err := parse(ctx, z, path, f.text, p.openIncluded)
	if err != nil {
		return nil, nil, err
	}
	p.keep(d)
	return d, f, nil
}

func (p *Provider) known(z zone.Name) *document {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.docs[z]
}

func (p *Provider) keep(d *document) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.docs[d.zone] = d
}

// sameIncludes tells whether the files that d includes are as they were.
func (p *Provider) sameIncludes(d *document) bool {
	for _, inc := range d.includes {
		_, text, err := p.openIncluded(inc.path)
		if err != nil || sha256Of(text) != inc.sum {
			return false
		}
	}
	return true
}

// Write changes the file, or with any error but an ErrUnknown nothing. The lock
// and the precondition together make it a compare-and-set against all other
// writers that take the lock; an editor's save that falls into the write is
// found too, and is a conflict. A batch that changes nothing writes nothing.
// Besides the contract's errors a *providers.RefusedError tells what a zone
// file cannot hold.
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	n, err := p.write(ctx, z, changes)
	if err != nil {
		return providers.Receipt{}, fmt.Errorf("write zone %s: %w", z, err)
	}
	return providers.Receipt{Requests: n, Accepted: time.Now()}, nil
}

// write returns how many times the file was written: 0 or 1.
func (p *Provider) write(ctx context.Context, z zone.Name, changes []providers.Change) (int, error) {
	b, err := newBatch(z, changes)
	if err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	path, err := p.resolve(z)
	if err != nil {
		return 0, err
	}
	unlock, err := lock(ctx, path)
	if err != nil {
		return 0, err
	}
	defer unlock()
	return p.writeLocked(ctx, z, b)
}

func (p *Provider) writeLocked(ctx context.Context, z zone.Name, b *batch) (int, error) {
	old, f, err := p.load(ctx, z)
	if err != nil {
		return 0, err
	}
	if err := b.check(old); err != nil {
		return 0, err
	}
	text, err := b.apply(old)
	if err != nil || text == old.text {
		return 0, err
	}
	next, err := parse(ctx, z, f.path, text, p.openIncluded)
	if err != nil {
		return 0, fmt.Errorf("the changed text: %w", err)
	}
	if err := b.verify(old, next); err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err := f.replace(text); errors.Is(err, errMoved) {
		return 0, fmt.Errorf("%w: %w", &providers.ConflictError{Keys: b.Keys()}, err)
	} else if err != nil {
		return 0, err
	}
	p.keep(next)
	return 1, nil
}
