package main

import (
	"io"
	"sync"

	"github.com/dnsplan/dnsplan/plan/report"
)

// notices is where it is told what takes long and, with -v, of each request to a
// provider: on standard error, and through the view that draws there while a run
// goes on. It is safe for concurrent use.
type notices struct {
	w io.Writer
	// o say how wide it is, and whether it is a terminal.
	o report.Options

	mu   sync.Mutex
	view *report.Progress
}

// line tells something behind the program's name.
func (n *notices) line(text string) { n.say("dnsplan: " + text) }

// say tells something. That standard error cannot be written stops nothing.
func (n *notices) say(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.view != nil {
		_ = n.view.Note(n.w, text, n.o)
		return
	}
	_ = report.Note(n.w, text, n.o)
}

// tell says one or more lines on standard error, which may hold what servers have
// said. Nothing can be said about one that is closed.
func (a *app) tell(text string) { _, _ = io.WriteString(a.stderr, report.Lines(text, a.remarks())) }

// through lets the view tell from now on.
func (n *notices) through(view *report.Progress) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.view = view
}
