package report

import (
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// Window is how the issuance window of a run stands.
type Window struct {
	Names []zone.Name `json:"names"`
	Hook  bool        `json:"hook"`
	// Open says that a proxy is off, or may be.
	Open bool `json:"open"`
	// The times are those of execute.WindowResult.
	Opened   time.Time `json:"opened,omitzero"`
	Ready    time.Time `json:"ready,omitzero"`
	Deadline time.Time `json:"deadline,omitzero"`
	Closed   time.Time `json:"closed,omitzero"`
	// Expired says that its deadline has closed a hook's window.
	Expired bool `json:"expired,omitempty"`
	// Early says that someone else has turned the proxy on before the window closed, and
	// Handed that it stays off because another window has it open.
	Early  bool `json:"early,omitempty"`
	Handed bool `json:"handed,omitempty"`
	// Command is what is known of the command; nil where it was not begun.
	Command *WindowCommand `json:"command,omitempty"`
	// Issued is whether the addresses behind the proxy serve another certificate than
	// before, by which an issuance is judged; empty where they were not asked.
	Issued       execute.Issued              `json:"issued,omitempty"`
	Certificates []execute.CertificateResult `json:"certificates,omitempty"`
}

// WindowCommand is what is known of the command of an issuance window.
type WindowCommand struct {
	// Name is that of the program; its arguments are not kept.
	Name  string    `json:"name"`
	Begun time.Time `json:"started"`
	Ended time.Time `json:"ended,omitzero"`
	// ExitCode is nil where the command did not end by itself, or has not yet.
	ExitCode *int `json:"exit_code,omitempty"`
	// Orphaned says that the process which ran it has died, and that nobody knows
	// whether it has ended.
	Orphaned bool `json:"orphaned,omitempty"`
}

// WithoutWindow is what came of the window of a plan that turns nothing off: of its
// command and the certificates.
func WithoutWindow(p *plan.Plan, r execute.WindowResult) *Window {
	r.Names = p.Window.Names
	return windowOf(p, &r)
}

// windowOf is the window of a run of p; nil where it has none.
func windowOf(p *plan.Plan, r *execute.WindowResult) *Window {
	if p.Window == nil || r == nil {
		return nil
	}
	w := &Window{
		Names: r.Names, Hook: p.Window.Hook, Open: r.Open(),
		Opened: r.Opened, Ready: r.Ready, Deadline: r.Deadline, Closed: r.Closed, Expired: r.Expired, Early: r.Early, Handed: r.Handed,
	}
	if w.Certificates = r.Certificates; len(w.Certificates) > 0 {
		w.Issued = r.Issued()
	}
	if c := r.Command; c != nil {
		w.Command = &WindowCommand{Name: p.Window.Command, Begun: c.Begun, Ended: c.Ended, Orphaned: c.Orphaned}
		if !c.Ended.IsZero() {
			w.Command.ExitCode = &c.Code
		}
	}
	return w
}

// closedAs is how a window that is closed has left a change.
func closedAs(c execute.ChangeResult) *plan.State {
	if c.Handed {
		return c.Change.After
	}
	return c.Change.Before
}

// mark is that of a run that is done: the window is closed, and where its command has
// failed, or nothing was issued, that is what people have to see. A nil window is none.
func (w *Window) mark(done mark) mark {
	switch {
	case w.expired() != "":
		end := stepMark(StepWarning)
		end.word = done.word + ", " + w.expired()
		return end
	case w.failure() != "":
		failed := runMark(RunFailed)
		failed.word = done.word + ", but " + w.Command.Name + " failed"
		return failed
	case w != nil && w.Early:
		end := stepMark(StepWarning)
		end.word = done.word + ", but the proxy was on before"
		return end
	case w.unrenewed() != "":
		same := issuedMark(w.Issued)
		same.word = done.word + ", but " + w.unrenewed()
		return same
	}
	return done
}

// late is how long behind its deadline a window is closed at most that is closed at it.
const late = time.Minute

// expired says that its deadline has closed the window of a hook; empty where it has
// not.
func (w *Window) expired() string {
	switch {
	case w == nil || !w.Expired:
		return ""
	case w.Closed.After(w.Deadline.Add(late)):
		return "closed late"
	}
	return "closed at its deadline"
}

// failure says how the command has failed; empty where it has not.
func (w *Window) failure() string {
	if w == nil || w.Command == nil || w.Command.ExitCode == nil || *w.Command.ExitCode == 0 {
		return ""
	}
	return w.Command.Name + " failed with exit code " + number(*w.Command.ExitCode)
}

// mark is the run's state.
func (r Run) mark() mark {
	if r.State == RunDone {
		return r.Window.mark(runMark(r.State))
	}
	return runMark(r.State)
}

// namesText names some names: "www.example.org, api.example.org and 3 more".
func namesText(names []zone.Name) string {
	const most = 3
	var out []string
	for _, n := range names[:min(len(names), most)] {
		out = append(out, n.Display())
	}
	text := strings.Join(out, ", ")
	if more := len(names) - most; more > 0 {
		text += " and " + number(more) + " more"
	}
	return text
}

// proxyText says for how long the proxy was, or is, off in a run of that state.
func (w *Window) proxyText(s RunState, o Options) string {
	since := "the proxy is off since " + keep(o.clock(w.Opened))
	switch {
	case w.Opened.IsZero():
		return "the proxy was not turned off"
	case !w.Closed.IsZero() && w.Handed:
		return "the proxy is off since " + keep(o.clock(w.Opened)) + ", and stays so: another window has it open, and closes it"
	case !w.Closed.IsZero() && w.Early:
		return "the proxy was turned off at " + keep(o.clock(w.Opened)) + ", and someone else had turned it on before " + keep(o.clock(w.Closed)) + ", so that what was to be done meanwhile may have gone through the proxy"
	case !w.Closed.IsZero():
		return "the proxy was off for " + keep(duration(w.Closed.Sub(w.Opened))) + ", from " + keep(o.clock(w.Opened)) + " to " + keep(o.clock(w.Closed))
	case s == RunInterrupted:
		return since + ", its deadline is " + keep(o.clock(w.Deadline)) + ", and it is not on again yet"
	case s == RunHolding:
		return since + ", and could not be turned on again yet"
	case s == RunFailed || s == RunCancelled:
		return since + ", and is not on again everywhere"
	}
	return since + ", until " + keep(o.clock(w.Deadline)) + " at the latest"
}

// commandText says what became of the command; empty where it was not begun and
// nothing was to begin it, and where it may be begun yet.
func (w *Window) commandText(s RunState, o Options) string {
	over := s == RunDone || s == RunFailed || s == RunCancelled
	switch c := w.Command; {
	case c == nil && (w.Hook || w.Opened.IsZero() || !over):
		return ""
	case c == nil:
		return "the command was not run"
	case c.ExitCode == nil && w.Open:
		return c.Name + " was begun at " + keep(o.clock(c.Begun))
	case c.Orphaned:
		return c.Name + " was begun, and may still run: the process that ran it has died"
	case c.ExitCode == nil:
		return c.Name + " was begun, and stopped"
	default:
		return c.Name + " ended with exit code " + number(*c.ExitCode) + " after " + keep(duration(c.Ended.Sub(c.Begun)))
	}
}

// text is all of it in one sentence: "the proxy was off for 2m, from ... to ...;
// certbot ended with exit code 0 after 31s; a new certificate is served".
func (w *Window) text(s RunState, o Options) string {
	out := w.proxyText(s, o)
	if c := w.commandText(s, o); c != "" {
		out += "; " + c
	}
	if c := w.issuedText(); c != "" {
		out += "; " + c
	}
	return out
}

// next says what a person can do about a run of an issuance window: all there is
// to do is to close it.
func (w *Window) next(s RunState, id string) []Command {
	resume := Command{program + "resume " + id, "close the window: turn the proxy on again"}
	verify := Command{program + "verify", "see what every server answers now"}
	if !w.Open && !w.Closed.IsZero() {
		resume.Does = "write down its end: the window is closed, and the proxy on"
	}
	switch s {
	case RunRunning:
		return []Command{{program + "cancel " + id, "close the window now"}}
	case RunOpen, RunInterrupted:
		return []Command{resume}
	case RunHolding:
		resume.Does = "turn the proxy on again, when the cause is gone"
		return []Command{resume}
	case RunFailed, RunCancelled:
		if w.Open {
			return w.left(id)
		}
		return []Command{verify}
	}
	return nil
}

// left says what a person can do about a window that was left open, because someone
// else has set a record in it: nothing turns the proxy on over that but a person.
func (w *Window) left(id string) []Command {
	look := []string{program + "check"}
	for _, n := range w.Names {
		look = append(look, n.Display())
	}
	look = append(look, "--only X-BACK")
	return []Command{
		{strings.Join(look, " "), "see what was changed, and what to set by hand at the provider"},
		{program + "rollback " + id, "turn the proxy on, once the addresses are again what they were"},
	}
}

// windowOpens says what the plan of an issuance window does.
func (p *page) windowOpens(pl *plan.Plan) {
	w := pl.Window
	text := "dnsplan will turn the proxy of " + namesText(w.Names) + " off, "
	if w.Hook {
		text += "wait until it is told to close the window"
	} else {
		text += "run " + w.Command
	}
	p.row(0, "", in(bold, text+", and turn it on again."))
	p.row(2, "", in(dim, "Issuance window "+pl.ID+", made "+keep(p.o.clock(pl.Created)+p.age(pl.Created))+
		"; it closes "+keep(duration(time.Duration(w.Deadline)*time.Second))+" after it was opened at the latest"))
}
