package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// The units name this program, the inventory and the state folder, with whatever a
// path has in it; systemd itself finds nothing wrong with them.
func TestSystemd(t *testing.T) {
	p := newProgram(t, "")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(p.dir, `it's 100% "odd" $HOME`)
	units := filepath.Join(p.dir, "units")
	for _, dir := range []string{units, odd} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c := p.prepared("systemd", "--dir", units, "--state-dir", odd)
	said, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "wrote 4 units to "+units) {
		t.Fatalf("%v: %s", err, said)
	}
	recovers := p.read("units/dnsplan-recover.service")
	for _, want := range []string{
		"\nExecStart=" + exe + " recover --windows --inventory " + p.path("inventory.toml") + ` --state-dir "` + p.dir + `/it's 100%% \"odd\" $$HOME"` + "\n",
		"\nReadWritePaths=\"-" + p.dir + `/it's 100%% \"odd\" $HOME"` + "\n", "\nProtectSystem=strict\n",
	} {
		if !strings.Contains(recovers, want) {
			t.Errorf("no %q in\n%s", want, recovers)
		}
	}
	if out, err := p.prepared("systemd").CombinedOutput(); err != nil || !strings.Contains(string(out), " drift --inventory ") || !strings.Contains(string(out), "is not there yet") {
		t.Errorf("%v: %s", err, out)
	}
	for user, said := range map[string]string{"ops team": `--user "ops team": not a name`, "%u": `--user "%u"`, "-x": `--user "-x"`} {
		if out, err := p.prepared("systemd", "--user", user).CombinedOutput(); err == nil || !strings.Contains(string(out), said) {
			t.Errorf("user %q: %v: %s", user, err, out)
		}
	}
	if out, err := p.prepared("systemd", "--dir", p.path("none")).CombinedOutput(); err == nil || !strings.Contains(string(out), p.path("none")+": no such file or directory") {
		t.Errorf("a folder that is not there: %v: %s", err, out)
	}
	analyze := needs.Program(t, "systemd-analyze", "systemd")
	for _, name := range unitNames() {
		out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", filepath.Join(units, name)).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
