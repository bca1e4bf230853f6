package embedded

import (
	"time"

	"golang.org/x/sys/unix"
)

// uptime is a clock of how long the machine has run, time in which it slept
// counted (clock_gettime(2), CLOCK_BOOTTIME). Every Linux that Go runs on has it.
func uptime() func() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return nil
	}
	return func() time.Duration {
		var ts unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // it did a moment ago
		return time.Duration(ts.Nano())
	}
}
