package generic

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// Entry is one type of provider in the Catalogue.
type Entry struct {
	Quirks Quirks
	// Make makes the libdns provider out of settings. It makes no request.
	Make func(s *Setup) (Libdns, Hooks, error)
}

// Setup hands an Entry its settings. The first that fails is kept: see Err.
type Setup struct {
	settings providers.Settings
	quirks   Quirks
	pauses   pauses
	secrets  []string
	chain    *transport.Chain
	err      error
}

// pauses are how long to wait before a request, and before a read-back, is made
// once more; 0 is what transport.Options and Config have.
type pauses struct{ request, readBack time.Duration }

// Value returns a setting that is no secret.
func (s *Setup) Value(key string) string { return s.settings.Values[key] }

// Path returns a setting that is a path of the inventory.
func (s *Setup) Path(key string) string {
	if v := s.Value(key); v != "" && s.settings.Folder != nil {
		return s.settings.Folder(v)
	}
	return s.Value(key)
}

// Optional returns a secret, which may be empty.
func (s *Setup) Optional(key string) string {
	if s.settings.Secret == nil {
		return ""
	}
	secret, err := s.settings.Secret(key)
	if err != nil && s.err == nil {
		s.err = err
	}
	if secret != "" {
		s.secrets = append(s.secrets, secret)
	}
	return secret
}

// Secret returns a secret, which must not be empty.
func (s *Setup) Secret(key string) string {
	secret := s.Optional(key)
	if secret == "" && s.err == nil {
		s.err = fmt.Errorf("%s is missing", key)
	}
	return secret
}

// Err returns the first error of a setting.
func (s *Setup) Err() error { return s.err }

// Client returns a client over the provider's chain, for a libdns provider or a
// hook that takes one. The chain redacts the secrets that were fetched before. The
// client follows no redirect.
func (s *Setup) Client() *http.Client {
	client := s.requests().Client()
	client.Transport = transport.NewCarrier(s.chain) // a call listens to its requests
	return client
}

// requests is the chain for all requests of the provider.
func (s *Setup) requests() *transport.Chain {
	if s.chain == nil {
		s.chain = transport.New(transport.Options{
			Name: s.settings.Name, Secrets: s.secrets, Log: s.settings.Log, Pause: s.pauses.request,
			Writes: s.quirks.Writes, Redirects: s.quirks.Redirects, Rate: s.quirks.Rate, Burst: s.quirks.Burst,
		})
	}
	return s.chain
}

// Open makes a Provider of the entry, whose requests go through a chain of its
// own: see ChainRoute.
func (e Entry) Open(s providers.Settings) (providers.Provider, error) { return e.open(s, pauses{}) }

func (e Entry) open(s providers.Settings, p pauses) (providers.Provider, error) {
	setup := &Setup{settings: s, quirks: e.Quirks, pauses: p}
	l, hooks, err := e.Make(setup)
	if setup.err != nil { // which is the reason for err, or err itself
		err = setup.err
	}
	if err != nil {
		return nil, err
	}
	return New(l, e.Quirks, hooks, Config{Name: s.Name, Secrets: setup.secrets, Pause: p.readBack, Chain: setup.requests()})
}

// Adapters returns an opener for each type of the Catalogue.
func Adapters() providers.Registry {
	registry := providers.Registry{}
	for kind, entry := range Catalogue() {
		registry[kind] = func(_ context.Context, s providers.Settings) (providers.Provider, error) { return entry.Open(s) }
	}
	return registry
}
