package acme

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/cert"
)

// newAway is a site at an address that no test connects to: connections there end as
// the network would end them, with err.
func newAway(t *testing.T, addr string, err error) *site {
	t.Helper()
	s := newSite(t, "127.0.0.11")
	s.want(addr)
	s.answer(addr)
	s.addrs = []netip.Addr{netip.MustParseAddr(addr)}
	s.opts.HTTPPort, s.opts.AllowReserved = 80, false
	s.opts.Dial = func(_ context.Context, _ netip.Addr, to netip.AddrPort) (net.Conn, error) {
		if to.Addr() != s.addrs[0] {
			t.Errorf("%s was connected to", to)
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: err}
	}
	s.local("8.8.4.20")
	return s
}

// local is the address that the machine asks from.
func (s *site) local(addr string) {
	s.opts.Local = func(netip.Addr) (netip.Addr, bool) { return netip.MustParseAddr(addr), true }
}

// errno is what the kernel says of a connection.
func errno(e syscall.Errno) error { return os.NewSyscallError("connect", e) }

// What loopback cannot be made to do: addresses of others that cannot be reached.
func TestAddressesOutOfReach(t *testing.T) {
	for name, c := range map[string]struct {
		addr    string
		err     error
		outcome Outcome
		says    string
		offers  []string
	}{
		"dropped": {"8.8.4.10", os.ErrDeadlineExceeded, Fail, "8.8.4.10:80 does not answer HTTP: no connection in time (a firewall drops it)", []string{
			"Open the port in the firewall of 8.8.4.10:\nufw allow 80/tcp", "Or, with nftables:\nnft insert rule inet filter input tcp dport 80 accept", "inbound, TCP, port 80, from 0.0.0.0/0.",
		}},
		"dropped by IPv6": {"2600::10", os.ErrDeadlineExceeded, Fail, "[2600::10]:80 does not answer HTTP", []string{"inbound, TCP, port 80, from ::/0."}},
		"no such machine": {"8.8.4.10", errno(syscall.EHOSTUNREACH), Fail, "host unreachable", []string{"Start the machine of 8.8.4.10, or take the address out of www.example.org."}},
		"refused":         {"8.8.4.10", errno(syscall.ECONNREFUSED), Fail, "connection refused", []string{"Start the web server on the machine of 8.8.4.10", "If it does, a firewall rejects connections."}},
		"no route":        {"2600::10", errno(syscall.ENETUNREACH), Unknown, "this machine has no way to 2600::10", nil},
		"not permitted":   {"8.8.4.10", errno(syscall.EACCES), Unknown, "this machine cannot connect: ", nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newAway(t, c.addr, c.err).only("H-PORT80", c.outcome, c.says)
			Offers(t, f, c.offers...)
			if c.outcome == Unknown && len(f.Remedies) > 0 {
				t.Errorf("remedies of what is not known: %q", f.Remedies)
			}
		})
	}
}

// The port of certificates that cannot be reached is opened before anything is issued.
func TestCertificatesOutOfReach(t *testing.T) {
	for name, err := range map[string]error{"dropped": os.ErrDeadlineExceeded, "no such machine": errno(syscall.EHOSTUNREACH)} {
		t.Run(name, func(t *testing.T) {
			s := newAway(t, "8.8.4.10", err)
			s.opts.Certificates = cert.New(cert.Options{Dial: func(_ context.Context, network, to string) (net.Conn, error) {
				if to != "8.8.4.10:443" {
					t.Errorf("%s was connected to", to)
				}
				return nil, &net.OpError{Op: "dial", Net: network, Err: err}
			}})
			f := s.only("T-CERT", Fail, "8.8.4.10:443 serves no certificate for www.example.org")
			Offers(t, f, "Open the port in the firewall of 8.8.4.10:\nufw allow 443/tcp", "Have one issued on the machine of 8.8.4.10")
			if f.Remedies[0].Paste != "ufw allow 443/tcp" {
				t.Errorf("%q comes first", f.Remedies[0])
			}
		})
	}
}

// A machine with a private address may be behind the NAT that the public address is
// of, which need not let it in again (hairpin); nobody else is asked.
func TestBehindNAT(t *testing.T) {
	const ask = "If this machine (10.0.0.5) is behind the same NAT as 8.8.4.10, it may be reached from everywhere else: name a [[vantage]]"
	for name, c := range map[string]struct {
		local, addr string
		with        func(*site)
		offers      bool
	}{
		"private here, public there": {"10.0.0.5", "8.8.4.10", nil, true},
		"both private":               {"10.0.0.5", "10.0.0.6", func(s *site) { s.opts.AllowReserved = true }, false},
		"both public":                {"8.8.4.20", "8.8.4.10", nil, false},
		"no address here":            {"", "8.8.4.10", func(s *site) { s.opts.Local = func(netip.Addr) (netip.Addr, bool) { return netip.Addr{}, false } }, false},
		"a vantage is asked":         {"10.0.0.5", "8.8.4.10", func(s *site) { s.opts.Vantages = append(s.opts.Vantages, breaks("oslo")) }, false},
	} {
		for _, err := range []error{os.ErrDeadlineExceeded, errno(syscall.ECONNREFUSED)} {
			t.Run(name+", "+err.Error(), func(t *testing.T) {
				s := newAway(t, c.addr, err)
				if c.local != "" {
					s.local(c.local)
				}
				if c.with != nil {
					c.with(s)
				}
				f := s.only("H-PORT80", Fail, c.addr)
				if !c.offers {
					lacks(t, f, "NAT")
					return
				}
				Offers(t, f, ask)
			})
		}
	}
	s := newSite(t, "127.0.0.11")
	s.local("10.0.0.5")
	_ = s.ls[0].Close()
	lacks(t, s.only("H-PORT80", Fail), "NAT") // this very machine
}
