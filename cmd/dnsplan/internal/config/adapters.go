package config

import (
	"context"
	"maps"
	"path/filepath"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/cloudflare"
	"github.com/dnsplan/dnsplan/providers/generic"
	"github.com/dnsplan/dnsplan/providers/namesilo"
	"github.com/dnsplan/dnsplan/providers/powerdns"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
	"github.com/dnsplan/dnsplan/providers/route53"
	"github.com/dnsplan/dnsplan/providers/sandbox"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

// adapters are the providers of this program: those of package generic, and
// those with an adapter of their own.
func (s *Session) adapters() providers.Registry {
	all := generic.Adapters()
	maps.Copy(all, providers.Registry{
		"cloudflare": openCloudflare, "route53": openRoute53, "namesilo": openNameSilo, "powerdns": openPowerDNS,
		"rfc2136": openRFC2136, "zonefile": openZonefile, "sandbox": s.openSandbox,
	})
	return all
}

func openCloudflare(_ context.Context, c providers.Settings) (providers.Provider, error) {
	api, err := c.Secret("api_token")
	if err != nil {
		return nil, err
	}
	zones, err := c.Secret("zone_token")
	if err != nil {
		return nil, err
	}
	return opened(cloudflare.New(cloudflare.Config{
		Name: c.Name, APIToken: api, ZoneToken: zones, BaseURL: c.Values["base_url"], Log: c.Log,
	}))
}

func openRoute53(ctx context.Context, c providers.Settings) (providers.Provider, error) {
	return opened(route53.New(ctx, route53.Config{
		Name: c.Name, HostedZoneID: c.Values["hosted_zone_id"], Endpoint: c.Values["endpoint"], Log: c.Log,
	}))
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
