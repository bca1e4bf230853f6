package namesilo

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// DefaultBaseURL is where NameSilo's API is for what a person has started.
const DefaultBaseURL = "https://www.namesilo.com/api"

var (
	errNoKey   = errors.New("api_key is missing: make one at https://www.namesilo.com/account/api-manager")
	errBaseURL = errors.New(`base_url is not the address of an API: write it as in "` + DefaultBaseURL + `", without a query`)
	errPlain   = errors.New("base_url has to begin with https://, because each request carries the key")
)

// Config is the settings of a provider of type namesilo.
type Config struct {
	// Name is the provider's name in the inventory, for the log.
	Name string `json:"name"`
	// APIKey is the account's key. It is never shown.
	APIKey string `json:"-"`
	// BaseURL is the API's address; empty is DefaultBaseURL. Where it has no path,
	// /api is tried when nothing is there.
	BaseURL string `json:"base_url"`
	// Pause is how long to wait before a request is made again; 0 is what
	// package transport takes. It serves tests.
	Pause time.Duration `json:"-"`
	// Base makes the connections; nil is what transport.Plain returns.
	Base http.RoundTripper `json:"-"`
	// Log takes a line about each request; nil takes none.
	Log func(line string) `json:"-"`
}

// String returns the settings without the key.
func (c Config) String() string { return fmt.Sprintf("namesilo base_url %q", c.BaseURL) }

// GoString is String, so that %#v shows no key either.
func (c Config) GoString() string { return c.String() }

// parseBase reads BaseURL. Its errors do not repeat it: it might hold the key.
func parseBase(s string) (*url.URL, error) {
	if s == "" {
		s = DefaultBaseURL
	}
	u, err := url.Parse(strings.TrimRight(s, "/"))
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errBaseURL
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errBaseURL
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, errPlain
	}
	return u, nil
}

func isLoopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
