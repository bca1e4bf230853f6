package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// NewJSON makes a Progress for machines: newline-delimited JSON, one object an
// event. The first is of type begin, the last of type summary; the types
// between are step_start, step_done, step_failed, wait, progress,
// milestone, hold, resume, cancel, interrupted, warning and end. A milestone comes
// as soon as its time is known, which until tells. Readers ignore types and
// members that they do not know. Times are RFC 3339 in UTC.
func NewJSON(w io.Writer) *Progress { return newProgress(w, Options{}, &streamFace{}) }

// streamFace holds the first line back until something says what time it is.
type streamFace struct{ held bool }

func (f *streamFace) begin(*nowState) []byte {
	f.held = true
	return nil
}

// behindBegin puts the line of begin before the first other one.
func (f *streamFace) behindBegin(n *nowState, line []byte) []byte {
	if !f.held {
		return line
	}
	f.held = false
	return append(beginLine(n), line...)
}

// streamEvent is one line of the stream.
type streamEvent struct {
	Type          string    `json:"type"`
	FormatVersion int       `json:"format_version,omitempty"`
	Time          time.Time `json:"time,omitzero"`
	Run           string    `json:"run"`
	Seq           int       `json:"seq,omitempty"`
	Step          string    `json:"step,omitempty"`
	Kind          plan.Kind `json:"kind,omitempty"`
	Undo          bool      `json:"undo,omitempty"`
	Zone          string    `json:"zone,omitempty"`
	Until         time.Time `json:"until,omitzero"`

	Milestone plan.MilestoneName `json:"milestone,omitempty"`
	Group     string             `json:"group,omitempty"`

	Error   string          `json:"error,omitempty"`
	Message string          `json:"message,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Answers []verify.Line   `json:"answers,omitempty"`
	Zones   []plan.ZoneRef  `json:"zones,omitempty"`
	Steps   []plan.Step     `json:"steps,omitempty"`
	Summary *plan.Summary   `json:"summary,omitempty"`
}

func beginLine(n *nowState) []byte {
	e := streamEvent{
		Type: "begin", FormatVersion: FormatVersion, Time: n.o.Now.UTC(), Run: n.run,
		Steps: n.plan.Steps, Summary: &n.plan.Summary,
	}
	for _, z := range groupByZone(n.plan).order {
		e.Zones = append(e.Zones, z.ZoneRef)
	}
	return jsonLine(e)
}

func (f *streamFace) event(n *nowState, e journal.Event) []byte {
	out := streamEvent{
		Type: streamType(e.Kind), Time: e.At.UTC(), Run: n.run, Seq: e.Seq, Step: e.Step, Undo: e.Undo, Zone: e.Zone,
		Error: e.Error, Message: e.Message,
	}
	if out.Type == "" {
		return f.behindBegin(n, nil)
	}
	if !e.Until.IsZero() {
		out.Until = e.Until.UTC()
	}
	if json.Valid(e.Data) {
		out.Data = e.Data
	}
	out.Kind = n.kindOf(e.Step)
	return f.behindBegin(n, jsonLine(out))
}

// streamType is empty for what begin has said already.
func streamType(k journal.Kind) string {
	switch k {
	case journal.Begin:
		return ""
	case journal.Start, journal.Done, journal.Failed:
		return "step_" + string(k)
	}
	return string(k)
}

func (n *nowState) kindOf(step string) plan.Kind {
	if s, ok := n.ledger.byKey[entryKey{step: step}]; ok && s.step != nil {
		return s.step.Kind
	}
	return ""
}

func (f *streamFace) progress(n *nowState, p execute.Progress) []byte {
	out := streamEvent{
		Type: "progress", Time: n.o.Now.UTC(), Run: n.run, Step: p.Step, Kind: n.kindOf(p.Step), Undo: p.Closing,
		Message: p.Doing, Answers: p.Lines,
	}
	if !p.Deadline.IsZero() {
		out.Until = p.Deadline.UTC()
	}
	return f.behindBegin(n, jsonLine(out))
}

func (f *streamFace) tick(n *nowState) []byte { return f.behindBegin(n, nil) }

func (f *streamFace) end(n *nowState, r Result) []byte { return f.behindBegin(n, resultLine(r)) }
