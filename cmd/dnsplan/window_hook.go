package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

func newWindowOpen(a *app) *cobra.Command {
	o := &windowOptions{}
	c := &cobra.Command{
		Use:   "open NAME...",
		Short: "Open a window for a pre-hook, until close or its deadline",
		Long: `Turns the proxy of the names off and returns when a certificate authority sees
the origin. A guard stays behind, and closes the window at its deadline unless
dnsplan window close does so before. Names whose window is open already stay as
they are.

It is for ACME clients that run by themselves, and weaker than a window around
the client: certbot goes on when its pre-hook fails, and forgets its post-hook
when it is killed; lego ends a hook after two minutes unless it is told
otherwise, and runs no post-hook when its pre-hook has failed.`,
		Example: `  certbot renew --pre-hook "dnsplan window open www.example.org" \
      --post-hook "dnsplan window close www.example.org"
  lego run --http -d www.example.org --pre-hook-timeout 15m \
      --pre-hook "dnsplan window open www.example.org" \
      --post-hook "dnsplan window close"`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, names []string) error { return runWindowOpen(a, c, o, names) },
	}
	o.addFlags(c.Flags())
	return c
}

func runWindowOpen(a *app, c *cobra.Command, o *windowOptions, names []string) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was written is on disk by then
	ctx, stop := hangup(c.Context())
	defer stop()
	if names = a.notOpen(s.Settings, names); len(names) == 0 {
		return nil
	}
	w := &issuing{app: a, session: s, options: o, names: names}
	is, err := w.prepare(ctx)
	if err != nil {
		return a.notBegun(ctx, s.Settings, is.Plan, stopped(ctx, err))
	}
	if w.needless(ctx, is) {
		return nil
	}
	return w.run(ctx, is)
}

// notOpen are those names that no hook's window is open for. It says until when the
// others are open.
func (a *app) notOpen(s config.Settings, names []string) (rest []string) {
	open := a.openWindows(s)
	for _, text := range names {
		n, err := zone.ParseName(text)
		i := slices.IndexFunc(open, func(w journal.OpenWindow) bool { return w.Hook && slices.Contains(w.Names, n) })
		if err != nil || i < 0 {
			rest = append(rest, text) // what is wrong with it is told later
			continue
		}
		a.notices.line(fmt.Sprintf("the window of %s is open until %s (run %s)", n.Display(), open[i].Deadline.Format(time.RFC3339), open[i].Run))
	}
	return rest
}

func newWindowClose(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "close [NAME...]",
		Short: "Close the windows that dnsplan window open has opened",
		Long: `Turns the proxy on again for the windows that hold one of the names, or for all
that dnsplan window open has opened. A window around a command is closed too,
once nobody holds it any more; as long as somebody does, that is said and it
stays. Without a window there is nothing to do, and the exit code is 0: a
post-hook may run although none was opened. It is 4 where one could not be
closed within 90 seconds; its guard, and dnsplan recover, go on then.`,
		Example: "  dnsplan window close\n  dnsplan window close www.example.org",
		RunE:    func(c *cobra.Command, names []string) error { return runWindowClose(a, c, names) },
	}
}

// A post-hook holds the client that runs it, and its lock, and lego ends one after two
// minutes: close tries for closeWithin, and for closeBehind once it is to end.
const (
	closeWithin = 90 * time.Second
	closeBehind = 5 * time.Second
)

func runWindowClose(a *app, c *cobra.Command, args []string) error {
	if err := noAddresses(args); err != nil {
		return err
	}
	names, err := parseNames(args)
	if err != nil {
		return err
	}
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was written is on disk by then
	_, stop := hangup(c.Context())
	defer stop()
	ours, held, others := a.toClose(s.Settings, names)
	if len(ours) == 0 {
		a.notices.line(nothingToClose(s, held, names))
	}
	ctx, done := letGoAfter(c.Context(), closeWithin, closeBehind)
	defer done()
	err = a.closeAll(ctx, s, ours)
	a.closeOrphans(ctx, s, others, c) // in what is left of the time
	return err
}

// toClose are the open windows by what close does with them: it closes ours, which
// hold one of the names, or any where there are none; leaves held to the processes
// that hold them; and closes others by the way, as any command does.
func (a *app) toClose(s config.Settings, names []zone.Name) (ours, held, others []journal.OpenWindow) {
	for _, w := range a.openWindows(s) {
		switch left := a.orphaned(s, w); {
		case touches(w, names) && (w.Hook || left):
			ours = append(ours, w)
		case touches(w, names):
			held = append(held, w)
		case left:
			others = append(others, w)
		}
	}
	return ours, held, others
}

// closeAll closes windows, one after the other. An error is about those that are not
// closed as they should be.
func (a *app) closeAll(ctx context.Context, s *config.Session, open []journal.OpenWindow) error {
	var errs []error
	for _, w := range open {
		errs = append(errs, a.closeHook(ctx, s, w))
	}
	if err := errors.Join(errs...); err != nil {
		return &coded{exitPartly, err}
	}
	return nil
}

// nothingToClose says that no window is open that is to be closed, who closes those
// that are held, and of which names there can be none.
func nothingToClose(s *config.Session, held []journal.OpenWindow, names []zone.Name) string {
	if len(held) > 0 {
		lines := make([]string, len(held))
		for i, w := range held {
			lines[i] = fmt.Sprintf("%s is held by %s, which closes it: nothing to do (%s closes it now)", leftText(w), holderText(w), s.Settings.Command("cancel "+w.Run))
		}
		return strings.Join(lines, "; ")
	}
	if len(names) == 0 {
		return "no window is open: nothing to do"
	}
	lines := []string{"no window of " + windowNames(names) + " is open: nothing to do"}
	for _, n := range names {
		if !s.HasRecord(n) {
			lines = append(lines, n.Display()+" is in no record of the inventory")
		}
	}
	return strings.Join(lines, "; ")
}

// touches tells whether the window holds one of the names; no names are any.
func touches(w journal.OpenWindow, names []zone.Name) bool {
	return len(names) == 0 || slices.ContainsFunc(w.Names, func(n zone.Name) bool { return slices.Contains(names, n) })
}

// closeHook closes a hook's window, also one that is just being opened, or one that
// nobody holds.
func (a *app) closeHook(ctx context.Context, s *config.Session, w journal.OpenWindow) error {
	run, err := journal.FindRun(s.Settings.StateDir, w.Run)
	if err != nil {
		return err
	}
	f, closed := a.followPlainly(s.Settings), false
	busy, err := run.Busy()
	if err != nil {
		return err
	}
	if busy {
		err = a.interrupt(ctx, s.Settings, w.Run)
	}
	if err == nil && !execute.LetGo(ctx) {
		closed, err = a.closeWindow(ctx, s, w.Run, "window close", f)
	}
	if closed {
		return err
	}
	if execute.LetGo(ctx) {
		err = about(w.Run, fmt.Errorf("%s is not closed yet, and the proxy may be off%s; its guard goes on with that, and so does: %s", leftText(w), f.stuck.why(), s.Settings.Command("recover --windows")))
	}
	a.tellOfOpen(context.WithoutCancel(ctx), w.Run, err)
	return err
}
