// Command dnsplan changes DNS address records as a timed procedure: it plans
// the difference between an inventory and what a provider holds, and applies it
// as a sequence of steps that knows what caches still remember.
package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	_ "time/tzdata" // change windows name time zones, also where the system has none

	"golang.org/x/sys/unix"

	"github.com/dnsplan/dnsplan/providers/transport"
)

func main() {
	http.DefaultTransport = transport.NewCarrier(transport.Bounded(http.DefaultTransport)) // see providers/generic
	ctx, stop := interruptible(context.Background())
	code := run(ctx, system())
	stop()
	os.Exit(code)
}

// signalled is the cause of a context that a signal ended.
type signalled struct{ os.Signal }

// Error names the signal: "stopped by SIGINT".
func (s signalled) Error() string {
	if number, ok := s.Signal.(syscall.Signal); ok {
		return "stopped by " + unix.SignalName(number)
	}
	return "stopped by " + s.String()
}

// echo is how long a signal may be heard again: timeout(1), sudo and make pass
// on what the terminal has sent to the whole process group already.
const echo = time.Second

// interruptible returns a context that the first SIGINT or SIGTERM ends. A
// second one, when it is no echo of the first, ends the process at once.
func interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			cancel(signalled{s})
			ignore(signals, echo)
			signal.Stop(signals)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// ignore takes signals for a while.
func ignore(signals <-chan os.Signal, d time.Duration) {
	over := time.NewTimer(d)
	defer over.Stop()
	for {
		select {
		case <-signals:
		case <-over.C:
			return
		}
	}
}
