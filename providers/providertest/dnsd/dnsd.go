// Package dnsd starts real DNS servers on loopback for tests: BIND, Knot and
// PowerDNS as authoritative servers, Unbound as a caching resolver. Each is a
// child process that needs no privilege, keeps its files in the test's own
// folder, answers before the constructor returns and is gone when the test ends.
//
//	primary := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": text}})
//	resolver := dnsd.Unbound(t, dnsd.UnboundOptions{
//		Stubs: map[string][]netip.AddrPort{"example.org": {primary.Addr}},
//	})
//	resolver.Resolve(dns.TypeA, "www.example.org")
//
// A primary that notifies a secondary must know its address before it runs:
//
//	addr := dnsd.Reserve(t)
//	primary := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones, Notify: []netip.AddrPort{addr}})
//	secondary := dnsd.Knot(t, dnsd.KnotOptions{Listen: addr, Primary: primary, Secondary: []string{"example.org"}})
//
// A test is skipped where a server is not installed, or fails: see package needs.
package dnsd

import (
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Patience bounds every wait of this package. It is long because test machines
// are slow; a wait ends as soon as its condition holds.
const Patience = 2 * time.Minute

const pollEvery = 10 * time.Millisecond

// Key is a TSIG key (RFC 8945).
type Key struct {
	// Name is the key's domain name, without the final dot.
	Name string
	// Algorithm is "hmac-sha256", "hmac-sha384" or "hmac-sha512".
	Algorithm string
	// Secret is in base64.
	Secret string
}

// TestKey is the key that servers accept when the options name none.
func TestKey() Key {
	return Key{
		Name:      "dnsplan",
		Algorithm: "hmac-sha256",
		Secret:    "ZG5zcGxhbi10ZXN0LXNlY3JldC0zMi1ieXRlcy1vayE=",
	}
}

// Server is a running DNS server. Its methods are for the goroutine of the
// test that started it, but for Query, Resolve, TryAnswer, AXFR and Log, which
// any may call.
type Server struct {
	// Addr is where it answers, on UDP and TCP.
	Addr netip.AddrPort
	// Key may transfer and update the zones of a primary.
	Key Key

	tb      testing.TB
	dir     string
	program string
	id      string
	listen  netip.AddrPort // as asked for; port 0: any free one
	command func(s *Server) *exec.Cmd
	zones   []string
	proc    *process

	faketime string         // file with the offset, empty without
	control  string         // the control socket of knotd and pdns_server
	rndc     netip.AddrPort // named's control channel; the zero value without
	api      netip.AddrPort // of PowerDNS
}

// Start runs a server that was stopped, again on the same address and with
// what it had on disk. It returns when the server answers.
func (s *Server) Start() {
	s.tb.Helper()
	if s.proc != nil {
		return
	}
	if err := s.start(func() {}); err != nil {
		s.tb.Fatalf("start %s again: %v", s.program, err)
	}
}

// Stop kills the server as a crash would. It may be called twice.
func (s *Server) Stop() {
	if s.proc == nil {
		return
	}
	s.proc.kill()
	s.proc = nil
}

// Log returns what the server has written to its log so far, over all starts;
// it is empty when there is none.
func (s *Server) Log() string {
	b, err := os.ReadFile(s.logFile())
	if err != nil {
		return ""
	}
	return string(b)
}
