package embedded

import "time"

// BreakJournal makes every further append to the run's journal fail, as a full
// disk does.
func (e *Engine) BreakJournal(id string) {
	if err := e.held[id].writer.Close(); err != nil {
		panic(err)
	}
}

// NewTestClock is a SystemClock over these two.
func NewTestClock(wall func() time.Time, steady func() time.Duration) SystemClock {
	return SystemClock{Steady: steady, wall: wall}
}
