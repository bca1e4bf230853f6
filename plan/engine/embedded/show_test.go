package embedded_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// TestShowOfARunThatEnds: a run that ends while it is read is one that a process works
// on, or one that has ended, and never one that nobody works on.
func TestShowOfARunThatEnds(t *testing.T) {
	r := update.build(t)
	reader := r.engine(r.state, nil)
	for i := range 100 {
		p := *r.plan
		p.ID = fmt.Sprintf("RUN%d", i)
		doc, err := plan.Encode(&p)
		if err != nil {
			t.Fatal(err)
		}
		w, err := journal.CreateRun(r.state, p.ID, doc, journal.Event{At: time.Now(), Kind: journal.Begin})
		if err != nil {
			t.Fatal(err)
		}
		var ending sync.WaitGroup
		ending.Go(func() {
			if _, err := w.Append(journal.Event{At: time.Now(), Kind: journal.End}); err != nil {
				t.Error(err)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
		for over := false; !over; {
			run, err := reader.Show(t.Context(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			if over = run.Result.Outcome == execute.OutcomeDone; over == run.Busy {
				t.Fatalf("run %d: over %t, busy %t", i, over, run.Busy)
			}
		}
		ending.Wait()
	}
}
