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

	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// KnotOptions is what a Knot server serves and allows.
type KnotOptions struct {
	// Zones maps the origins it is the primary of to zone-file text.
	Zones map[string]string
	// Secondary are the zones that it transfers from Primary.
	Secondary []string
	// Primary is where Secondary come from, with the key of that server.
	Primary *Server
	// Listen is where to answer; port 0 or the zero value is any free port.
	Listen netip.AddrPort
	// Key may update and transfer every zone; the zero value is TestKey.
	Key Key
	// NoUpdate and NoTransfer refuse what Key may do otherwise.
	NoUpdate, NoTransfer bool
}

// Knot starts knotd as a primary that takes dynamic updates, as a secondary,
// or as both. It returns when a secondary has its zones.
func Knot(tb testing.TB, o KnotOptions) *Server {
	tb.Helper()
	knotd := needs.Program(tb, "knotd", "knot")
	if o.Key == (Key{}) {
		o.Key = TestKey()
	}
	s := &Server{tb: tb, program: "knotd", listen: o.Listen, Key: o.Key}
	primary := slices.Sorted(maps.Keys(o.Zones))
	s.zones = slices.Concat(primary, o.Secondary)
	s.control = filepath.Join(shortDir(tb), "ctl")
	s.command = func(s *Server) *exec.Cmd {
		for i, z := range primary {
			s.writeOnce(zoneFile(i), o.Zones[z])
		}
		return exec.Command(knotd, "-c", s.writeOnce("knot.conf", knotConfig(s, o)))
	}
	return s.run()
}

// shortDir makes a folder for a socket, whose path must stay under 108 bytes
// (unix(7)); the test's own folder carries the test's name.
func shortDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "dnsd")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func knotConfig(s *Server, o KnotOptions) string {
	var b strings.Builder
	fmt.Fprintf(&b, `server:
  identity: %q
  listen: %s
  rundir: %q
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
control:
  listen: %q
log:
  - target: stderr
    any: info
database:
  storage: %q
  journal-db-max-size: 64M
  timer-db-max-size: 16M
  kasp-db-max-size: 16M
  catalog-db-max-size: 16M
key:
`, s.id, hostPort(s.Addr, "@"), s.dir, s.control, s.dir)
	knotKey(&b, "own", o.Key)
	if o.Primary != nil && o.Primary.Key.Name != o.Key.Name {
		knotKey(&b, "primary", o.Primary.Key)
	}
	b.WriteString(knotRemote(o))
	b.WriteString(knotACL(o))
	b.WriteString("zone:\n")
	for i, z := range s.zones {
		fmt.Fprintf(&b, "  - domain: %s\n    storage: %q\n    file: %q\n    zonefile-sync: -1\n", z, s.dir, zoneFile(i))
		if i < len(o.Zones) {
			b.WriteString("    acl: [own]\n")
		} else {
			b.WriteString("    acl: [own, primary]\n    master: [primary]\n")
		}
	}
	return b.String()
}

func knotKey(b *strings.Builder, comment string, k Key) {
	fmt.Fprintf(b, "  # %s\n  - id: %s\n    algorithm: %s\n    secret: %s\n", comment, k.Name, k.Algorithm, k.Secret)
}

func knotRemote(o KnotOptions) string {
	if o.Primary == nil {
		return ""
	}
	return fmt.Sprintf("remote:\n  - id: primary\n    address: %s\n    key: %s\n", hostPort(o.Primary.Addr, "@"), o.Primary.Key.Name)
}

func knotACL(o KnotOptions) string {
	var actions []string
	if !o.NoTransfer {
		actions = append(actions, "transfer")
	}
	if !o.NoUpdate {
		actions = append(actions, "update")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "acl:\n  - id: own\n    key: %s\n", o.Key.Name)
	if len(actions) == 0 {
		b.WriteString("    deny: on\n")
	} else {
		fmt.Fprintf(&b, "    action: [%s]\n", strings.Join(actions, ", "))
	}
	if o.Primary != nil {
		fmt.Fprintf(&b, "  - id: primary\n    key: %s\n    action: notify\n", o.Primary.Key.Name)
	}
	return b.String()
}

func (s *Server) knotc(command string) {
	s.tb.Helper()
	knotc := needs.Program(s.tb, "knotc", "knot")
	args := append([]string{"-b", "-s", s.control, command}, s.zones...)
	s.order(exec.CommandContext(s.tb.Context(), knotc, args...))
}
