package main

import (
	"context"
	"slices"
	"sync"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// holding is what people have been told of a run that waits for one of them in a
// zone, and goes on in others, for days perhaps: they are told at once, and once. The
// zero value tells nobody.
type holding struct {
	// tell readies a message, which the returned function sends.
	tell func(execute.Result) (send func())
	// due says that a zone holds of which nobody was told yet.
	due bool
	// told are the failures that people know of.
	told    []execute.ZoneFailure
	telling sync.WaitGroup
}

// holds takes in an event. What all zones of a step have come to stands in several:
// that others go on is known once a step is begun, or waits.
func (f *follower) holds(e journal.Event) {
	switch e.Kind {
	case journal.Hold:
		f.holding.due = len(f.holding.told) == 0
	case journal.Start, journal.Wait:
		f.goesOn()
	}
}

// goesOn tells of a hold, since the run does not end with it.
func (f *follower) goesOn() {
	h := &f.holding
	if !h.due || h.tell == nil {
		return
	}
	r := execute.Fold(f.plan, f.events).Result()
	h.due, h.told = false, r.Failures
	h.telling.Go(h.tell(r)) // it may take seconds, in which the run goes on
}

// knows tells whether people were told already of all that r holds for. It waits
// until they were.
func (h *holding) knows(r execute.Result) bool {
	h.telling.Wait()
	return r.Outcome == execute.OutcomeHeld && slices.Equal(h.told, r.Failures)
}

// teller tells of a run that holds in a part of it.
func (a *app) teller(ctx context.Context, s config.Settings, f *follower) func(execute.Result) func() {
	return func(r execute.Result) func() {
		summary := a.summary(s, f, r, nil)
		return func() { a.tellOfRun(ctx, f.plan, summary) }
	}
}
