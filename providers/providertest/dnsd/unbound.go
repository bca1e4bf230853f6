package dnsd

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// UnboundOptions is how a caching resolver behaves.
type UnboundOptions struct {
	// Stubs maps zones to the authoritative servers that are asked for them.
	// Nothing else is resolved.
	Stubs map[string][]netip.AddrPort
	// Listen is where to answer; port 0 or the zero value is any free port.
	Listen netip.AddrPort
	// CacheMin raises shorter TTLs, as some resolvers do against the
	// standard; CacheMax cuts longer ones (the zero value is a week).
	CacheMin, CacheMax time.Duration
	// CacheMaxNegative cuts the TTL of negative answers; zero is an hour,
	// Unbound's default.
	CacheMaxNegative time.Duration
	// ServeExpired has it answer once more with what has expired (RFC 8767).
	ServeExpired bool
	// Anchors are DS or DNSKEY records, as a zone file has them, below which it
	// validates DNSSEC. It says why where validation fails (RFC 8914).
	Anchors []string
	// LikeAuthority has it resolve as Let's Encrypt does: it keeps no answer, mixes
	// upper and lower case in its questions, and takes UDP replies of 1232 bytes.
	LikeAuthority bool
	// FakeTime runs it under libfaketime, so that SetFakeTime moves its clock.
	FakeTime bool
}

// Unbound starts a caching resolver.
func Unbound(tb testing.TB, o UnboundOptions) *Server {
	tb.Helper()
	unbound := needs.Program(tb, "unbound", "unbound")
	s := &Server{tb: tb, program: "unbound", listen: o.Listen}
	lib := ""
	if o.FakeTime {
		lib = faketimeLibrary(tb)
	}
	s.command = func(s *Server) *exec.Cmd {
		cmd := exec.Command(unbound, "-d", "-p", "-c", s.writeOnce("unbound.conf", unboundConfig(s, o)))
		if lib != "" {
			if s.faketime == "" {
				s.faketime = filepath.Join(s.dir, "faketime")
				s.SetFakeTime(0)
			}
			cmd.Env = append(os.Environ(), "LD_PRELOAD="+lib, "FAKETIME_TIMESTAMP_FILE="+s.faketime,
				"FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1")
		}
		return cmd
	}
	return s.run()
}

// faketimeLibrary finds libfaketime whatever the architecture's folder is.
func faketimeLibrary(tb testing.TB) string {
	tb.Helper()
	for _, pattern := range []string{"/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
		}
	}
	needs.Missing(tb, "libfaketime", "libfaketime")
	return ""
}

// SetFakeTime sets how far the resolver's clock runs ahead of the real one, in
// whole seconds. It needs UnboundOptions.FakeTime.
func (s *Server) SetFakeTime(ahead time.Duration) {
	s.tb.Helper()
	if s.faketime == "" {
		s.tb.Fatalf("%s was not started with FakeTime", s.program)
	}
	text := fmt.Sprintf("%+d\n", int64(ahead/time.Second))
	next := s.faketime + ".next" // renamed, so that no half of it is ever read
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	if err := os.Rename(next, s.faketime); err != nil {
		s.tb.Fatal(err)
	}
}

func unboundConfig(s *Server, o UnboundOptions) string {
	switch {
	case o.LikeAuthority:
		o.CacheMax, o.CacheMaxNegative = 0, 0
	case o.CacheMax == 0:
		o.CacheMax = 7 * 24 * time.Hour
	}
	if o.CacheMaxNegative == 0 && !o.LikeAuthority {
		o.CacheMaxNegative = time.Hour
	}
	var b strings.Builder
	fmt.Fprintf(&b, `server:
  username: ""
  chroot: ""
  directory: %q
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  identity: %q
  interface: %s
  access-control: 127.0.0.0/8 allow
  access-control: ::1/128 allow
  do-ip6: %s
  num-threads: 1
  do-not-query-localhost: no
  module-config: %q
  qname-minimisation: no
  aggressive-nsec: no
  root-hints: ""
  cache-min-ttl: %d
  cache-max-ttl: %d
  cache-max-negative-ttl: %d
`, s.dir, s.id, hostPort(s.Addr, "@"), yesNo(usesIPv6(s.Addr, o)), unboundModules(o),
		int(o.CacheMin.Seconds()), int(o.CacheMax.Seconds()), int(o.CacheMaxNegative.Seconds()))
	if o.ServeExpired {
		b.WriteString("  serve-expired: yes\n  serve-expired-ttl: 3600\n  serve-expired-client-timeout: 0\n")
	}
	if o.LikeAuthority {
		b.WriteString("  use-caps-for-id: yes\n  edns-buffer-size: 1232\n  harden-glue: yes\n  harden-dnssec-stripped: yes\n  neg-cache-size: 0\n  prefetch: no\n")
	}
	for _, a := range o.Anchors {
		fmt.Fprintf(&b, "  trust-anchor: %q\n", a)
	}
	b.WriteString("  ede: yes\n")
	stubs := slices.Sorted(maps.Keys(o.Stubs))
	for _, z := range stubs { // test., example. and the like are refused by default (RFC 6761)
		fmt.Fprintf(&b, "  local-zone: %q nodefault\n  local-zone: %q nodefault\n", topLabel(z), strings.TrimSuffix(z, ".")+".")
	}
	b.WriteString("remote-control:\n  control-enable: no\n")
	for _, z := range stubs {
		fmt.Fprintf(&b, "stub-zone:\n  name: %q\n  stub-prime: no\n", z)
		for _, a := range o.Stubs[z] {
			fmt.Fprintf(&b, "  stub-addr: %s\n", hostPort(a, "@"))
		}
	}
	return b.String()
}

// unboundModules are what questions pass through.
func unboundModules(o UnboundOptions) string {
	if len(o.Anchors) > 0 {
		return "validator iterator"
	}
	return "iterator"
}

// usesIPv6 tells whether the resolver or one of the servers it asks has an
// IPv6 address.
func usesIPv6(listen netip.AddrPort, o UnboundOptions) bool {
	is6 := func(a netip.AddrPort) bool { return a.Addr().Is6() }
	for _, servers := range o.Stubs {
		if slices.ContainsFunc(servers, is6) {
			return true
		}
	}
	return is6(listen)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// topLabel returns the top-level domain of a zone, with the final dot.
func topLabel(z string) string {
	z = strings.TrimSuffix(z, ".")
	return z[strings.LastIndexByte(z, '.')+1:] + "."
}
