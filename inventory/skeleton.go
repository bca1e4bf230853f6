package inventory

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// ProviderTypes lists the types of providers that an inventory may name.
func ProviderTypes() []string { return providerTypes() }

// DidYouMean returns `did you mean "x"?` for the candidate nearest to word, or
// nothing where none is near.
func DidYouMean(word string, candidates []string) string { return didYouMean(word, candidates) }

// Skeleton returns an inventory of one provider, which has the settings that p
// holds, and one zone without records, for FromLive. Everything is checked as in
// a file at path, which need not exist: the settings of the provider, secrets
// that are none but references, the view. The error is an Errors whose findings
// have no place.
func Skeleton(path string, p Provider, z zone.Name, view string) (*Inventory, error) {
	var text bytes.Buffer
	w := &text
	fmt.Fprintf(w, "version = 1\n[[provider]]\nname = %s\ntype = %s\n", quote(p.Name), quote(p.Type))
	for _, key := range slices.Sorted(maps.Keys(p.Settings)) {
		fmt.Fprintf(w, "%s = %s\n", quote(key), quote(p.Settings[key]))
	}
	fmt.Fprintf(w, "[[zone]]\nname = %s\nprovider = %s\nview = %s\n", quote(nameText(z.Display())), quote(p.Name), quote(view))
	inv, err := resolved(path, text.Bytes())
	if err != nil {
		return nil, err
	}
	inv.Defaults = Defaults{TTL: 3600, ChangeTTL: 300, Settle: 10 * time.Minute, Strategy: Staged, OnFailure: Rollback}
	if p.Type != "sandbox" { // which brings its own
		inv.Verify.Resolvers = UsualResolvers()
	}
	return inv, nil
}

// resolved loads a text that stands in no file.
func resolved(path string, text []byte) (*Inventory, error) {
	f, found := Decode(path, text)
	var inv *Inventory
	if f != nil {
		inv, found = f.Resolve()
	}
	for i := range found {
		found[i].File, found[i].Line, found[i].Col = "", 0, 0
	}
	return inv, found.Err()
}

// Check loads the text that d writes, which is what a person will do next. An
// error is a mistake of this package.
func (d *Draft) Check() error {
	var text bytes.Buffer
	if err := d.Write(&text); err != nil {
		return err
	}
	_, err := resolved(d.Inventory.Path, text.Bytes())
	return err
}

// Moved returns a provider of inv with its relative paths as they are from the
// folder dir, where another inventory will lie.
func (inv *Inventory) Moved(p Provider, dir string) (Provider, error) {
	from, err := filepath.Abs(inv.Dir)
	if err != nil {
		return p, fmt.Errorf("folder %q: %w", inv.Dir, err)
	}
	to, err := filepath.Abs(dir)
	if err != nil {
		return p, fmt.Errorf("folder %q: %w", dir, err)
	}
	p.Settings = maps.Clone(p.Settings)
	for key, value := range p.Settings {
		switch path, isFile := strings.CutPrefix(value, "file:"); {
		case key == "dir" || key == "private_key_file":
			p.Settings[key] = moved(value, from, to)
		case isFile && isSecretKey(key):
			p.Settings[key] = "file:" + moved(path, from, to)
		}
	}
	return p, nil
}

func moved(path, from, to string) string {
	if filepath.IsAbs(path) || from == to {
		return path
	}
	whole := filepath.Join(from, path)
	if rel, err := filepath.Rel(to, whole); err == nil {
		return rel
	}
	return whole
}
