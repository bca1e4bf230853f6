package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// What the lines of the table have is tested by TestHints.
func TestExit(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("apply plan: %w", err) }
	tests := []struct {
		name string
		err  error
		code int
		hint string
	}{
		{"nothing", nil, exitDone, ""},
		{"differences", silent(exitDifferences), exitDifferences, ""},
		{"damaged, only shown", &coded{exitError, wrap(plan.ErrDamaged)}, exitError, "plan -o FILE"},
		{"guard", refused("no"), exitRefused, ""},
		{"a web page of status 403", wrap(&transport.AnswerError{Status: 403, Page: true}), exitError, "what stands between"},
		{"status 403", wrap(&transport.AnswerError{Status: 403}), exitError, "credentials"},
		{"no zone and no inventory", &withoutInventory{wrap(providers.ErrZoneNotFound)}, exitError, "check the zone's name and its provider\n"},
		{"a provider without an inventory", &withoutInventory{&config.ProviderError{Err: errors.New("it is Monday")}}, exitError, "-v shows each request\n"},
		{"flag", &usageError{"dnsplan plan", errors.New("unknown flag")}, exitError, "dnsplan plan --help"},
		{"other", wrap(errors.New("it is Monday")), exitError, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			a := saying(&stderr)
			if got := a.exit(t.Context(), tt.err, config.Settings{}.Command); got != tt.code {
				t.Errorf("exit code %d, want %d", got, tt.code)
			}
			quiet := tt.err == nil || tt.name == "differences"
			if quiet != (stderr.Len() == 0) || !quiet && !strings.HasPrefix(stderr.String(), "dnsplan: error: "+tt.err.Error()+"\n") {
				t.Errorf("says %q", stderr.String())
			}
			_, hint, _ := strings.Cut(stderr.String(), "dnsplan: hint: ")
			if !strings.Contains(hint, tt.hint) || tt.hint == "" && hint != "" {
				t.Errorf("hint %q, want one with %q", hint, tt.hint)
			}
		})
	}
}

// saying is a program whose standard error is no terminal.
func saying(stderr io.Writer) *app {
	return &app{stderr: stderr, terminal: noTerminal, env: func(string) (string, bool) { return "", false }}
}

// noTerminal is a stream that is no terminal.
func noTerminal(any) (int, bool) { return 0, false }

// What a server has said cannot harm the terminal that its error is printed on.
func TestExitIsPrintable(t *testing.T) {
	var stderr bytes.Buffer
	saying(&stderr).exit(t.Context(), errors.New("rehearse: \x1b]0;owned\a\r\u009b2J\u202ereversed\n\tnext"), config.Settings{}.Command)
	if want := "dnsplan: error: rehearse: ?]0;owned? ?2J?reversed\n next\n"; stderr.String() != want {
		t.Errorf("%q, want %q", stderr.String(), want)
	}
}

// A signal ends every command with its own code, however the error tells of it,
// and with no other word of an error.
func TestExitBySignal(t *testing.T) {
	for signal, want := range map[syscall.Signal]struct {
		code int
		name string
	}{syscall.SIGINT: {130, "SIGINT"}, syscall.SIGTERM: {143, "SIGTERM"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(signalled{signal})
		for _, err := range []error{
			ctx.Err(), context.Cause(ctx), fmt.Errorf("read zone: %w", ctx.Err()),
			fmt.Errorf("read zone: %w", context.Cause(ctx)), errors.Join(ctx.Err(), nil),
		} {
			var stderr bytes.Buffer
			a := saying(&stderr)
			if got := a.exit(ctx, err, config.Settings{}.Command); got != want.code || stderr.String() != "dnsplan: stopped by "+want.name+"\n" {
				t.Errorf("%v: exit code %d, says %q", err, got, stderr.String())
			}
		}
		if got := codeOf(ctx, errors.New("refused")); got != exitError {
			t.Errorf("another error under a signal: %d", got)
		}
	}
}

// A command that is stopped while it reads says so with the signal's code.
func TestSignalWhileReading(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(signalled{syscall.SIGINT})
	p := newProgram(t, "")
	for _, args := range [][]string{{"plan"}, {"drift"}, {"backup"}, {"apply", "--auto-approve"}} {
		got := p.runWith(ctx, args...).is(t, exitInterrupted)
		if strings.Contains(got.stderr, "error") {
			t.Errorf("%s: %s", args[0], got.stderr)
		}
	}
}

// What is suggested carries the flags that this command was given.
func TestHintIsPasteable(t *testing.T) {
	command := func(words string) string { return "dnsplan " + words + " -i web.toml" }
	const hint = "go on: {resume RUN}; or {cancel RUN}, and see {show RUN}"
	if got, want := pasted(hint, "01K5", command),
		"go on: dnsplan resume 01K5 -i web.toml; or dnsplan cancel 01K5 -i web.toml, and see dnsplan show 01K5 -i web.toml"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := pasted("see {show RUN}", "", command); got != "see dnsplan runs -i web.toml" {
		t.Errorf("%q", got)
	}
}

// Who is at work is what the environment says, or else the system.
func TestUser(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"SUDO_USER": "ann", "USER": "root"}, "ann"},
		{map[string]string{"LOGNAME": "ben"}, "ben"},
		{nil, "uid 1000"},
	} {
		a := &app{env: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }, account: func() string { return "uid 1000" }}
		if got := a.user(); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.env, got, tt.want)
		}
	}
	if account() == "" {
		t.Error("the system has no name for this user, and no number")
	}
}
