package cloudflare

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

const (
	defaultBase = "https://api.cloudflare.com/client/v4"
	// Cloudflare takes 1,200 requests in five minutes from one user
	// (https://developers.cloudflare.com/fundamentals/api/reference/limits/):
	// 150 at once and 3.5 a second are just that.
	perSecond = 3.5
	atOnce    = 150
)

// Config is the settings of a provider of type cloudflare.
type Config struct {
	// Name is what the inventory calls the provider, for the log.
	Name string `json:"name"`
	// APIToken is an API token with the permission Zone / DNS / Edit, and
	// Zone / Zone / Read unless there is a ZoneToken. It is never shown.
	APIToken string `json:"-"`
	// ZoneToken, when not empty, is a token with Zone / Zone / Read, with which
	// zones are looked up. It is never shown.
	ZoneToken string `json:"-"`
	// BaseURL is where the API is; empty is Cloudflare's own.
	BaseURL string `json:"base_url"`
	// Pause is how long to wait before a request is tried again; 0 is what
	// package transport takes.
	Pause time.Duration `json:"-"`
	// Log takes a line about each request, without secrets; nil takes none.
	Log func(line string) `json:"-"`
}

// String returns the settings without the tokens.
func (c Config) String() string {
	return fmt.Sprintf("cloudflare %q base_url %q", c.Name, c.BaseURL)
}

// GoString is String, so that %#v shows no token either.
func (c Config) GoString() string { return c.String() }

// Provider is a providers.Provider, Looker, Lister, Budgeter and Examiner. It is
// safe for concurrent use; its writes to one zone take turns.
type Provider struct {
	chain    *transport.Chain
	base     string
	apiToken string
	// zoneToken is the one to look zones up with.
	zoneToken string
	split     bool // the two tokens differ
	records   *dns.RecordService
	zones     *zones.ZoneService

	// looks and writes let one caller at a time look a zone up, and write it.
	looks, writes providers.Turns

	mu   sync.Mutex
	held map[zone.Name]*zoneInfo // what was looked up
}

// String names the provider without its tokens.
func (p *Provider) String() string { return "cloudflare at " + p.base }

// GoString is String, so that %#v shows no token either.
func (p *Provider) GoString() string { return p.String() }

// New returns a provider. It makes no request.
func New(c Config) (*Provider, error) {
	token, err := parseToken("api_token", c.APIToken)
	if err != nil {
		return nil, err
	}
	if token == "" {
		return nil, errors.New("api_token is missing: make an API token with the permission " + dnsEdit + " at " + whereTokens)
	}
	zoneToken, err := parseToken("zone_token", c.ZoneToken)
	if err != nil {
		return nil, err
	}
	base, err := parseBase(c.BaseURL)
	if err != nil {
		return nil, err
	}
	p := &Provider{base: base, apiToken: token, zoneToken: token, held: map[zone.Name]*zoneInfo{}}
	if zoneToken != "" && zoneToken != token {
		p.zoneToken, p.split = zoneToken, true
	}
	p.chain = transport.New(transport.Options{
		Name: c.Name, Secrets: []string{p.apiToken, p.zoneToken}, Rate: perSecond, Burst: atOnce, Pause: c.Pause, Log: c.Log,
	})
	p.records = dns.NewRecordService(option.WithBaseURL(base), option.WithMaxRetries(0))
	p.zones = zones.NewZoneService(option.WithBaseURL(base), option.WithMaxRetries(0))
	return p, nil
}

// parseToken takes off the line break at the end of a file, and refuses what
// cannot stand in a header. It never shows the token.
func parseToken(key, s string) (string, error) {
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s holds a blank, a line break or a character that no token has: give the token alone", key)
	}
	return s, nil
}

func parseBase(s string) (string, error) {
	if s == "" {
		s = defaultBase
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", fmt.Errorf("base_url %q is no URL: write it as in %q", redactUser(s), defaultBase)
	case u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("base_url goes without a query and a fragment: write it as in %q", defaultBase)
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return "", fmt.Errorf("base_url %q: write it as in %q", u.Redacted(), defaultBase)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "", fmt.Errorf("base_url %q would send the token in the clear: write https", u.Redacted())
	case u.User != nil:
		return "", fmt.Errorf("base_url %q: the token belongs into api_token, not into the URL", u.Redacted())
	}
	return strings.TrimRight(s, "/"), nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// redactUser takes out what could be a password in a URL that does not parse.
func redactUser(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		return "..." + s[i:]
	}
	return s
}

// Budget returns what is left of Cloudflare's 1,200 requests in five minutes, as
// its headers told last.
func (p *Provider) Budget() providers.Budget { return p.chain.Budget() }
