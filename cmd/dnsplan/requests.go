package main

import (
	"io"
	"sync"

	"github.com/dnsplan/dnsplan/plan/report"
)

// requestLog is where -v tells of each request to a provider: on standard error,
// and through the view that draws there while a run goes on. It is safe for
// concurrent use.
type requestLog struct {
	w io.Writer

	mu   sync.Mutex
	view *report.Progress
}

// line tells of one request. That standard error cannot be written stops
// nothing.
func (l *requestLog) line(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text = "dnsplan: " + text
	if l.view != nil {
		_ = l.view.Note(l.w, text)
		return
	}
	_ = report.Note(l.w, text)
}

// through lets the view tell from now on.
func (l *requestLog) through(view *report.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.view = view
}
