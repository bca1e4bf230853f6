package embedded_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// turnedOn is what somebody does who turns the proxy on by hand; without says whether
// the markers go too, as when another machine does so.
func (r *rig) turnedOn(without bool) {
	r.w.provider.Edit(org, func(s *zone.Snapshot) {
		for i := range s.RRsets {
			set := &s.RRsets[i]
			set.Proxied, set.Auto, set.TTL = true, true, zone.AutoTTL
			for j := range set.Members {
				if without {
					set.Members[j].Comment = plan.TakeOut(set.Members[j].Comment, r.plan.ID)
				}
			}
		}
	})
	r.w.note(org)
}

// TestProxyIsOnBefore: where someone else has turned the proxy on in the window, the
// result says that the command may have run through it, however the window closes.
func TestProxyIsOnBefore(t *testing.T) {
	for _, without := range []bool{true, false} {
		for _, cancelled := range []bool{false, true} {
			t.Run(fmt.Sprintf("without markers %t, interrupted %t", without, cancelled), func(t *testing.T) {
				scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
					ctx, stop := contextOf(t)
					defer stop()
					r.command = func(ctx context.Context) (int, error) {
						r.turnedOn(without)
						if !cancelled {
							return 0, nil
						}
						stop()
						<-ctx.Done()
						return 0, ctx.Err()
					}
					r.start()
					got, err := r.eng.Wait(ctx, r.plan.ID)
					if err != nil {
						t.Fatal(err)
					}
					outcome := execute.OutcomeDone
					if cancelled {
						outcome = execute.OutcomeCancelled
					}
					r.wantOutcome(got, outcome, execute.Closed, execute.Closed)
					if !got.Window.Early || got.Window.Handed || got.Window.Open() || !got.Changes[0].Early {
						t.Errorf("%+v", got.Window)
					}
					r.wantWarning("the proxy of www.example.org A was on already: someone else has turned it on")
					if log, err := journal.ReadChanges(r.state); err != nil || len(log) == 0 || !strings.Contains(log[0].Impact, "someone else had turned it on before") {
						t.Errorf("change log %+v, %v", log, err)
					}
					r.wantClosed()
				})
			})
		}
	}
}

// TestAnotherWindowHasItOpen: a record that bears the marker of another window is left to
// that until its deadline has passed, and the end is one like another.
func TestAnotherWindowHasItOpen(t *testing.T) {
	for _, tt := range []struct {
		until     time.Duration
		cancelled bool
		handed    bool
	}{
		{time.Hour, false, true},
		{time.Hour, true, true},
		{-time.Second, false, false},
		{-time.Second, true, false},
	} {
		t.Run(fmt.Sprintf("%+v", tt), func(t *testing.T) {
			scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
				ctx, stop := contextOf(t)
				defer stop()
				r.command = func(ctx context.Context) (int, error) {
					other := plan.Marker{Run: "OTHER", Until: time.Now().Add(tt.until)}
					r.w.provider.Edit(org, func(s *zone.Snapshot) {
						for i := range s.RRsets {
							for j := range s.RRsets[i].Members {
								s.RRsets[i].Members[j].Comment = other.String()
							}
						}
					})
					if !tt.cancelled {
						return 0, nil
					}
					stop()
					<-ctx.Done()
					return 0, ctx.Err()
				}
				r.start()
				began := time.Now()
				got, err := r.eng.Wait(ctx, r.plan.ID)
				if err != nil {
					t.Fatal(err)
				}
				outcome := execute.OutcomeDone
				if tt.cancelled {
					outcome = execute.OutcomeCancelled
				}
				r.wantOutcome(got, outcome, execute.Closed, execute.Closed)
				if got.Window.Handed != tt.handed || got.Window.Early || got.Window.Open() {
					t.Errorf("%+v", got.Window)
				}
				if marks, err := os.ReadDir(r.state + "/windows"); len(marks) > 0 {
					t.Errorf("marks %+v, %v", marks, err)
				}
				if !tt.handed {
					r.wantWrites(direct60, again)
					return
				}
				r.wantWrites(direct60)
				r.wantWarning("www.example.org A stays DNS-only: the issuance window of run OTHER has it open until ")
				if took := time.Since(began); took > 5*time.Minute {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}
