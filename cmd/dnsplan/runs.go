package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/report"
)

func newRuns(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "runs",
		Short:   "List the runs, newest first",
		Long:    "Lists the runs of the state folder with how each stands, newest first.",
		Example: "  dnsplan runs\n  dnsplan runs --json | jq '.runs[] | select(.state == \"holding\")'",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return runRuns(a, c) },
	}
}

func runRuns(a *app, c *cobra.Command) error {
	s, err := a.common(c)
	if err != nil {
		return err
	}
	list, err := config.Reader(s, a.clock).List(c.Context())
	if err != nil {
		return err
	}
	var runs []report.Run
	for _, r := range list {
		if r.Err != nil {
			a.notices.line(fmt.Sprintf("warning: run %s: %v", r.ID, r.Err))
		}
		if r.Plan == nil {
			continue
		}
		shown := report.NewRun(r.Plan, r.Events, r.Busy)
		if r.Err != nil {
			shown = damaged(r)
		}
		shown.Next = pasteable(s, shown.Next)
		runs = append(runs, shown)
	}
	if s.JSON {
		return report.RunsJSON(a.stdout, runs)
	}
	return report.RunsText(a.stdout, runs, a.options(a.stdout, s))
}

func newShow(a *app) *cobra.Command {
	var markdown bool
	c := &cobra.Command{
		Use:   "show FILE|RUN",
		Short: "Print a saved plan, or a run",
		Long: `Prints a saved plan, also one that no longer fits, or a run with its steps. A
RUN is an id, a unique beginning of one, or "last". Of a run whose journal is
damaged it prints what can be read, and what each RRset was and shall be; the
exit code is 1 then.`,
		Example: "  dnsplan show move.plan\n  dnsplan show last",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runShow(a, c, args[0], markdown) },
	}
	c.Flags().BoolVar(&markdown, "markdown", false, "print a plan as Markdown")
	return c
}

func runShow(a *app, c *cobra.Command, what string, markdown bool) error {
	s, err := a.common(c)
	if err != nil {
		return err
	}
	if info, err := os.Stat(what); err == nil && info.Mode().IsRegular() {
		p, err := readPlan(what)
		if err != nil {
			return &coded{exitError, err} // nothing was to be applied
		}
		return a.printPlan(s, p, markdown)
	}
	r, err := config.Reader(s, a.clock).Show(c.Context(), what)
	if r.Plan != nil && err != nil {
		return errors.Join(about(r.ID, err), a.printRun(s, damaged(r)))
	}
	if err != nil {
		return fmt.Errorf("%w (and there is no plan file of that name)", err)
	}
	return a.printRun(s, report.NewRun(r.Plan, r.Events, r.Busy))
}

func (a *app) printRun(s config.Settings, r report.Run) error {
	r.Next = pasteable(s, r.Next)
	if s.JSON {
		return report.RunJSON(a.stdout, r)
	}
	return report.RunText(a.stdout, r, a.options(a.stdout, s))
}

// damaged is what can be read of a run whose journal is damaged.
func damaged(r engine.Run) report.Run {
	return report.NewRun(r.Plan, r.Events, false).Damaged(r.Err.Error(), r.Result)
}

func newResume(a *app) *cobra.Command {
	var acceptLive bool
	var confirmed []string
	c := &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with a run that was interrupted, holds, or failed in part",
		Long: `Goes on with a run: after a signal, a crash or a reboot from where it was, time
that has been waited counts; and where it holds, by asking the servers again.

Where it holds because someone else has set an RRset meanwhile, --accept-live
leaves what is there as it is and goes on with the rest.

Of a run that has ended, and of which a part failed, the changes that were not
applied are planned anew, from what is live: the plan is shown, and applied as a
run of its own without asking. Guards hold, what a flag of the run lets be
switched outside its change windows needs --confirm ZONE again, and a value that
someone else has set since is never overwritten. A run that was cancelled is
over.`,
		Example: "  dnsplan resume last\n  dnsplan resume 01K5J3\n  dnsplan resume last --accept-live",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			signal := engine.Resume
			if acceptLive {
				signal = engine.AcceptLive
			}
			return runSignal(a, c, args[0], signal, confirmed...)
		},
	}
	c.Flags().BoolVar(&acceptLive, "accept-live", false, "leave what someone else has set meanwhile, and go on with the rest")
	c.Flags().StringArrayVar(&confirmed, "confirm", nil, "name this `zone` once more, where the rest of the run is switched outside its change windows")
	return c
}

func newCancel(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel RUN",
		Short: "End a run and take back what it has not finished",
		Long: `Ends a run. What was verified stays; what was switched and not verified goes
back while the TTL is still low; then every TTL goes up again. A value that
someone else has set meanwhile is left alone and named.

A run that another process on this machine works on is interrupted first.`,
		Example: "  dnsplan cancel last",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runSignal(a, c, args[0], engine.Cancel) },
	}
}

// runSignal gives a run a person's word and follows what comes of it. Confirmed are
// the zones that were named once more.
func runSignal(a *app, c *cobra.Command, id string, signal engine.Signal, confirmed ...string) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close()                  //nolint:errcheck // what was written is on disk by then
	ctx, stop := hangup(c.Context()) // the run may be an issuance window, which closes all the same
	defer stop()
	f := a.follow(s.Settings)
	r, err := config.Reader(s.Settings, a.clock).Show(ctx, id)
	if err != nil {
		return err
	}
	if signal != engine.Cancel && config.HasRest(r.Result) {
		return a.resumeEnded(ctx, s, r, signal == engine.AcceptLive, confirmed)
	}
	e, err := s.Engine(a.clock, "dnsplan "+c.Name(), f)
	if err != nil {
		return err
	}
	if signal == engine.Cancel && r.Busy {
		if err := a.interrupt(ctx, s.Settings, r.ID); err != nil {
			return err
		}
	}
	err = e.Signal(ctx, r.ID, signal)
	if r.Busy && r.Plan.Window != nil && errors.Is(err, engine.ErrEnded) {
		return a.closedItself(ctx, s.Settings, r.ID)
	}
	if err != nil {
		return about(r.ID, err)
	}
	return a.wait(ctx, s.Settings, e, f, r.ID)
}

// closedItself shows the run of an issuance window whose process, interrupted, has
// closed it.
func (a *app) closedItself(ctx context.Context, s config.Settings, id string) error {
	r, err := config.Reader(s, a.clock).Show(ctx, id)
	if err != nil {
		return err
	}
	return errors.Join(a.printRun(s, report.NewRun(r.Plan, r.Events, false)), silent(exitOf(r.Result)))
}
