package rfc2136

import "time"

// SetClock has p sign and verify by a clock that is ahead of the machine's.
func (p *Provider) SetClock(ahead time.Duration) {
	p.now = func() time.Time { return time.Now().Add(ahead) }
}
