// Command bench times dnsplan on zone files beside a bare parse-and-diff with
// miekg/dns of the same files, in turn and each on a fresh copy:
//
//	bench generate -zones 100 -records 1000 DIR
//	bench floor plan|apply DIR
//	bench check DIR
//	bench run -dnsplan BINARY -jobs 100x1000,1x100000 -rounds 5 -check
//
// Each of the first three is a process of its own, so that the one that
// measures stays small: the kernel counts the memory of the process that starts
// a program as the program's own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("say generate, floor, check or run")
	}
	switch args[0] {
	case "generate":
		return generate(args[1:])
	case "floor":
		return floor(args[1:], out)
	case "check":
		return check(args[1:])
	case "run":
		return measure(ctx, args[1:], out)
	}
	return fmt.Errorf("no command %q", args[0])
}
