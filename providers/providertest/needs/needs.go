// Package needs is for tests that need something of the machine which is not
// there everywhere. They are skipped where it is missing, or fail where the
// environment variable DNSPLAN_REQUIRE_SERVERS is 1, as it is in the gate:
//
//	named := needs.Program(t, "named", "bind9")
package needs

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"testing"
)

// Required tells whether a test that misses something fails.
func Required() bool { return os.Getenv("DNSPLAN_REQUIRE_SERVERS") == "1" }

// Program returns a program's path. It looks beyond PATH into the folders of the
// system's programs, which users often do not have there.
func Program(t testing.TB, program, debianPackage string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/", "/usr/local/sbin/"} {
		if path, err := exec.LookPath(dir + program); err == nil {
			return path
		}
	}
	Missing(t, program, debianPackage)
	return ""
}

// Missing ends a test that needs what of a Debian package.
func Missing(t testing.TB, what, debianPackage string) {
	t.Helper()
	Unmet(t, "%s is not installed: apt-get install %s", what, debianPackage)
}

// Address ends a test that needs a loopback address which the machine has not.
// Linux has all of 127.0.0.0/8; that a container has no IPv6 fails nothing.
func Address(t testing.TB, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
	switch {
	case err == nil:
		l.Close()
	case netip.MustParseAddr(addr).Is6():
		t.Skipf("this machine has no address %s: %v", addr, err)
	default:
		Unmet(t, "this machine has no address %s: %v", addr, err)
	}
}

// Unmet ends a test that cannot be run here, for the reason given.
func Unmet(t testing.TB, format string, args ...any) {
	t.Helper()
	if Required() {
		t.Fatalf(format+" (DNSPLAN_REQUIRE_SERVERS is 1)", args...)
	}
	t.Skipf(format, args...)
}
