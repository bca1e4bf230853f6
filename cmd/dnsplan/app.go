package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/probe"
	"github.com/dnsplan/dnsplan/plan/report"
)

// app is the program's outside: arguments, streams, environment, clock. Every
// command gets all it knows of the world from here.
type app struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	env            config.Env
	// environ is the whole environment, as os.Environ returns it.
	environ []string
	clock   execute.Clock
	entropy io.Reader
	// router knows this machine's routes; nil is not asked.
	router execute.Router
	// terminal tells whether a stream is a terminal, and how wide it is.
	terminal func(stream any) (width int, ok bool)
	// account is the system's name for who runs this; nil where that is not
	// to be asked.
	account func() string
	// executable is the path of this program, for the guard of an issuance window;
	// nil where there is to be none.
	executable func() (string, error)
	// notices takes what is told beside a command's output; nil before run.
	notices *notices
	// notify tells people elsewhere; nil before a session is opened.
	notify notifier
}

// system is the real outside.
func system() *app {
	return &app{
		args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		env: os.LookupEnv, environ: os.Environ(), clock: embedded.MachineClock(), entropy: rand.Reader, terminal: terminalWidth,
		account: account, router: probe.New(probe.Options{}),
		executable: os.Executable,
	}
}

// account is the user's name as the system knows it, or "uid 1000" where it has
// none for the number.
func account() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

func terminalWidth(stream any) (int, bool) {
	f, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, a *app) int {
	c, err := a.execute(ctx)
	return a.exit(ctx, err, a.typed(c))
}

// execute runs the command that the arguments name. It returns that, and the error
// that exit tells of.
func (a *app) execute(ctx context.Context) (*cobra.Command, error) {
	a.notices = &notices{w: a.stderr, o: a.remarks()}
	root := newRoot(a)
	root.SetArgs(a.args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	return root.ExecuteContextC(ctx)
}

// options are how a stream is written to.
func (a *app) options(stream io.Writer, s config.Settings) report.Options {
	o := report.Options{
		Now: a.clock.Now(), Location: time.Local, Width: a.width(stream), Color: a.color(stream, s),
		Command: s.Command,
	}
	_, o.Fold = a.terminal(stream)
	o.ASCII = !a.utf8()
	return o
}

// remarks are how what is said beside a command's output is written.
func (a *app) remarks() report.Options {
	_, terminal := a.terminal(a.stderr)
	return report.Options{Width: a.width(a.stderr), Fold: terminal}
}

// maxWidth keeps lines readable on very wide terminals.
const maxWidth = 120

// width is the terminal's, or that of COLUMNS, or 0 for the default.
func (a *app) width(stream io.Writer) int {
	if w, ok := a.terminal(stream); ok {
		return min(w, maxWidth)
	}
	if text, ok := a.env("COLUMNS"); ok {
		if n, err := strconv.Atoi(text); err == nil {
			return min(n, maxWidth)
		}
	}
	return 0
}

// color follows https://no-color.org and the CLICOLOR convention; a flag wins.
func (a *app) color(stream io.Writer, s config.Settings) bool {
	set := func(name string) bool { v, ok := a.env(name); return ok && v != "" }
	force, _ := a.env("CLICOLOR_FORCE")
	_, terminal := a.terminal(stream)
	dumb, _ := a.env("TERM")
	switch {
	case s.NoColor, set("NO_COLOR"):
		return false
	case force != "" && force != "0":
		return true
	}
	return terminal && dumb != "dumb"
}

// utf8 tells whether the locale can show more than ASCII (POSIX: LC_ALL, then
// LC_CTYPE, then LANG). Without any of them it is assumed.
func (a *app) utf8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v, ok := a.env(name); ok && v != "" {
			v = strings.ToUpper(v)
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return true
}
