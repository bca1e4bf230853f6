package powerdns

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

const (
	defaultServerID = "localhost"
	apiPath         = "/api/v1"
)

// Config is the settings of a provider of type powerdns.
type Config struct {
	// Name is the provider's name in the inventory, for the log.
	Name string `json:"name"`
	// ServerURL is where the API is: "https://dns.example.org:8081". A path in
	// front of /api/v1, as a proxy may have it, belongs to it; /api/v1 itself may
	// stand there or not.
	ServerURL string `json:"server_url"`
	// ServerID is the server's id in the API; empty is "localhost", which a
	// PowerDNS server always has.
	ServerID string `json:"server_id"`
	// APIKey is the setting api-key of the server. It is never shown.
	APIKey string `json:"-"`
	// Pause is how long to wait before a second try; 0 is the transport's.
	Pause time.Duration `json:"-"`
	// Log takes a line about each request; nil takes none.
	Log func(line string) `json:"-"`
}

// String returns the settings without the key.
func (c Config) String() string {
	return fmt.Sprintf("powerdns server_url %q server_id %q", c.ServerURL, c.ServerID)
}

// GoString is String, so that %#v shows no key either.
func (c Config) GoString() string { return c.String() }

// Provider changes the zones of one PowerDNS server. Its methods may be called
// concurrently; writes of one zone take turns.
type Provider struct {
	base  *url.URL // up to /api/v1/servers
	id    string
	key   string
	chain *transport.Chain
	http  *http.Client
	turns providers.Turns
}

var (
	_ providers.Provider = (*Provider)(nil)
	_ providers.Lister   = (*Provider)(nil)
	_ providers.Examiner = (*Provider)(nil)
)

// New checks the settings; it asks nobody.
func New(c Config) (*Provider, error) {
	base, err := parseURL(c.ServerURL)
	if err != nil {
		return nil, fmt.Errorf("powerdns: %w", err)
	}
	key := strings.TrimSpace(c.APIKey)
	switch {
	case key == "":
		return nil, errors.New("powerdns: api_key is missing: it is the setting api-key of the PowerDNS server")
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return nil, errors.New("powerdns: api_key holds a control character, so that it cannot be sent")
	}
	if c.ServerID == "" {
		c.ServerID = defaultServerID
	}
	chain := transport.New(transport.Options{Name: c.Name, Secrets: []string{key}, Pause: c.Pause, Log: c.Log})
	return &Provider{base: base, id: c.ServerID, key: key, chain: chain, http: chain.Client()}, nil
}

// String names the server, and shows no key.
func (p *Provider) String() string { return fmt.Sprintf("powerdns %v server %q", p.base, p.id) }

// GoString is String, so that %#v shows no key either.
func (p *Provider) GoString() string { return p.String() }

// parseURL reads Config.ServerURL and returns where the servers are listed. The
// errors do not repeat the URL where it may hold a password.
func parseURL(s string) (*url.URL, error) {
	const example = `, as in "https://dns.example.org:8081"`
	if s == "" {
		return nil, errors.New("server_url is missing: it is where the API of the PowerDNS server is" + example)
	}
	u, err := url.Parse(strings.TrimSpace(s))
	switch {
	case err != nil && !strings.Contains(s, "@"):
		return nil, fmt.Errorf("server_url %q is no URL: want one%s", s, example)
	case err != nil:
		return nil, errors.New("server_url is no URL: want one" + example)
	case u.User != nil:
		return nil, errors.New("server_url holds a user or a password: the API takes neither, only api_key")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("server_url %q does not begin with http:// or https://: want a URL%s", s, example)
	case u.Hostname() == "":
		return nil, fmt.Errorf("server_url %q names no host: want a URL%s", s, example)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("server_url %q has a query or a fragment: want a URL%s", s, example)
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), apiPath)
	u.RawPath = ""
	return u.JoinPath(apiPath, "servers"), nil
}
