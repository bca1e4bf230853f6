package report

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// heartbeat is how long NewPlain is silent at most while something is waited for.
const heartbeat = time.Minute

// NewPlain makes a Progress for pipes and logs: one line an event, however wide unless
// o.Fold is set, one for each resolver's answer when it is another than before, a line
// a minute while something is waited for, and no escapes. o.Color is ignored.
func NewPlain(w io.Writer, o Options) *Progress {
	o.Color = false
	return newProgress(w, o, &plainFace{})
}

type plainFace struct {
	spoken time.Time // when the last line was written
	// answers are what each resolver was last seen to answer, in this step.
	answers map[string]string
	step    string
	// again is why something was tried again last.
	again string
}

// say makes a line behind the time.
func (f *plainFace) say(n *nowState, text string) []byte {
	f.spoken = n.o.Now
	at := n.o.clock(n.o.Now) + "  "
	return []byte(remark(at, text, n.o))
}

func (f *plainFace) begin(n *nowState) []byte {
	text := "run " + n.run + ": " + count(len(n.plan.Changes), "change") + ", " + count(len(n.plan.Steps), "step")
	if taken := slices.ContainsFunc(n.ledger.steps, func(e *entry) bool { return !e.started.IsZero() }); taken {
		text += ", begun at " + n.o.clock(n.ledger.started)
	} else if d := n.plan.Summary.Duration; d > 0 {
		text += ", takes at least " + duration(time.Duration(d)*time.Second)
	}
	return f.say(n, text)
}

func (f *plainFace) event(n *nowState, e journal.Event) []byte {
	if text := n.eventText(e); text != "" {
		return f.say(n, text)
	}
	return nil
}

// plainAnswers is how many resolvers' answers of one step get a line each.
const plainAnswers = 24

// progress tells why something is tried again, and the answers of resolvers that
// are new.
func (f *plainFace) progress(n *nowState, p execute.Progress) (out []byte) {
	if f.step != p.Step {
		f.step, f.answers, f.again = p.Step, map[string]string{}, ""
	}
	if p.Then == execute.TriesAgain && n.step != nil {
		text := stepMark(StepRunning).sign(n.o) + " " + n.step.name() + ": tries again at " + n.o.clock(p.Deadline)
		why := strings.TrimPrefix(p.Doing, "trying again: ")
		if why == f.again {
			why = "the same again"
		} else {
			f.again = why
		}
		return f.say(n, text+": "+why)
	}
	for _, l := range p.Lines {
		who := l.Server + " " + string(l.Name) + " " + l.Type.String()
		what := string(l.Verdict) + " " + answerText(l)
		if !l.Resolver || f.answers[who] == what || len(f.answers) >= plainAnswers {
			continue
		}
		f.answers[who] = what
		m := verdictMark(l.Verdict)
		text := "  " + m.sign(n.o) + " " + m.word + ": " + l.Who() + " answers " + answerText(l) + " for " + l.Name.Display() + " " + l.Type.String()
		if len(l.Values) > 0 {
			text += " (TTL left " + ttlLeft(l) + ")"
		}
		out = append(out, f.say(n, text)...)
	}
	return out
}

func (f *plainFace) tick(n *nowState) []byte {
	if n.step == nil || n.o.Now.Sub(f.spoken) < heartbeat {
		return nil
	}
	return f.say(n, n.stillText())
}

func (f *plainFace) end(n *nowState, r Result) []byte {
	if text := n.endText(r); text != nil {
		return text
	}
	return f.say(n, "run "+n.run+": "+string(r.Outcome)+", "+r.counted())
}

// eventText is an event as one line says it; empty where there is nothing to tell.
func (n *nowState) eventText(e journal.Event) string {
	switch e.Kind {
	case journal.Interrupted:
		if e.Error == "" && e.Message == "" {
			return "" // the end says so
		}
		return "run " + n.run + said(e)
	case journal.Resume, journal.Accept, journal.Cancel:
		return "run " + n.run + ": " + string(e.Kind) + said(e)
	case journal.Warning:
		return stepMark(StepNeedsYou).sign(n.o) + " warning" + said(e)
	}
	if e.Step == "" {
		return ""
	}
	s := n.ledger.entry(entryKey{e.Step, e.Undo})
	text, state := n.stepText(s, e)
	if text == "" {
		return ""
	}
	name := s.name()
	if e.Zone != "" {
		name += " in " + zonePeople(e.Zone)
	}
	return stepMark(state).sign(n.o) + " " + name + ": " + text
}

// stepText says what an event means for its step.
func (n *nowState) stepText(s *entry, e journal.Event) (string, StepState) {
	switch e.Kind {
	case journal.Start:
		if s.step != nil && s.step.Kind.Waits() {
			return "waited, looks once more", StepRunning
		}
		return firstOf(n.sentence(s), "started"), StepRunning
	case journal.Wait:
		return "waits until " + n.o.clock(e.Until) + " (" + duration(e.Until.Sub(e.At)) + ")" + said(e), StepRunning
	case journal.Done:
		if failedCommand(e.Data) {
			return "failed" + took(s, e), StepFailed
		}
		return "done" + took(s, e) + said(e), StepDone
	case journal.Failed:
		return "failed" + said(e), StepFailed
	case journal.Hold:
		return "needs you" + said(e), StepNeedsYou
	}
	return "", StepPending
}

// said is what an event holds for people.
func said(e journal.Event) string {
	if text := firstOf(e.Error, e.Message); text != "" {
		return ": " + reason(e.Zone, text)
	}
	return ""
}

// commandFacts are what the data of the command's end in an issuance window tells.
type commandFacts struct {
	ExitCode *int `json:"exit_code"`
}

// failedCommand tells whether a command has ended, and not well. The run goes on: its
// window closes.
func failedCommand(data json.RawMessage) bool {
	var f commandFacts
	_ = json.Unmarshal(data, &f) // no data is no command
	return f.ExitCode != nil && *f.ExitCode != 0
}

// took says how long it took, and of a write that there was nothing to write.
func took(s *entry, e journal.Event) string {
	out := ""
	if d := e.At.Sub(s.started); d >= time.Second {
		out = " after " + duration(d)
	}
	var facts struct {
		commandFacts
		Written int `json:"written"`
	}
	_ = json.Unmarshal(e.Data, &facts) // no data is nothing written
	if s.step != nil && s.step.Kind.Writes() && facts.Written == 0 {
		out += ", was so already"
	}
	if facts.ExitCode != nil {
		out += ", exit code " + number(*facts.ExitCode)
	}
	return out
}

// stillText is the heartbeat: "still waiting for the old TTL of
// www.example.org. to pass (12m of 1h, ends 02:41:07 UTC)".
func (n *nowState) stillText() string {
	text := "still " + n.waitsFor() + " (" + duration(n.o.Now.Sub(n.step.started))
	if until, word := n.deadline(); !until.IsZero() {
		text += " of " + duration(until.Sub(n.step.started)) + ", " + word + " " + n.o.clock(until)
	}
	text += ")"
	if lines := n.doing.Lines; len(lines) > 0 {
		text += ": " + agreement(lines)
	}
	return text
}

// waitsFor says what the step that runs is waiting for.
func (n *nowState) waitsFor() string {
	s := n.step.step
	if s == nil || n.step.key.undo {
		return "at " + n.step.name()
	}
	names := n.ledger.lookup.names(s)
	if len(s.Changes) == 1 {
		if c := n.ledger.lookup.changes[s.Changes[0]]; c != nil {
			names = string(c.Name)
		}
	}
	if text := n.waitsInWindow(s, names); text != "" {
		return text
	}
	switch s.Kind {
	case plan.StepExpire:
		if n.switched(s) {
			return "waiting for the old answer of " + names + " to be forgotten"
		}
		return "waiting for the old TTL of " + names + " to pass"
	case plan.StepSettle:
		return "watching that the new state of " + names + " stays good"
	case plan.StepPropagate:
		return "waiting for the authoritative servers of " + names + " to agree"
	case plan.StepVerify:
		return "waiting for all servers to give the new answer of " + names
	case plan.StepProbe:
		return "asking the service of " + names
	case plan.StepGate:
		return "waiting for resolvers to forget the old TTL of " + names
	}
	return "at " + n.step.name()
}

// waitsInWindow is waitsFor of the steps that an issuance window has for itself;
// empty in others.
func (n *nowState) waitsInWindow(s *plan.Step, names string) string {
	w := n.plan.Window
	switch {
	case w == nil:
	case s.Kind == plan.StepExpire:
		return "waiting until a certificate authority sees the origin of " + names
	case s.Kind == plan.StepCommand && !w.Hook:
		return "running " + w.Command
	case s.Kind == plan.StepVerify:
		return "waiting for the authoritative servers of " + names + " to give the proxy's addresses"
	case s.Kind == plan.StepProbe:
		return "asking the origin of " + names + " for a challenge"
	case s.Kind == plan.StepIssued:
		return "asking for the certificates behind the proxy of " + names
	}
	return ""
}

// switched tells whether the RRsets of s were switched by a step before it.
func (n *nowState) switched(s *plan.Step) bool {
	for i := range n.plan.Steps {
		before := &n.plan.Steps[i]
		if before.ID == s.ID {
			return false
		}
		if before.Kind.Writes() && before.Kind != plan.StepLower && before.Group == s.Group {
			return true
		}
	}
	return false
}

// agreement counts answers: "3 of 5 answers agree".
func agreement(lines []verify.Line) string {
	good := 0
	for _, l := range lines {
		if l.Verdict.Good() {
			good++
		}
	}
	return number(good) + " of " + count(len(lines), "answer") + " agree"
}
