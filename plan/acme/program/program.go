// Package program runs a program that the inventory names, as ssh, to have
// something done that dnsplan cannot do itself, or not from here:
//
//	p := program.Program{Argv: []string{"ssh", "probe@192.0.2.7", "dnsplan", "vantage"}, Keep: 64 << 10}
//	said, err := p.Run(ctx, request)
//	if err != nil {
//		return err // "exit status 255: Permission denied (publickey)."
//	}
//
// No shell reads the arguments. It runs in a session of its own, without a
// terminal, so that it fails where it would ask for a password.
package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// Program is what to run, and where. It is not changed, and may be run several
// times at once.
type Program struct {
	// Argv is the program and its first arguments. One without a slash is looked
	// for along PATH.
	Argv []string
	// Dir is where it runs, and where relative paths start; empty is the process's
	// own.
	Dir string
	// Keep is how much of its output is kept, in bytes. The rest is read and lost,
	// so that nothing stops the program.
	Keep int
}

const (
	// grace is how long a program may take to end when it is told to, and how long
	// its streams may stay open behind its end.
	grace = 2 * time.Second
	// lastWords is how much is kept of what it says at the end.
	lastWords = 4 << 10
)

var errEmpty = errors.New("the command is empty")

// Run runs it with more arguments behind its own and input on its standard input,
// and returns what it writes to its standard output. Exit status 0 says that it is
// done; the error of another has the last line that it has said behind it.
//
// When ctx ends, it is told to end by SIGTERM and killed two seconds later, with
// all that it has started in its process group; the error is then ctx's cause.
// What a program leaves running when it is done, as a shared connection of ssh, may
// hold its streams: it is waited for as briefly, and left alone.
func (p Program) Run(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	if len(p.Argv) == 0 {
		return nil, errEmpty
	}
	out, said := &output{most: p.Keep}, &output{most: lastWords, last: true}
	cmd := exec.CommandContext(ctx, p.Argv[0], slices.Concat(p.Argv[1:], args)...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Dir, bytes.NewReader(input), out, said
	cmd.SysProcAttr, cmd.WaitDelay = &syscall.SysProcAttr{Setsid: true}, grace
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	err := cmd.Run()
	if cmd.Process != nil && ctx.Err() != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what does not listen
	}
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return out.text, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	for _, o := range []*output{said, out} {
		if line := o.lastLine(); line != "" {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
	}
	return nil, err
}

// output keeps the first bytes that are written to it or, with last, the last
// ones.
type output struct {
	most int
	last bool
	text []byte
}

func (o *output) Write(p []byte) (int, error) {
	o.text = append(o.text, p...)
	if over := len(o.text) - o.most; over > 0 && o.last {
		o.text = o.text[over:]
	} else if over > 0 {
		o.text = o.text[:o.most]
	}
	return len(p), nil
}

// lastLine is the last line, without what could harm a terminal.
func (o *output) lastLine() string {
	lines := strings.Split(strings.TrimSpace(string(o.text)), "\n")
	return Plain(lines[len(lines)-1])
}

// maxLine bounds what Plain leaves, in bytes.
const maxLine = 300

// Plain makes one line of printable text out of the words of a program, or of
// anybody, and cuts what is too long.
func Plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > maxLine {
		s = strings.ToValidUTF8(s[:maxLine], "")
	}
	return strings.TrimSpace(s)
}
