package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// stuck is an issuance window that does not close, because its provider does not do
// what it is asked: that is tried for half an hour and more, in which the proxy is off,
// so that people are told of it soon, once, and of its end. The zero value tells nobody.
type stuck struct {
	// tell sends a message.
	tell func(text string)
	// since is when the window began to close; zero where it does not.
	since time.Time
	told  bool
	// last is what was last tried in vain, and why.
	last    string
	telling sync.WaitGroup
}

// closes takes in an event.
func (f *follower) closes(e journal.Event) {
	if f.plan.Window == nil {
		return
	}
	s := &f.stuck
	switch {
	case e.Kind == journal.Start && (e.Undo || f.turnsOn(e.Step)):
		if s.since.IsZero() {
			s.since = e.At
		}
	case e.Kind == journal.End && s.told:
		if w := execute.Fold(f.plan, f.events).Result().Window; !w.Open() {
			s.send(fmt.Sprintf("dnsplan: the issuance window of %s (run %s) is closed now, and the proxy on", windowNames(w.Names), f.plan.ID))
		}
	}
}

// turnsOn tells whether the step turns the proxy on.
func (f *follower) turnsOn(step string) bool {
	for i := range f.plan.Steps {
		if st := &f.plan.Steps[i]; st.ID == step {
			return st.Kind == plan.StepProxyOn
		}
	}
	return false
}

// triesOn takes in what a step is doing.
func (f *follower) triesOn(p execute.Progress) {
	s := &f.stuck
	if p.Then == execute.TriesAgain {
		s.last = strings.TrimPrefix(p.Doing, "trying again: ")
	}
	if s.told || s.since.IsZero() || p.Then != execute.TriesAgain || f.clock.Now().Before(s.since.Add(windowLate)) {
		return
	}
	s.told = true
	s.send(fmt.Sprintf("dnsplan: the issuance window of %s (run %s) does not close, and the proxy is off: it is tried on\n%s",
		windowNames(f.plan.Window.Names), f.plan.ID, s.last))
}

// why is what was last tried in vain, in brackets; empty where nothing was.
func (s *stuck) why() string {
	if s.last == "" {
		return ""
	}
	return " (" + s.last + ")"
}

// send tells people beside what goes on.
func (s *stuck) send(text string) {
	if s.tell != nil {
		s.telling.Go(func() { s.tell(text) })
	}
}
