// Package report is every rendering of dnsplan: text for people, JSON for
// machines and Markdown for a pull request. It writes to an io.Writer and gets
// the time, the width and whether to colour as options; it asks no clock, no
// terminal and no disk.
//
//	o := report.Options{Now: now, Width: 80, Color: true}
//	err := report.PlanText(os.Stdout, p, o)       // ends in "Plan: 0 to create, ..."
//	err = report.PlanMarkdown(body, p, o)         // a comment for a pull request
//	run := report.NewRun(p, events, alive)
//	err = report.RunText(os.Stdout, run, o)       // what `dnsplan show RUN` prints
//
// What apply does is followed by a Progress, made for a terminal, a pipe or a
// machine:
//
//	view := report.NewPlain(os.Stderr, o)
//	view.Begin(p, id)
//	view.Event(event)                             // each event of the journal
//	view.Tick(now)                                // each second
//	err := view.End(result)
//
// A state is always a sign and a word, never a colour alone. Text from outside
// (comments, reasons, errors of providers) never reaches a terminal with its
// control characters. No line has blanks at its end, and none is wider than
// Options.Width, except what is to be pasted, and, unless Options.Fold is set,
// remarks and the lines of NewPlain, which is one line an event.
package report

// FormatVersion is the version of the JSON forms of this package. Members may
// be added without raising it.
const FormatVersion = 1
