//go:build !linux

package embedded

import "time"

// uptime is nil: there is no clock that is known to count time in which the
// machine sleeps.
func uptime() func() time.Duration { return nil }
