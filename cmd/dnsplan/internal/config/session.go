package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
)

// Env looks an environment variable up; os.LookupEnv is one.
type Env func(name string) (string, bool)

// Session is one command's view of the inventory, with the providers that it
// has opened. It is safe for concurrent use.
type Session struct {
	Settings  Settings
	Inventory *inventory.Inventory
	// Log, when set, takes a line about each request that a provider makes, from
	// several goroutines at once. It is set before the first provider is opened.
	Log func(line string)
	// Notice, when set, is told of what takes long, from several goroutines.
	Notice func(line string)
	// Router, when set, is asked whether there is a way to the new addresses of a
	// run. It is safe for concurrent use.
	Router execute.Router
	// Commander, when set, runs the command of an issuance window. It is set before
	// the engine is made.
	Commander execute.Commander

	env    Env
	client *resolver.Client

	mu     sync.Mutex
	opened map[string]providers.Provider
	// planters are those that were asked for, by what they are.
	planters map[string]plant.Planter
}

// Open loads the inventory. Nothing else is touched before it is needed.
func Open(settings Settings, env Env) (*Session, error) {
	inv, err := Load(settings.Inventory, env)
	if err != nil {
		return nil, err
	}
	return &Session{
		Settings: settings, Inventory: inv, env: env,
		client: resolver.New(resolver.Options{Rate: float64(inv.Verify.Rate)}), opened: map[string]providers.Provider{},
	}, nil
}

// Close stops what the session has started.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := []error{s.client.Close()}
	for _, p := range s.opened {
		if c, ok := p.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	clear(s.opened)
	return errors.Join(errs...)
}

// Client is what DNS servers are asked with.
func (s *Session) Client() *resolver.Client { return s.client }

// OpenState makes the state folder where it is missing, and refuses one that
// others could write to.
func (s *Session) openState() error { return journal.OpenState(s.Settings.StateDir) }

// Provider returns the provider that the inventory calls name, opened once.
func (s *Session) Provider(ctx context.Context, name string) (providers.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.opened[name]; ok {
		return p, nil
	}
	entry, ok := s.Inventory.Provider(name)
	if !ok {
		return nil, fmt.Errorf("provider %q is not in inventory %s", name, s.Settings.Inventory)
	}
	p, err := s.adapters().Open(ctx, entry.Type, providers.Settings{
		Name: name, Values: entry.Settings, Folder: s.Inventory.InFolder, Log: s.Log,
		Secret: func(key string) (string, error) { return s.secret(entry, key) },
	})
	if err != nil {
		return nil, &ProviderError{err}
	}
	s.opened[name] = p
	return p, nil
}

// ProviderError is an error of a provider, which the text names: it could not be
// opened, or a zone could not be read.
type ProviderError struct{ Err error }

// Error is the error's own text.
func (e *ProviderError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *ProviderError) Unwrap() error { return e.Err }

// secret fetches the secret under a key; empty where the provider does without.
func (s *Session) secret(p inventory.Provider, key string) (string, error) {
	secret, err := p.Credential(key).Resolve(s.secretSources())
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return secret.Reveal(), nil
}

func (s *Session) secretSources() inventory.SecretSources {
	return inventory.SecretSources{Env: s.env, ReadFile: os.ReadFile, Dir: s.Inventory.Dir}
}
