package execute

import (
	"time"

	"github.com/dnsplan/dnsplan/plan/verify"
)

// Progress is what a step tells while it works. It is for people and is not
// journaled.
type Progress struct {
	// Step is the step's id; Closing says that it is being taken back.
	Step    string `json:"step"`
	Closing bool   `json:"closing,omitempty"`
	// Doing says what is being waited for or done.
	Doing string `json:"doing"`
	// Deadline is when what Then says comes; zero when nothing does.
	Deadline time.Time `json:"deadline,omitzero"`
	Then     Then      `json:"then,omitempty"`
	// Lines are the latest answers of servers, judged; may be empty. Large
	// changes show those that are not good first.
	Lines []verify.Line `json:"answers,omitempty"`
}

// Then is what comes at the deadline of a Progress.
type Then string

// What comes at a deadline.
const (
	GivesUp    Then = "" // what is waited for has not come, and is given up
	Ends       Then = "ends"
	TriesAgain Then = "tries again"
)

// Observer is told what a run does, in order, from one goroutine at a time.
type Observer interface {
	Progress(p Progress)
}
