package rfc2136

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

const (
	defaultPort      = 53
	defaultTimeout   = 30 * time.Second
	defaultAlgorithm = "hmac-sha256"
)

// Config is the settings of a provider of type rfc2136.
type Config struct {
	// Server is the primary's name or address, with or without a port:
	// "ns1.example.org", "192.0.2.53", "[2001:db8::53]:5353". The port is 53
	// unless it is given. Of a name, each address is tried.
	Server string `json:"server"`
	// TSIGName is the key's name. Without name and secret, messages go
	// unsigned, for servers that go by addresses alone.
	TSIGName string `json:"tsig_name"`
	// TSIGAlgorithm is hmac-sha256 (also when empty), hmac-sha384 or
	// hmac-sha512.
	TSIGAlgorithm string `json:"tsig_algorithm"`
	// TSIGSecret is the key in base64. It is never shown.
	TSIGSecret string `json:"-"`
	// Timeout bounds connecting and each wait for a message; 0 is 30 seconds.
	Timeout time.Duration `json:"timeout"`
}

// String returns the settings without the secret.
func (c Config) String() string {
	return fmt.Sprintf("rfc2136 server %q tsig_name %q tsig_algorithm %q", c.Server, c.TSIGName, c.TSIGAlgorithm)
}

// GoString is String, so that %#v shows no secret either.
func (c Config) GoString() string { return c.String() }

// endpoint is where the primary is: an address, or a name to look up.
type endpoint struct {
	host string
	addr netip.Addr // invalid when host is a name
	port uint16
}

func (e endpoint) String() string {
	return net.JoinHostPort(e.host, strconv.Itoa(int(e.port)))
}

// parseEndpoint reads Config.Server.
func parseEndpoint(s string) (endpoint, error) {
	if s == "" {
		return endpoint{}, errors.New("server is missing: name the zone's primary, as in \"ns1.example.org\" or \"192.0.2.53:53\"")
	}
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return endpoint{host: addr.String(), addr: addr, port: defaultPort}, nil
	}
	host, port := s, uint16(defaultPort)
	if h, p, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return endpoint{}, fmt.Errorf("server %q: port %q is not a number from 1 to 65535", s, p)
		}
		host, port = h, uint16(n)
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return endpoint{host: host, addr: addr, port: port}, nil
	}
	if strings.ContainsAny(host, " /:@[]") {
		return endpoint{}, fmt.Errorf("server %q is neither a name nor an address", s)
	}
	name, err := zone.ParseName(host)
	if err != nil {
		return endpoint{}, fmt.Errorf("server %q: %w", s, err)
	}
	return endpoint{host: name.Display(), port: port}, nil
}
