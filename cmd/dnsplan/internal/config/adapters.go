package config

import (
	"context"
	"path/filepath"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
	"github.com/dnsplan/dnsplan/providers/sandbox"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

// adapters are the providers of this program.
func (s *Session) adapters() providers.Registry {
	return providers.Registry{
		"zonefile": func(_ context.Context, c providers.Settings) (providers.Provider, error) {
			return zonefile.New(c.Folder(c.Values["dir"]))
		},
		"sandbox": func(ctx context.Context, c providers.Settings) (providers.Provider, error) {
			dir := filepath.Join(s.Settings.StateDir, "sandbox")
			if d := c.Values["dir"]; d != "" {
				dir = c.Folder(d)
			} else if err := s.openState(); err != nil {
				return nil, err
			}
			return sandbox.Open(ctx, sandbox.Options{Dir: dir})
		},
		"rfc2136": func(_ context.Context, c providers.Settings) (providers.Provider, error) {
			secret, err := c.Secret("tsig_secret")
			if err != nil {
				return nil, err
			}
			return rfc2136.New(rfc2136.Config{
				Server: c.Values["server"], TSIGName: c.Values["tsig_name"],
				TSIGAlgorithm: c.Values["tsig_algorithm"], TSIGSecret: secret,
			})
		},
	}
}
