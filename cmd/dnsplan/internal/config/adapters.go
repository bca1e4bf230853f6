package config

import (
	"context"
	"path/filepath"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/namesilo"
	"github.com/dnsplan/dnsplan/providers/powerdns"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
	"github.com/dnsplan/dnsplan/providers/sandbox"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

// adapters are the providers of this program.
func (s *Session) adapters() providers.Registry {
	return providers.Registry{
		"zonefile": openZonefile, "sandbox": s.openSandbox, "rfc2136": openRFC2136,
		"namesilo": openNameSilo, "powerdns": openPowerDNS,
	}
}

func openZonefile(_ context.Context, c providers.Settings) (providers.Provider, error) {
	return opened(zonefile.New(c.Folder(c.Values["dir"])))
}

func (s *Session) openSandbox(ctx context.Context, c providers.Settings) (providers.Provider, error) {
	dir := filepath.Join(s.Settings.StateDir, "sandbox")
	if d := c.Values["dir"]; d != "" {
		dir = c.Folder(d)
	} else if err := s.openState(); err != nil {
		return nil, err
	}
	return opened(sandbox.Open(ctx, sandbox.Options{Dir: dir}))
}

func openRFC2136(_ context.Context, c providers.Settings) (providers.Provider, error) {
	secret, err := c.Secret("tsig_secret")
	if err != nil {
		return nil, err
	}
	return opened(rfc2136.New(rfc2136.Config{
		Server: c.Values["server"], TSIGName: c.Values["tsig_name"],
		TSIGAlgorithm: c.Values["tsig_algorithm"], TSIGSecret: secret,
	}))
}

func openNameSilo(_ context.Context, c providers.Settings) (providers.Provider, error) {
	key, err := c.Secret("api_key")
	if err != nil {
		return nil, err
	}
	return opened(namesilo.New(namesilo.Config{Name: c.Name, APIKey: key, BaseURL: c.Values["base_url"], Log: c.Log}))
}

func openPowerDNS(_ context.Context, c providers.Settings) (providers.Provider, error) {
	key, err := c.Secret("api_key")
	if err != nil {
		return nil, err
	}
	return opened(powerdns.New(powerdns.Config{
		Name: c.Name, ServerURL: c.Values["server_url"], ServerID: c.Values["server_id"], APIKey: key, Log: c.Log,
	}))
}

// opened keeps a provider that could not be made from being taken for one: the
// adapters return pointers.
func opened[P providers.Provider](p P, err error) (providers.Provider, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}
