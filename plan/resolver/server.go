package resolver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Protocol is how a server is asked.
type Protocol string

// The protocols: RFC 1035 over UDP with TCP behind it, TCP alone (RFC 7766),
// DNS over TLS (RFC 7858) and DNS over HTTPS (RFC 8484).
const (
	UDP   Protocol = "udp"
	TCP   Protocol = "tcp"
	TLS   Protocol = "tls"
	HTTPS Protocol = "https"
)

// ParseProtocol reads "udp", "tcp", "tls" or "https" in any case; an empty
// string is UDP.
func ParseProtocol(s string) (Protocol, error) {
	switch p := Protocol(strings.ToLower(s)); p {
	case "":
		return UDP, nil
	case UDP, TCP, TLS, HTTPS:
		return p, nil
	}
	return "", fmt.Errorf("protocol %q: want udp, tcp, tls or https", s)
}

// Port is the protocol's default port.
func (p Protocol) Port() uint16 {
	switch p {
	case TLS:
		return 853
	case HTTPS:
		return 443
	default:
		return 53
	}
}

// Server is one DNS server to ask. It is comparable, so that it can be the key
// of a map.
type Server struct {
	// Name is what people call it; may be empty.
	Name string
	// Protocol is UDP where it is empty.
	Protocol Protocol
	// Addr is the address to ask. With HTTPS it may be the zero value; then
	// the host of URL is looked up by the system.
	Addr netip.AddrPort
	// URL is where HTTPS posts to.
	URL string
	// ServerName is the name that the certificate must have with TLS and
	// HTTPS; where it is empty, the address or the URL's host.
	ServerName string
}

// String names the server for people: "google (8.8.8.8:53)",
// "quad9 (tls 9.9.9.9:853)", "https://dns.google/dns-query".
func (s Server) String() string {
	where := s.Addr.String()
	switch s.Protocol {
	case HTTPS:
		where = s.URL
	case TCP, TLS:
		where = string(s.Protocol) + " " + where
	}
	if s.Name == "" || s.Name == where {
		return where
	}
	return s.Name + " (" + where + ")"
}

var (
	errNoAddress  = errors.New("want an IP address, as 192.0.2.53, 192.0.2.53:53 or [2001:db8::53]:53")
	errNoPort     = errors.New("port: want 1 to 65535")
	errNotAServer = errors.New("the address of no single server")
)

// ParseServer reads a server as the inventory holds it. The address is an IP
// address with or without a port; for HTTPS it may also be a URL, whose host is
// an address or a name, and "1.1.1.1" means https://1.1.1.1/dns-query. With TLS
// and HTTPS "#" and the certificate's name may follow the address, as in
// "9.9.9.9#dns.quad9.net". The default ports are 53, 853 and 443.
func ParseServer(name, address, protocol string) (Server, error) {
	p, err := ParseProtocol(protocol)
	if err != nil {
		return Server{}, fmt.Errorf("server %q: %w", name, err)
	}
	s := Server{Name: name, Protocol: p}
	if p == HTTPS && strings.Contains(address, "://") {
		err = s.parseURL(address)
	} else {
		err = s.parseAddress(address)
	}
	if err != nil {
		return Server{}, fmt.Errorf("server %q: address %q: %w", name, address, err)
	}
	return s, nil
}

func (s *Server) parseAddress(address string) error {
	addr, cert, named := strings.Cut(address, "#")
	if named && (cert == "" || s.Protocol == UDP || s.Protocol == TCP) {
		return errors.New("a certificate's name needs the protocol tls or https")
	}
	var err error
	if s.Addr, err = parseAddrPort(addr, s.Protocol.Port()); err != nil {
		return err
	}
	s.ServerName = cert
	if s.Protocol == HTTPS {
		s.URL = "https://" + urlHost(s.Addr, cert) + "/dns-query"
	}
	return nil
}

// parseURL reads the place to post to; an RFC 6570 template's "{?dns}" is
// dropped, as RFC 8484, section 4.1 has it for POST.
func (s *Server) parseURL(address string) error {
	u, err := url.Parse(strings.TrimSuffix(address, "{?dns}"))
	if err != nil {
		return errors.New("not a URL")
	}
	if u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return errors.New("want a URL as https://dns.example.org/dns-query")
	}
	if u.Path == "" {
		u.Path = "/dns-query"
	}
	s.URL = u.String()
	if _, err := netip.ParseAddr(u.Hostname()); err != nil {
		return nil // a name, which the system looks up
	}
	port := u.Port()
	if port == "" {
		port = strconv.Itoa(int(HTTPS.Port()))
	}
	s.Addr, err = parseAddrPort(net.JoinHostPort(u.Hostname(), port), 0)
	return err
}

// parseAddrPort reads "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]"
// and "[2001:db8::1]:53".
func parseAddrPort(s string, port uint16) (netip.AddrPort, error) {
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.AddrPort{}, errNoAddress
		}
		ip, port = ap.Addr(), ap.Port()
	}
	ip = ip.Unmap()
	switch {
	case port == 0:
		return netip.AddrPort{}, errNoPort
	case ip.IsUnspecified(), ip.IsMulticast(), ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return netip.AddrPort{}, errNotAServer
	}
	return netip.AddrPortFrom(ip, port), nil
}

// urlHost is the host part of the URL for a server known by its address.
func urlHost(ap netip.AddrPort, cert string) string {
	host := cert
	if host == "" {
		host = ap.Addr().String()
	}
	if ap.Port() != HTTPS.Port() {
		return net.JoinHostPort(host, strconv.Itoa(int(ap.Port())))
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
