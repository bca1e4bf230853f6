package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// confirmFlag adds the flag that names a zone once more.
func confirmFlag(fs *pflag.FlagSet, zones *[]string) {
	fs.StringArrayVar(zones, "confirm", nil, "name this `zone` once more, where a flag lets it be emptied, or switched outside its change windows, and nobody is asked")
}

// unconfirmed are the severe guards that flags have lifted, but for those of zones
// that were named once more. Where nobody is asked, the flag that lets a zone be
// emptied has named it.
func (c consent) unconfirmed(p *plan.Plan) (severe []plan.Refusal, err error) {
	confirmed, err := parseNames(c.confirm)
	if err != nil {
		return nil, fmt.Errorf("--confirm: %w", err)
	}
	emptied, err := parseNames(c.emptied)
	if err != nil {
		return nil, fmt.Errorf("--allow-empty: %w", err)
	}
	for _, r := range p.Lifted {
		byFlag := c.approved && r.Code != plan.OutsideWindow && slices.Contains(emptied, r.Zone)
		if plan.Severe(r.Code) && !byFlag && !slices.Contains(confirmed, r.Zone) {
			severe = append(severe, r)
		}
	}
	return severe, nil
}

// zonesOf are the zones of refusals, each once.
func zonesOf(list []plan.Refusal) (out []zone.Name) {
	for _, r := range list {
		if !slices.Contains(out, r.Zone) {
			out = append(out, r.Zone)
		}
	}
	return out
}

// toConfirm refuses a plan whose zones have to be named once more.
func toConfirm(severe []plan.Refusal) error {
	var flags []string
	for _, z := range zonesOf(severe) {
		flags = append(flags, "--confirm "+z.Display())
	}
	return refused("refused, nothing was changed: a flag allows what is hard to take back:\n  %s\nname what it is about once more: %s",
		strings.Join(reasons(severe), "\n  "), strings.Join(flags, " "))
}

func reasons(list []plan.Refusal) (out []string) {
	for _, r := range list {
		out = append(out, fmt.Sprintf("%s%s: %s: %s", r.Zone.Display(), inView(r.View), r.Code, r.Message))
	}
	return out
}

// confirm asks for a plain yes or, where severe guards were lifted, for the name of
// each of their zones.
func (a *app) confirm(ctx context.Context, severe ...plan.Refusal) error {
	if _, ok := a.terminal(a.stdin); !ok {
		return errNobody
	}
	in := bufio.NewReader(a.stdin)
	if len(severe) == 0 {
		return a.ask(ctx, in, "\nApply these changes? Only \"yes\" is taken: ", "yes")
	}
	a.tell("\nA flag allows what is hard to take back:\n  " + strings.Join(reasons(severe), "\n  "))
	for _, z := range zonesOf(severe) {
		if err := a.ask(ctx, in, "Type the name of the zone, "+z.Display()+", to apply: ", z.Display()); err != nil {
			return err
		}
	}
	return nil
}

// errNobody is a question that nobody is there to answer.
var errNobody = errors.New("standard input is no terminal, so nobody can be asked: use --auto-approve")

// confirmCancel asks whether a run that has not ended may be cancelled.
func (a *app) confirmCancel(ctx context.Context, run string) error {
	if _, ok := a.terminal(a.stdin); !ok {
		return errNobody
	}
	return a.ask(ctx, bufio.NewReader(a.stdin), "\nCancel run "+run+"? Only \"yes\" is taken: ", "yes")
}

// ask takes one answer and no other.
func (a *app) ask(ctx context.Context, in *bufio.Reader, question, want string) error {
	_, _ = fmt.Fprint(a.stderr, question)
	answer := make(chan string, 1)
	go func() {
		line, _ := in.ReadString('\n') // an end of input is no answer
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case text := <-answer:
		if text != want {
			return fmt.Errorf("nothing was changed: the answer was not %q", want)
		}
	}
	return nil
}
