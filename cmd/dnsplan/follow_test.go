package main

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/report"
)

// TestInterruptedWrite: a signal that has to wait for what is under way is
// answered once; one that ends the run at once needs no word.
func TestInterruptedWrite(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration // until the run has stopped
		want  string
	}{
		{500 * time.Millisecond, ""},
		{time.Minute, "dnsplan: " + finishing + "\n"},
	} {
		t.Run(tt.after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				n := &notices{w: &out}
				f := &follower{clock: embedded.SystemClock{}, view: report.NewPlain(&out, report.Options{})}
				n.through(f.view)
				ctx, interrupt := context.WithCancel(t.Context())
				stop := f.tick(ctx, n)
				<-time.After(5 * time.Second)
				interrupt()
				<-time.After(tt.after)
				stop()
				if got := out.String(); got != tt.want {
					t.Errorf("said %q, want %q", got, tt.want)
				}
			})
		})
	}
}
