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

// BINDOptions is what a BIND primary serves and allows.
type BINDOptions struct {
	// Zones maps origins to zone-file text.
	Zones map[string]string
	// Listen is where to answer; port 0 or the zero value is any free port.
	Listen netip.AddrPort
	// Key may update and transfer every zone; the zero value is TestKey.
	Key Key
	// Strangers are keys that the server knows and that may do nothing.
	Strangers []Key
	// Notify are secondaries that are told at once of every change.
	Notify []netip.AddrPort
	// NoUpdate and NoTransfer refuse what Key may do otherwise.
	NoUpdate, NoTransfer bool
	// Open lets anyone on loopback update and transfer without a key.
	Open bool
	// AnyNames takes addresses at names that are no host names, with an
	// underscore for one, which BIND refuses by default (check-names).
	AnyNames bool
	// Views serve, update and transfer zones of their own to whoever has their
	// key; Zones, and what else concerns them, must be empty then.
	Views []BINDView
	// Signed has BIND sign the zones with DNSSEC (dnssec-policy default).
	Signed bool
	// Control lets Freeze and Thaw work.
	Control bool
}

// BINDView is a view of a BIND server, chosen by key.
type BINDView struct {
	Key   Key
	Zones map[string]string
}

// BIND starts named as a primary that takes dynamic updates.
func BIND(tb testing.TB, o BINDOptions) *Server {
	tb.Helper()
	named := needs.Program(tb, "named", "bind9")
	if o.Control {
		needs.Program(tb, "rndc", "bind9-utils")
	}
	if o.Key == (Key{}) {
		o.Key = TestKey()
	}
	s := &Server{tb: tb, program: "named", listen: o.Listen, Key: o.Key, zones: slices.Sorted(maps.Keys(o.Zones))}
	s.command = func(s *Server) *exec.Cmd {
		if o.Control {
			s.rndc = freeAddr(tb, s.Addr.Addr())
		}
		conf := s.writeOnce("named.conf", bindConfig(s, o))
		for i, z := range s.zones {
			s.writeOnce(zoneFile(i), o.Zones[z])
		}
		for i, v := range o.Views {
			for z, text := range v.Zones {
				s.writeOnce(viewFile(i, z), text)
			}
		}
		return exec.Command(named, "-g", "-n", "1", "-c", conf)
	}
	return s.run()
}

// writeOnce writes a file into the server's folder. A zone file that is there
// stays, so that a restart keeps what the server made of it.
func (s *Server) writeOnce(name, text string) string {
	s.tb.Helper()
	path := filepath.Join(s.dir, name)
	if _, err := os.Stat(path); err == nil && strings.HasSuffix(name, ".zone") {
		return path
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	return path
}

func viewFile(i int, zone string) string { return fmt.Sprintf("view%d-%s.zone", i, zone) }

func zoneFile(i int) string { return fmt.Sprintf("%d.zone", i) }

func bindConfig(s *Server, o BINDOptions) string {
	var b strings.Builder
	for _, k := range append([]Key{o.Key}, o.Strangers...) {
		fmt.Fprintf(&b, "key %q { algorithm %s; secret %q; };\n", k.Name, k.Algorithm, k.Secret)
	}
	listen, listen6 := fmt.Sprintf("{ %v; }", s.Addr.Addr()), "{ none; }"
	if s.Addr.Addr().Is6() {
		listen, listen6 = listen6, listen
	}
	b.WriteString(bindControls(s, o))
	fmt.Fprintf(&b, `options {
	directory %q;
	key-directory %q;
	managed-keys-directory %q;
	pid-file none;
	session-keyfile none;
	server-id %q;
	listen-on port %d %s;
	listen-on-v6 port %d %s;
	recursion no;
	dnssec-validation no;
	empty-zones-enable no;
	minimal-responses no;
	notify-delay 0;
`, s.dir, s.dir, s.dir, s.id, s.Addr.Port(), listen, s.Addr.Port(), listen6)
	b.WriteString(bindNotify(o))
	if o.AnyNames {
		b.WriteString("\tcheck-names primary ignore;\n")
	}
	b.WriteString("};\n")
	b.WriteString(bindViews(o.Views))
	for i, z := range s.zones {
		fmt.Fprintf(&b, "zone %q { type primary; file %q; allow-update { %s }; allow-transfer { %s };",
			z, zoneFile(i), bindACL(o, o.NoUpdate), bindACL(o, o.NoTransfer))
		if o.Signed {
			b.WriteString(" dnssec-policy default;")
		}
		b.WriteString(" };\n")
	}
	return b.String()
}

// bindControls opens the control channel to Key, on a port of its own.
func bindControls(s *Server, o BINDOptions) string {
	if !o.Control {
		return "controls { };\n"
	}
	return fmt.Sprintf("controls { inet %v port %d allow { %v; } keys { %q; }; };\n",
		s.rndc.Addr(), s.rndc.Port(), s.rndc.Addr(), o.Key.Name)
}

func bindViews(views []BINDView) string {
	var b strings.Builder
	for i, v := range views {
		fmt.Fprintf(&b, "key %q { algorithm %s; secret %q; };\n", v.Key.Name, v.Key.Algorithm, v.Key.Secret)
		fmt.Fprintf(&b, "view \"view%d\" { match-clients { key %q; };\n", i, v.Key.Name)
		for _, z := range slices.Sorted(maps.Keys(v.Zones)) {
			fmt.Fprintf(&b, "\tzone %q { type primary; file %q; allow-update { key %q; }; allow-transfer { key %q; }; };\n",
				z, viewFile(i, z), v.Key.Name, v.Key.Name)
		}
		b.WriteString("};\n")
	}
	return b.String()
}

func bindACL(o BINDOptions, none bool) string {
	switch {
	case none:
		return "none;"
	case o.Open:
		return "127.0.0.0/8; ::1;"
	}
	return fmt.Sprintf("key %q;", o.Key.Name)
}

func bindNotify(o BINDOptions) string {
	if len(o.Notify) == 0 {
		return "\tnotify no;\n"
	}
	var b strings.Builder
	b.WriteString("\tnotify explicit;\n\talso-notify {")
	for _, a := range o.Notify {
		fmt.Fprintf(&b, " %s key %q;", hostPort(a, " port "), o.Key.Name)
	}
	b.WriteString(" };\n")
	return b.String()
}
