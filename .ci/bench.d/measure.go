package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The limits that -check holds dnsplan to.
const (
	maxRatio  = 4.0 // median wall time, as a multiple of the floor's
	maxMemory = 250 // peak resident memory in MB (10^6 bytes)
)

type options struct {
	dnsplan string
	jobs    string
	rounds  int
	check   bool
}

// bench measures one job after the other in a folder of its own.
type bench struct {
	options
	self string
	work string
	out  io.Writer
}

func measure(ctx context.Context, args []string, out io.Writer) error {
	b := bench{out: out}
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.StringVar(&b.dnsplan, "dnsplan", "dnsplan", "binary to measure; empty: the floor alone")
	flags.StringVar(&b.jobs, "jobs", "100x1000,1x100000", "zones x records, comma-separated")
	flags.IntVar(&b.rounds, "rounds", 5, "runs of each, in turn")
	flags.BoolVar(&b.check, "check", false, "fail over the limits of time and memory")
	if err := flags.Parse(args); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "dnsplan-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b.work = work
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	return b.runJobs(ctx)
}

func (b *bench) runJobs(ctx context.Context) error {
	fmt.Fprintf(b.out, "%-10s %-6s %-8s %9s %9s %9s %7s %7s\n", "job", "phase", "tool", "wall s", "cpu s", "peak MB", "wall x", "cpu x")
	var over []string
	for job := range strings.SplitSeq(b.jobs, ",") {
		found, err := b.runJob(ctx, job)
		if err != nil {
			return fmt.Errorf("job %s: %w", job, err)
		}
		over = append(over, found...)
	}
	for _, o := range over {
		fmt.Fprintln(b.out, "over the limit:", o)
	}
	if b.check && len(over) > 0 {
		return fmt.Errorf("%d figures are over the limit", len(over))
	}
	return nil
}

// runJob generates a job, runs every tool on a fresh copy of it in turn, and
// returns what is over a limit.
func (b *bench) runJob(ctx context.Context, job string) ([]string, error) {
	var zones, records int
	if _, err := fmt.Sscanf(job, "%dx%d", &zones, &records); err != nil {
		return nil, fmt.Errorf("want ZONESxRECORDS: %w", err)
	}
	source := filepath.Join(b.work, job)
	args := []string{"generate", "-zones", fmt.Sprint(zones), "-records", fmt.Sprint(records), source}
	if _, err := timed(ctx, b.self, args...); err != nil {
		return nil, err
	}
	want, err := readTruth(source)
	if err != nil {
		return nil, err
	}
	samples := map[string][]sample{}
	for range b.rounds {
		for _, t := range b.tools() {
			s, err := b.once(ctx, t, source, want)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", t.name, t.phase, err)
			}
			samples[t.key()] = append(samples[t.key()], s)
		}
	}
	return b.report(job, samples), nil
}

func readTruth(dir string) (truth, error) {
	var t truth
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(text, &t)
}

// report prints a job's medians and returns what is over a limit.
func (b *bench) report(job string, samples map[string][]sample) []string {
	var over []string
	for _, t := range b.tools() {
		got, base := median(samples[t.key()]), median(samples[tool{phase: t.phase, name: floorName}.key()])
		ratio := got.wall.Seconds() / base.wall.Seconds()
		fmt.Fprintf(b.out, "%-10s %-6s %-8s %9.3f %9.3f %9.1f %7.2f %7.2f\n", job, t.phase, t.name,
			got.wall.Seconds(), got.cpu.Seconds(), got.peakMB, ratio, got.cpu.Seconds()/base.cpu.Seconds())
		if t.name == floorName {
			continue
		}
		if ratio > maxRatio {
			over = append(over, fmt.Sprintf("%s %s takes %.2f times the floor's wall time, limit %.1f", job, t.phase, ratio, maxRatio))
		}
		if got.peakMB > maxMemory {
			over = append(over, fmt.Sprintf("%s %s takes %.0f MB, limit %d MB", job, t.phase, got.peakMB, maxMemory))
		}
	}
	return over
}
