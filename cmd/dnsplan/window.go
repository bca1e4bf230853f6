package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// windowOptions are the flags of what opens an issuance window.
type windowOptions struct {
	deadline           time.Duration
	always, force      bool
	allowProtected     bool
	reason, ticket, by string
}

// windowDeadline is how long a window is open at most unless a flag says otherwise:
// five minutes until caches have forgotten the proxy, and time for a client that
// tries more than once.
const windowDeadline = 20 * time.Minute

func (o *windowOptions) addFlags(f *pflag.FlagSet) {
	f.DurationVar(&o.deadline, "deadline", windowDeadline, "how long the proxy may be off; then the window closes")
	f.BoolVar(&o.always, "always", false, "open the window although a token passes through the proxy")
	f.BoolVar(&o.force, "force", false, "open it although no certificate is due, or a check fails")
	f.BoolVar(&o.allowProtected, "allow-protected", false, "open it for names that the inventory protects")
	f.StringVar(&o.reason, "reason", "", "why, for the change log")
	f.StringVar(&o.ticket, "ticket", "", "ticket, for the change log")
	f.StringVar(&o.by, "by", "", "who, for the change log (default: the user)")
}

func newWindow(a *app) *cobra.Command {
	o := &windowOptions{}
	c := &cobra.Command{
		Use:   "window NAME... [flags] -- COMMAND [ARGS...]",
		Short: "Turn the CDN proxy off while a command has a certificate issued",
		Long: `Turns the proxy of the names off, waits until a certificate authority sees the
origin, runs the command, and turns the proxy on again: also when the command
fails or hangs, when this process is killed, and at the deadline.

Nothing is touched when no window is needed: a name is DNS-only already, or a
token passes through the proxy; the command is run all the same (--always opens
the window). Nothing is touched, and nothing run, when the certificates that the
origin serves are not due, when a server answers there and not with the token
that was placed, when a vantage cannot reach the origin, or when CAA or a limit
of the authority stands in the way; --force opens it then. That nothing listens
at the origin yet is a warning: certbot --standalone and lego --http do so
themselves. A protected name needs --allow-protected. While another run has the
window of a name open there is no second one.

Where the inventory says how a token is placed, the origin is asked for one
again before the command: another answer closes the window. What the command was
worth is told by the certificates that the origin serves behind it, also where
no window was needed; one that fails counts as a failed try (R-RATE).

A command that is to end has ten seconds to do so, and is killed then; the proxy
is turned on at once.

Without a terminal certbot renew sleeps for up to eight minutes first; with
--no-random-sleep-on-renew the proxy is not off for that.

A guard process closes the window should this one die or hang, and ends the
process group of the command, as the deadline does: a process that has left the
group (setsid) lives on. A guard that dies is replaced. What is left when both
die, dnsplan recover closes: run it from a timer, as dnsplan systemd prints it.
Any other command does so before it begins, and goes on after 5 seconds, or 45
where it changes records, if it cannot. Where the provider keeps comments, a
record tells by itself: dnsplan recover --scan-zone.

What the command says is passed through, and is alone on standard output; with
--json the events are, and the command's output goes to standard error. Its exit
code is passed on:
  its own     it has ended; 128 and the signal's number where one has ended it
  1           it was ended at the deadline; or not begun, because that came
              first or the origin has another answer than the token
  3           refused before anything was touched, and not run
  4           the proxy could not be turned on again: a person has to look
  130, 143    a signal has ended dnsplan, and the command with it`,
		Example: `  dnsplan window www.example.org -- certbot renew --cert-name www.example.org
  dnsplan window www.example.org -- certbot certonly --standalone \
      -d www.example.org
  dnsplan window www.example.org -- certbot certonly --webroot \
      -w /var/www/html -d www.example.org
  dnsplan window www.example.org --deadline 30m -- lego run --http \
      -d www.example.org`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return runWindow(a, c, o, args) },
	}
	o.addFlags(c.Flags())
	c.AddCommand(counted(newWindowOpen(a)), newWindowClose(a))
	return c
}

func runWindow(a *app, c *cobra.Command, o *windowOptions, args []string) error {
	at := c.ArgsLenAtDash()
	if at < 1 || at == len(args) {
		return &usageError{c.CommandPath(), errors.New("want: dnsplan window NAME... -- COMMAND [ARGS...]")}
	}
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was written is on disk by then
	ctx, stop := hangup(c.Context())
	defer stop()
	w := &issuing{app: a, session: s, options: o, names: args[:at], argv: args[at:]}
	w.command = w.child()
	s.Commander, w.app = w.command, a.beside(s.Settings)
	defer w.command.gone()
	is, err := w.prepare(ctx)
	if err != nil {
		return a.notBegun(ctx, s.Settings, is.Plan, stopped(ctx, err))
	}
	if w.needless(ctx, is) {
		return w.commandAlone(ctx, is)
	}
	return w.run(ctx, is)
}

// beside is the same outside for what dnsplan itself says beside a command whose
// output is passed through: on standard error, unless machines read it.
func (a *app) beside(s config.Settings) *app {
	out := *a
	if !s.JSON {
		out.stdout = a.stderr
	}
	return &out
}

// issuing is one issuance window of this process.
type issuing struct {
	*app
	session *config.Session
	options *windowOptions
	names   []string
	// argv is the command; none where a hook opens the window.
	argv []string
	// command runs argv; nil where there is none.
	command *child
	guard   *guardian
}

// badWindow is what is wrong with a command line, all at once.
type badWindow struct{ lines []string }

func (e *badWindow) Error() string {
	return "no issuance window, nothing was changed:\n  " + strings.Join(e.lines, "\n  ")
}

// markedError is about a window that another machine has open, or has left so.
type markedError struct {
	zone string
	err  error
}

func (e *markedError) Error() string { return e.err.Error() }
func (e *markedError) Unwrap() error { return e.err }

// place says in a hint which zone it is.
func (e *markedError) place(hint string) string { return strings.ReplaceAll(hint, "ZONE", e.zone) }

// prepare plans the window, and refuses what must not be opened. Nothing is
// written.
func (w *issuing) prepare(ctx context.Context) (config.Issuance, error) {
	names, bad := w.readNames(ctx)
	command := ""
	if len(w.argv) > 0 {
		command = filepath.Base(w.argv[0])
		if _, err := exec.LookPath(w.argv[0]); err != nil {
			bad = append(bad, fmt.Sprintf("%s: the command cannot be run: %v", w.argv[0], errors.Unwrap(err)))
		}
	}
	late := w.badDeadline()
	if late != "" {
		bad = append(bad, late)
	}
	by := w.options.by
	if by == "" {
		by = w.user()
	}
	req := config.WindowRequest{
		Names: names, Deadline: w.options.deadline, Command: command, Hook: command == "", Always: w.options.always, AllowProtected: w.options.allowProtected,
		Unasked: w.options.force,
		Reason:  w.options.reason, Ticket: w.options.ticket, By: by, Now: w.clock.Now(), Entropy: w.entropy,
	}
	if held := w.heldOpen(names); len(held) > 0 && len(bad) == 0 {
		return config.Issuance{}, &coded{exitRefused, &badWindow{held}}
	}
	if len(names) == 0 || late != "" {
		return config.Issuance{}, &badWindow{bad}
	}
	is, err := w.session.Window(ctx, req)
	unfit, ok := errors.AsType[*plan.WindowError](err)
	if err != nil && !ok {
		return is, err
	}
	input := len(bad) > 0
	if ok {
		for _, p := range unfit.Problems {
			bad = append(bad, p.Name.Display()+": "+p.Reason)
		}
	}
	switch {
	case input:
		return is, &badWindow{bad}
	case ok:
		return is, &coded{exitRefused, marked(unfit, &badWindow{bad})}
	}
	return is, w.judge(ctx, is)
}

// marked tells err of the zone where somebody else has the window of a name open.
func marked(unfit *plan.WindowError, err error) error {
	for _, p := range unfit.Problems {
		if p.Marked != "" {
			return &markedError{p.Marked.Display(), err}
		}
	}
	return err
}

// stopped is what ended the context, where that is what err comes of.
func stopped(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// readNames are those names that could be in a window, and what is wrong with the
// others.
func (w *issuing) readNames(ctx context.Context) (names []zone.Name, bad []string) {
	for _, text := range w.names {
		n, err := zone.ParseName(text)
		switch what := insteadOfName(text); {
		case what != "":
			bad = append(bad, fmt.Sprintf("%s: it is %s, and a window is for an owner name of the inventory", text, what))
		case err != nil:
			bad = append(bad, err.Error())
		case n.IsWildcard():
			bad = append(bad, n.Display()+": HTTP-01 cannot validate a wildcard: it needs DNS-01 (RFC 8555, section 8.3)")
		case !w.session.HasRecord(n):
			bad = append(bad, w.noRecord(ctx, n))
		case !slices.Contains(names, n):
			names = append(names, n)
		}
	}
	return names, bad
}

// noRecord says that a name is in no record, and what may be meant.
func (w *issuing) noRecord(ctx context.Context, n zone.Name) string {
	text := n.Display() + ": it is in no record of the inventory"
	if target := w.session.AliasOf(ctx, n); target != "" {
		return text + ": " + plan.OfAlias(target)
	}
	if near := w.session.Near(n); near != "" {
		text += fmt.Sprintf(", did you mean %q?", near)
	}
	return text
}

// needless tells whether the command can have its certificate without a window, and
// says why.
func (w *issuing) needless(ctx context.Context, is config.Issuance) bool {
	if is.Plan.Empty() {
		for _, warning := range is.Plan.Warnings {
			if warning.Code == plan.MarkedOpen {
				w.notices.line(fmt.Sprintf("warning: %s: %s", warning.Name, warning.Message))
			}
		}
		w.notices.line("no name is proxied: nothing is turned off")
		return true
	}
	if w.options.always {
		return false
	}
	var through []string
	for _, o := range is.Origins {
		if !o.Proxied {
			continue
		}
		p := w.session.TokenThrough(ctx, o, w.clock.Now)
		switch {
		case p.Passes:
			through = append(through, p.Name.Display())
		case !p.Known:
			w.notices.line(fmt.Sprintf("warning: whether a token passes through the proxy of %s cannot be told from here: %s", p.Name.Display(), p.Why))
			return false
		default:
			return false
		}
	}
	w.notices.line(fmt.Sprintf("a token passes through the proxy of %s: no window is needed (--always opens one)", strings.Join(through, ", ")))
	return true
}
