package config

import (
	"fmt"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// A read that takes longer than slow is told of, and then every so often.
const (
	slow      = 10 * time.Second
	slowAgain = time.Minute
)

// waiting tells, until stop is called, that a zone is still being read.
func (s *Session) waiting(provider string, z zone.Name) (stop func()) {
	if s.Notice == nil {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		began, t := time.Now(), time.NewTimer(slow)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				s.Notice(fmt.Sprintf("provider %q: still reading %s, for %s now; -v shows each request",
					provider, z.Display(), zone.FormatDuration(time.Since(began).Round(time.Second))))
				t.Reset(slowAgain)
			}
		}
	})
	return func() { close(done); wg.Wait() }
}
