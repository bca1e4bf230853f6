package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
)

const (
	// guardBeat is how often the process says that it lives.
	guardBeat = time.Second
	// guardHeeds bounds how long it may take to say something to a guard that hangs.
	guardHeeds = 100 * time.Millisecond
	// guardsMore is how many guards come after the first, where it dies.
	guardsMore = 3
	// guardLetGo is how long behind the deadline the process tries to close the window,
	// before it leaves that to the guard, which would kill it at guardGrace.
	guardLetGo = guardGrace - 6*time.Second
)

// guardian is this process's end of the guard. A nil one stands for none. Until done or
// leave it says that the process lives, and arms another guard where one has died.
type guardian struct {
	// again starts another guard, and warn tells people.
	again func() (*exec.Cmd, *os.File, error)
	warn  func(text string)
	// late tells whether the window ought to have been closed for long, and letGo has
	// the process leave that to the guard.
	late  func() bool
	letGo func()

	mu    sync.Mutex
	cmd   *exec.Cmd
	pipe  *os.File
	last  string // the last word about the group
	stop  chan struct{}
	beats sync.WaitGroup
}

// arm starts the guard of a run that has begun and written nothing yet. LetGo has this
// process leave a window to the guard that it cannot close. There is no guard where the
// program does not know itself, as within a test.
func (a *app) arm(ctx context.Context, s *config.Session, id string, deadline time.Duration, letGo func()) (*guardian, error) {
	if a.executable == nil {
		return nil, nil //nolint:nilnil // a nil guardian is none
	}
	due := newOverdue(s.Settings.StateDir, id, deadline, a.clock.Now)
	g := &guardian{
		again: func() (*exec.Cmd, *os.File, error) { return a.guard(ctx, s, id, deadline) },
		warn:  func(text string) { a.notices.line("warning: " + text) },
		late: func() bool {
			late, open, err := due.look()
			return err == nil && open && late > guardLetGo
		},
		letGo: letGo, stop: make(chan struct{}),
	}
	var err error
	if g.cmd, g.pipe, err = g.again(); err != nil {
		return nil, err
	}
	g.beats.Go(g.beat)
	return g, nil
}

// beat says that this process lives, until it is stopped.
func (g *guardian) beat() {
	tick := time.NewTicker(guardBeat)
	defer tick.Stop()
	for more := guardsMore; ; {
		select {
		case <-g.stop:
			return
		case <-tick.C:
		}
		switch dead := errors.Is(g.tell(guardAlive), syscall.EPIPE); {
		case dead && more == 0:
			g.warn("its guard has died again: nothing closes the window should this process die too, but dnsplan recover")
			return
		case dead:
			more--
			g.replace()
		case g.late():
			g.letGo()
			return
		}
	}
}

// replace arms another guard in place of one that has died.
func (g *guardian) replace() {
	_ = g.cmd.Wait() // what it has ended with says nothing
	cmd, pipe, err := g.again()
	if err != nil {
		g.warn(fmt.Sprintf("its guard (process %d) has died, and there is no other: %v", g.cmd.Process.Pid, err))
		return
	}
	g.warn(fmt.Sprintf("its guard (process %d) has died; process %d guards the window now", g.cmd.Process.Pid, cmd.Process.Pid))
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.pipe.Close()
	g.cmd, g.pipe = cmd, pipe
	if g.last != "" {
		_ = g.say(g.last)
	}
}

// tell says a line. A guard that was killed hears nothing, which stops nothing.
func (g *guardian) tell(line string) error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.say(line)
}

// say is tell for who holds mu. A guard that hangs is not waited for.
func (g *guardian) say(line string) error {
	_ = g.pipe.SetWriteDeadline(time.Now().Add(guardHeeds)) // the machine's clock: it is about a process
	_, err := g.pipe.WriteString(line + "\n")
	return err
}

// group tells the guard the command's process group; 0 is none.
func (g *guardian) group(id int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = guardGroup + " " + strconv.Itoa(id)
	_ = g.say(g.last) // another guard is told too
}

// rest ends what goes on beside.
func (g *guardian) rest() {
	close(g.stop)
	g.beats.Wait()
}

// done dismisses the guard.
func (g *guardian) done() {
	if g == nil {
		return
	}
	g.rest()
	_ = g.tell(guardDone)
	gone := make(chan struct{})
	go func() { _ = g.cmd.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(guardLeaves): // it hears the end of this process too
	}
	_ = g.pipe.Close()
}

// leave lets the guard go on alone: it closes the window, now or, where that is
// open for a hook, at its deadline.
func (g *guardian) leave(open bool) {
	if g == nil {
		return
	}
	g.rest()
	word := guardLeft
	if open {
		word = guardOpen
	}
	_ = g.tell(word)
	_ = g.pipe.Close()
	_ = g.cmd.Process.Release()
}
