package report

import (
	"io"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// Recovery is what has become of one run that had not ended.
type Recovery struct {
	Run string `json:"run"`
	// State is how it stands now.
	State RunState `json:"state"`
	// Resumed says that it was taken on; one that waits for a person, is damaged,
	// or is worked on by another process is not.
	Resumed  bool `json:"resumed"`
	ExitCode int  `json:"exit_code"`
	// Error is why it could not be taken on.
	Error string `json:"error,omitempty"`
	// ByHand is what can be done about one that is damaged.
	ByHand []ByHand `json:"by_hand,omitempty"`
	// Folder is where one that is damaged lies.
	Folder string `json:"folder,omitempty"`
	// Window is how the issuance window stands of a run that was taken on; nil in
	// other runs.
	Window *Window `json:"window,omitempty"`
	// Left says that the run has ended, and left its issuance window open.
	Left bool `json:"left_open,omitempty"`
	// Findings say what of that is open, and what to do.
	Findings []acme.Finding `json:"findings,omitempty"`
	Next     []Command      `json:"next"`
}

// RunStateOf is the state of a run with the outcome.
func RunStateOf(o execute.Outcome) RunState {
	return map[execute.Outcome]RunState{
		execute.OutcomeDone: RunDone, execute.OutcomeFailed: RunFailed, execute.OutcomeHeld: RunHolding,
		execute.OutcomeCancelled: RunCancelled, execute.OutcomeInterrupted: RunInterrupted, execute.OutcomeRunning: RunInterrupted,
		execute.OutcomeOpen: RunOpen,
	}[o]
}

// RecoveryText writes for people what has become of the runs that had not ended, and
// what others have left open.
func RecoveryText(w io.Writer, list []Recovery, o Options) error {
	p := newPage(o)
	if len(list) == 0 {
		p.row(0, "", txt("Nothing to recover: every run has ended."))
		return p.writeTo(w)
	}
	left := slices.DeleteFunc(slices.Clone(list), func(r Recovery) bool { return !r.Left })
	if n := len(list) - len(left); n > 0 {
		p.heading("Had not ended: " + count(n, "run"))
	}
	for _, r := range list {
		if r.Left {
			continue
		}
		m := Run{State: r.State, Window: r.Window}.mark()
		line := []span{in(m.style, m.sign(p.o)+" "), in(bold, r.Run), txt(": "), in(m.style, m.word)}
		switch {
		case r.Resumed:
		case r.State == RunRunning:
			line = append(line, txt(", another process works on it"))
		default:
			line = append(line, txt(", left as it is"))
		}
		p.row(4, "  ", line...)
		if r.Error != "" {
			p.row(6, "      ", in(red, r.Error))
		}
		if r.Folder != "" {
			p.byHand(r.ByHand)
			p.row(4, "  ", txt("When that is done, move its folder away: "+r.Folder))
		}
		p.commands(r.Next)
	}
	p.leftOpen(left)
	return p.writeTo(w)
}

// leftOpen shows the runs that have ended and left their windows open.
func (p *page) leftOpen(list []Recovery) {
	if len(list) > 0 {
		p.heading("Left open: the window of " + count(len(list), "run"))
	}
	for _, r := range list {
		m := runMark(RunFailed)
		p.row(4, "  ", in(m.style, m.sign(p.o)+" "), in(bold, r.Run), txt(": "+r.Window.proxyText(r.State, p.o)))
		if r.Error != "" {
			p.row(6, "      ", in(red, r.Error))
		}
		for _, f := range r.Findings {
			p.finding(f, f.Remedies, false)
		}
		p.commands(r.Next)
	}
}

// RecoveryJSON writes the last line of the machine stream: one object of type
// recover, on one line.
func RecoveryJSON(w io.Writer, list []Recovery, exitCode int) error {
	_, err := w.Write(jsonLine(struct {
		Type          string     `json:"type"`
		FormatVersion int        `json:"format_version"`
		ExitCode      int        `json:"exit_code"`
		Runs          []Recovery `json:"runs"`
	}{"recover", FormatVersion, exitCode, append([]Recovery{}, list...)}))
	return err
}
