package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/report"
)

// unitFiles are templates of systemd's units, and what those of services share.
//
//go:embed units
var unitFiles embed.FS

// unitNames are the units, in the order in which they are printed.
func unitNames() []string {
	return []string{"dnsplan-recover.service", "dnsplan-recover.timer", "dnsplan-drift.service", "dnsplan-drift.timer"}
}

// unitValues are what the templates are filled with.
type unitValues struct {
	// Recover and Drift are command lines, Folder that of the inventory, State the
	// state folder, which may be missing; all paths are absolute and quoted.
	Recover, Drift, Folder, State string
	// User is who runs them; empty is root.
	User string
	// Home says that one of the paths is in a home folder.
	Home bool
}

func newSystemd(a *app) *cobra.Command {
	var dir, user string
	c := &cobra.Command{
		Use:   "systemd",
		Short: "Print units that recover and look for drift, from timers",
		Long: `Prints units for systemd, with the paths of this program, the inventory and the
state folder filled in:

dnsplan-recover.timer runs dnsplan recover --windows a minute after each boot,
and every minute: it closes issuance windows that a crash or a reboot has left
open. dnsplan-drift.timer runs dnsplan drift every hour.

Secrets that are in the environment belong into /etc/dnsplan/environment, as
lines of NAME=value. The services may write the state folder, which has to be
there, and nothing else.`,
		Example: `  dnsplan systemd
  dnsplan systemd --dir /etc/systemd/system --user dnsplan
  systemctl daemon-reload
  systemctl enable --now dnsplan-recover.timer dnsplan-drift.timer`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runSystemd(a, c, dir, user) },
	}
	c.Flags().StringVar(&dir, "dir", "", "write them into this `folder`")
	c.Flags().StringVar(&user, "user", "", "who runs them (default root)")
	return c
}

func runSystemd(a *app, c *cobra.Command, dir, user string) error {
	s, err := a.common(c)
	if err != nil {
		return err
	}
	values, err := a.unitValues(s, user)
	if err != nil {
		return fmt.Errorf("units for systemd: %w", err)
	}
	t, err := template.ParseFS(unitFiles, "units/*")
	if err != nil {
		return fmt.Errorf("units for systemd: %w", err)
	}
	for i, name := range unitNames() {
		var text strings.Builder
		if err := t.ExecuteTemplate(&text, name, values); err != nil {
			return fmt.Errorf("unit %s: %w", name, err)
		}
		if dir != "" {
			err = writeUnit(filepath.Join(dir, name), text.String())
		} else {
			_, err = fmt.Fprintf(a.stdout, "%s# %s\n%s", strings.Repeat("\n", min(i, 1)), name, text.String())
		}
		if err != nil {
			return fmt.Errorf("unit %s: %w", name, err)
		}
	}
	if _, err := os.Stat(s.StateDir); errors.Is(err, fs.ErrNotExist) {
		a.tell(fmt.Sprintf("dnsplan: warning: the state folder %s is not there yet, and the services cannot make it:\n%s", s.StateDir, report.Paste("mkdir -m 700 "+config.Quoted(s.StateDir))))
	}
	if dir != "" {
		a.tell(fmt.Sprintf("dnsplan: wrote %s to %s; now:\n%s", count(len(unitNames()), "unit"), dir,
			report.Paste("systemctl daemon-reload && systemctl enable --now dnsplan-recover.timer dnsplan-drift.timer")))
	}
	return nil
}

// writeUnit writes a unit whole, or not at all.
func writeUnit(path, text string) error {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return err // and not of a file beside the one that is meant
	}
	return renameio.WriteFile(path, []byte(text), 0o644)
}

// unitValues fills in where things are.
func (a *app) unitValues(s config.Settings, user string) (v unitValues, err error) {
	if a.executable == nil {
		return v, errors.New("the path of this program is not known")
	}
	program, err := a.executable()
	if err != nil {
		return v, err
	}
	inventory, err := filepath.Abs(s.Inventory)
	if err != nil {
		return v, err
	}
	if _, err := os.Stat(inventory); errors.Is(err, fs.ErrNotExist) {
		return v, fmt.Errorf("inventory %s: %w", s.Inventory, config.ErrNoInventory)
	}
	state, err := filepath.Abs(s.StateDir)
	if err != nil {
		return v, err
	}
	if user != "" && !isUser(user) {
		return v, fmt.Errorf("--user %q: not a name or a number that systemd takes for a user", user)
	}
	for _, path := range []string{program, inventory, state} {
		if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' }) {
			return v, fmt.Errorf("%q: a unit cannot hold it", path)
		}
		v.Home = v.Home || strings.HasPrefix(path, "/home/") || strings.HasPrefix(path, "/root/")
	}
	line := func(command string) string {
		return strings.Join([]string{unitWord(program), command, "--inventory", unitWord(inventory), "--state-dir", unitWord(state)}, " ")
	}
	v.Recover, v.Drift, v.User = line("recover --windows"), line("drift"), user
	v.Folder, v.State = unitPath(filepath.Dir(inventory)), quotedWord(unitPath("-"+state))
	return v, nil
}

// isUser tells whether systemd takes a word for a user's name, or number (systemd.io,
// USER_NAMES: its relaxed rules).
func isUser(word string) bool {
	return !strings.HasPrefix(word, "-") && !strings.ContainsFunc(word, func(r rune) bool {
		return r <= ' ' || r == ':' || r == '/' || r == '%' || r == 0x7f
	})
}

// unitPath is a path as a unit has it: "%" is for specifiers (systemd.unit(5)).
func unitPath(path string) string { return strings.ReplaceAll(path, "%", "%%") }

// unitWord is a word of a command line of a unit, where "$" is for variables
// (systemd.service(5)).
func unitWord(word string) string { return quotedWord(strings.ReplaceAll(unitPath(word), "$", "$$")) }

// quotedWord quotes a word where it has to be (systemd.syntax(7)).
func quotedWord(word string) string {
	if !strings.ContainsAny(word, " \t\"'\\;") {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}
