package report

import (
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// mark is a state as people see it: a sign, a word and a colour.
type mark struct {
	symbol, ascii string
	word          string
	style         style
}

func (m mark) sign(o Options) string {
	if o.ASCII {
		return m.ascii
	}
	return m.symbol
}

// the longest words, for columns.
const (
	actionPad = 8
	statePad  = 11
)

func actionMark(a plan.Action) mark {
	switch a {
	case plan.Create:
		return mark{"+", "+", "create", green}
	case plan.Update:
		return mark{"~", "~", "update", yellow}
	case plan.TTL:
		return mark{"≈", "t", "ttl only", blue}
	case plan.Proxied:
		return mark{"◇", "p", "proxied", cyan}
	case plan.Delete:
		return mark{"-", "-", "delete", red}
	}
	return mark{"↷", "<", string(a), yellow}
}

var (
	refusedMark  = mark{"✕", "x", "refused", red}
	conflictMark = mark{"!", "!", "conflict", red}
	warningMark  = mark{"!", "!", "warning", yellow}
	liveMark     = mark{"·", ".", "live", dim}
)

func stepMark(s StepState) mark {
	switch s {
	case StepDone:
		return mark{"✓", "*", string(s), green}
	case StepRunning:
		return mark{"◐", ">", string(s), cyan}
	case StepFailed:
		return mark{"✕", "x", string(s), red}
	case StepSkipped:
		return mark{"↷", "-", string(s), dim}
	case StepNeedsYou, StepWarning:
		return mark{"!", "!", string(s), yellow}
	case StepInterrupted:
		return mark{"◐", ">", string(s), yellow}
	}
	return mark{"○", ".", string(s), dim}
}

func runMark(s RunState) mark {
	switch s {
	case RunDone:
		return mark{"✓", "*", string(s), green}
	case RunRunning:
		return mark{"◐", ">", string(s), cyan}
	case RunHolding:
		return mark{"!", "!", string(s) + ", needs you", yellow}
	case RunFailed, RunDamaged:
		return mark{"✕", "x", string(s), red}
	case RunCancelled:
		return mark{"↷", "-", string(s), yellow}
	case RunInterrupted, RunOpen:
		return mark{"◐", ">", string(s), yellow}
	}
	return mark{"○", ".", string(s), dim}
}

func verdictMark(v verify.Verdict) mark {
	word := string(v)
	switch v {
	case verify.Agrees, verify.ByProxy:
		return mark{"✓", "=", word, green}
	case verify.OldTTL:
		return mark{"◐", "~", word, yellow}
	case verify.Differs, verify.Present:
		return mark{"●", "#", word, red}
	case verify.Missing:
		return mark{"○", "o", word, red}
	case verify.Silent:
		return mark{"?", "?", word, yellow}
	}
	return mark{"✕", "x", word, red}
}

func changeMark(s execute.Made) mark {
	switch s {
	case execute.Applied, execute.Closed:
		return mark{"✓", "*", string(s), green}
	case execute.RolledBack:
		return mark{"↷", "-", string(s), yellow}
	case execute.NotApplied:
		return mark{"○", ".", string(s), dim}
	case execute.Pending:
		return mark{"◐", ">", string(s), yellow}
	case execute.Left:
		return mark{"!", "!", string(s), yellow}
	}
	return mark{"!", "!", string(s), red}
}

// dot parts the details of a line.
func (o Options) dot() string {
	if o.ASCII {
		return " - "
	}
	return " · "
}
