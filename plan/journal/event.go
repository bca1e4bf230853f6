package journal

import (
	"encoding/json"
	"time"
)

// Kind says what an event records.
type Kind string

// The kinds of events. Package execute folds them into a run's state.
const (
	// Begin is the first event of a run; its Data holds plan_sha256.
	Begin Kind = "begin"
	// Start is written before a step acts. Without a later Done or Failed of
	// the step its outcome is unknown.
	Start Kind = "start"
	// Done ends a step that reached what it wanted.
	Done Kind = "done"
	// Failed ends a step that did not; Error says why.
	Failed Kind = "failed"
	// Wait holds the absolute deadline of a step that waits, in Until.
	Wait Kind = "wait"
	// Hold tells that the run needs a person before it goes on.
	Hold Kind = "hold"
	// Resume lets a held or interrupted run go on.
	Resume Kind = "resume"
	// Accept lets a held run go on without the changes that its Data names in
	// left: someone else has set those RRsets, and they stay as they are.
	Accept Kind = "accept"
	// Cancel asks the run to stop and to close what it opened.
	Cancel Kind = "cancel"
	// Interrupted tells that the process stopped in an orderly way, by a signal.
	Interrupted Kind = "interrupted"
	// Warning is for people; it changes no state.
	Warning Kind = "warning"
	// End is the last event of a run.
	End Kind = "end"
)

// Event is one line of a journal.
type Event struct {
	// Seq counts from 1 without gaps. Append sets it.
	Seq int `json:"seq"`
	// At is when it happened, in UTC.
	At   time.Time `json:"at"`
	Kind Kind      `json:"event"`
	// Step is the id of the plan's step, where the event belongs to one.
	Step string `json:"step,omitempty"`
	// Undo marks the events of a step that is being taken back.
	Undo bool `json:"undo,omitempty"`
	// Zone is a zone as LockName.String writes it: "example.org.", or
	// "example.org./internal" where the zone has views.
	Zone string `json:"zone,omitempty"`
	// Until is an absolute deadline, in UTC.
	Until time.Time `json:"until,omitzero"`
	// Error is why a step failed, without secrets.
	Error string `json:"error,omitempty"`
	// Message is for people.
	Message string `json:"message,omitempty"`
	// Data is what the step wants to find again, as compact JSON.
	Data json.RawMessage `json:"data,omitempty"`
}
