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

	mu   sync.Mutex
	view *report.Progress
}

// line tells something. That standard error cannot be written stops nothing.
func (n *notices) line(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	text = "dnsplan: " + text
	if n.view != nil {
		_ = n.view.Note(n.w, text)
		return
	}
	_ = report.Note(n.w, text)
}

// through lets the view tell from now on.
func (n *notices) through(view *report.Progress) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.view = view
}
