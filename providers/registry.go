package providers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Settings are what an inventory says about one provider.
type Settings struct {
	// Name is what the inventory calls it.
	Name string
	// Values are its settings by key, without secrets.
	Values map[string]string
	// Secret fetches the secret under a key; it is empty, without an error,
	// when the inventory holds no such key.
	Secret func(key string) (string, error)
	// Folder resolves a path of the inventory.
	Folder func(path string) string
	// Log takes a line about each request, without secrets; nil where nobody
	// wants to know.
	Log func(line string)
}

// Opener makes a provider. The context is for what opening takes, not for the
// provider's life.
type Opener func(ctx context.Context, s Settings) (Provider, error)

// Registry knows the types of providers by the inventory's name for them. It is
// filled by whoever wires the program, so that a program holds only the
// adapters that it wants.
type Registry map[string]Opener

// Open makes a provider of the given type.
func (r Registry) Open(ctx context.Context, kind string, s Settings) (Provider, error) {
	open, ok := r[kind]
	if !ok {
		known := slices.Sorted(maps.Keys(r))
		return nil, fmt.Errorf("provider %q: this dnsplan has no adapter for type %q (it has %s)", s.Name, kind, strings.Join(known, ", "))
	}
	p, err := open(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("provider %q: %w", s.Name, err)
	}
	return p, nil
}
