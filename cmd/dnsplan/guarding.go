package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

const (
	// guardGrace is how long behind the deadline the process may still be closing
	// the window: a provider takes its time. One that has said nothing for guardSilent
	// has guardSoon.
	guardGrace  = 20 * time.Second
	guardSilent = 6 * time.Second
	guardSoon   = 3 * time.Second
	// guardLook is how often it is looked at least whether the window is still there, and
	// how late it is. A guard that was much later than that itself, by guardStall, was
	// stopped, or the machine was, and the process with it, which has guardGrace then.
	guardLook  = 2 * time.Second
	guardStall = 3 * time.Second
	// guardPause is between two tries to close, and guardTries how many there are.
	// Then it is up to recover.
	guardPause = 30 * time.Second
	guardTries = 120
)

// newGuard is a command for the program itself: see guardian.
func newGuard(a *app) *cobra.Command {
	var deadline time.Duration
	c := &cobra.Command{
		Use:     "guard RUN",
		Short:   "Close an issuance window when the process that opened it cannot",
		Long:    "Is started by dnsplan window, and of no use without it.",
		Example: "  dnsplan window www.example.org -- certbot renew",
		Hidden:  true,
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runGuard(a, c, args[0], deadline) },
	}
	c.Flags().DurationVar(&deadline, "deadline", windowDeadline, "that of the window")
	return c
}

func runGuard(a *app, c *cobra.Command, id string, deadline time.Duration) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP) // the window's process hears them; its end is heard here
	pipe, err := inherited(guardHears)
	if err != nil {
		return fmt.Errorf("guard run %s: dnsplan window starts it: %w", id, err)
	}
	defer pipe.Close()
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was written is on disk by then
	g := &guarding{app: a, session: s, run: id, pipe: pipe, due: newOverdue(s.Settings.StateDir, id, deadline, a.clock.Now), parent: os.Getppid()}
	if err := g.armed(); err != nil {
		return err
	}
	ctx := context.WithoutCancel(c.Context())
	if why := g.watch(ctx); why != "" {
		a.notices.line(why + ": closing")
		var ending sync.WaitGroup
		defer ending.Wait()
		ending.Go(func() { endGroupOf(g.group) })
		return g.close(ctx)
	}
	return nil
}

// inherited is a descriptor that the parent has given to this process.
func inherited(fd int) (*os.File, error) {
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil {
		return nil, err
	}
	if stat.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		return nil, errors.New("it is no pipe")
	}
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil { // so that a read can have a deadline
		return nil, err
	}
	return os.NewFile(uintptr(fd), "guard"), nil
}

// guarding is the guard at work.
type guarding struct {
	*app
	session *config.Session
	run     string
	pipe    *os.File
	due     *overdue
	// limit is how long it may take at most, as long as the window is not opened late, by
	// the clock of due.
	limit time.Duration
	// looked is when it was last looked, and spared until when the parent is let alone,
	// by the same clock.
	looked, spared time.Duration
	// heard is when the parent has last said something.
	heard time.Time
	// parent is the process that opens the window; it lives as long as the pipe has
	// not ended.
	parent int
	group  int
	// open says that the parent need not live.
	open    bool
	pending []byte
}

// armed tells the parent that it is watched.
func (g *guarding) armed() error {
	says, err := inherited(guardSays)
	if err != nil {
		return fmt.Errorf("guard run %s: %w", g.run, err)
	}
	_, err = says.WriteString(guardArmed + "\n")
	return errors.Join(err, says.Close())
}

// watch returns why the window is to be closed from here; empty when it is not.
func (g *guarding) watch(ctx context.Context) string {
	g.looked, g.heard = g.due.steady(), time.Now()
	g.limit = g.looked + g.due.deadline + guardGrace
	for {
		words, err := g.listen(ctx)
		spared := g.spares()
		switch {
		case slices.Contains(words, guardDone):
			return ""
		case slices.Contains(words, guardLeft):
			return "the process that opened the window could not close it"
		case g.open:
			switch gone, late := g.late(0); {
			case gone:
				return ""
			case late:
				return "the deadline has passed"
			case g.halfClosed(ctx):
				return "somebody has begun to close it, and is at it no longer"
			}
		case errors.Is(err, io.EOF):
			return "the process that opened the window has died"
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Sprintf("the process that opened the window cannot be heard: %v", err)
		default:
			if _, late := g.late(g.grace()); late && !spared {
				g.kill()
				return "the process that opened the window hangs"
			}
		}
	}
}

// spares tells whether the process is let alone for now: this one was stopped a moment
// ago, or the machine was, so that nothing could be heard. Behind that it
// is not spared again for as long: a machine may go on like this.
func (g *guarding) spares() bool {
	now := g.due.steady()
	if now-g.looked > guardLook+guardStall && now >= g.spared+guardGrace {
		g.heard, g.spared = time.Now(), now+guardGrace
	}
	g.looked = now
	return now < g.spared
}

// grace is how long behind the deadline the parent may still be closing the window.
func (g *guarding) grace() time.Duration {
	if time.Since(g.heard) > guardSilent { // by a clock that nobody sets
		return guardSoon
	}
	return guardGrace
}

// late tells whether the mark of the window says that its deadline was that long
// ago, and whether it is gone, because the window is closed or not open yet. A mark
// that cannot be read counts as one whose window was opened when the guard was armed.
func (g *guarding) late(grace time.Duration) (gone, late bool) {
	by, open, err := g.due.look()
	if err != nil {
		return false, g.due.steady() > g.limit
	}
	return !open, open && by > grace
}

// halfClosed tells whether the window of a hook was told to close, or is closing for
// another reason, and nobody is at it.
func (g *guarding) halfClosed(ctx context.Context) bool {
	r, err := config.Reader(g.session.Settings, g.clock).Show(ctx, g.run)
	return err == nil && !r.Busy && !isOver(r.Result) && r.Result.Outcome != execute.OutcomeOpen
}

// listen takes in what is said within a while, and returns the words that remain.
func (g *guarding) listen(ctx context.Context) (words []string, err error) {
	if g.open { // nobody speaks any more
		return nil, rest(ctx, guardLook)
	}
	if err := g.pipe.SetReadDeadline(time.Now().Add(guardLook)); err != nil { // the machine's clock: it is about a process
		return nil, err
	}
	buf := make([]byte, 256)
	n, err := g.pipe.Read(buf)
	if n > 0 {
		g.heard = time.Now()
	}
	g.pending = append(g.pending, buf[:n]...)
	for {
		line, rest, whole := bytes.Cut(g.pending, []byte("\n"))
		if !whole {
			return words, err
		}
		g.pending = rest
		word, number, _ := strings.Cut(string(line), " ")
		switch word {
		case guardGroup:
			g.group, _ = strconv.Atoi(number) // 0 where it is none
		case guardOpen:
			g.open = true
		default:
			words = append(words, word)
		}
	}
}

// kill ends the parent, which has the other end of the pipe, and waits for that.
func (g *guarding) kill() {
	if os.Getppid() != g.parent { // the pipe goes on in another process
		return
	}
	_ = syscall.Kill(g.parent, syscall.SIGKILL)
	_ = g.pipe.SetReadDeadline(time.Now().Add(endWithin)) // the machine's clock: it is about a process
	_, _ = io.Copy(io.Discard, g.pipe)
}

// endGroupOf ends a process group that its own process left behind; 0 is none.
func endGroupOf(group int) {
	if group > 1 {
		askGroup(group, syscall.SIGTERM)
		endGroup(group, endWithin, nil)
	}
}

// close closes the window, and tries again while that does not get through.
func (g *guarding) close(ctx context.Context) error {
	var err error
	for try := range guardTries {
		var closed bool
		closed, err = g.closeWindow(ctx, g.session, g.run, "guard", g.follow(g.session.Settings))
		if closed {
			return err
		}
		if errors.Is(err, journal.ErrNoRun) { // its folder is gone, and with it what could close the window
			g.tellOfOpen(ctx, g.run, err)
			return err
		}
		if try == 0 && !errors.Is(err, journal.ErrBusy) && !as[*journal.HeldError](err) {
			g.tellOfOpen(ctx, g.run, err)
		}
		pause := guardPause
		if try < 10 && (errors.Is(err, journal.ErrBusy) || as[*journal.HeldError](err)) {
			pause = guardLook / 4 // its process is just going
		}
		if rest(ctx, pause) != nil {
			break
		}
	}
	return err
}

// rest waits for a while, by a timer: the wall clock may be set back meanwhile. Its error
// is the end of ctx.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
