package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const floorName = "floor"

// tool is one program in one phase of work.
type tool struct {
	phase, name string
	binary      string
	args        []string // the job's folder is the working folder
}

func (t tool) key() string { return t.phase + " " + t.name }

func (b *bench) tools() []tool {
	var out []tool
	for _, phase := range []string{"plan", "apply"} {
		out = append(out, tool{phase: phase, name: floorName, binary: b.self, args: []string{"floor", phase, "."}})
		if b.dnsplan != "" {
			args := []string{"plan"}
			if phase == "apply" {
				args = []string{"apply", "--strategy", "direct", "--auto-approve"}
			}
			out = append(out, tool{phase: phase, name: "dnsplan", binary: b.dnsplan, args: args})
		}
	}
	return out
}

// sample is what one run of a program took.
type sample struct {
	wall, cpu time.Duration
	peakMB    float64
	stdout    string
}

// once runs t on a fresh copy of a job and checks what it said and left.
func (b *bench) once(ctx context.Context, t tool, source string, want truth) (sample, error) {
	dir := filepath.Join(b.work, "copy")
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		return sample{}, err
	}
	syscall.Sync() // the copy's own writes are not the program's to wait for
	s, err := timedIn(ctx, dir, t.binary, t.args...)
	if err != nil {
		return s, err
	}
	if t.phase == "plan" {
		return s, wantCounts(s.stdout, want)
	}
	if _, err := timed(ctx, b.self, "check", dir); err != nil {
		return s, err
	}
	return s, b.wantQuiet(ctx, t, dir)
}

// wantCounts fails unless the last line of a plan tells the truth.
func wantCounts(stdout string, t truth) error {
	want := fmt.Sprintf("Plan: %d to create, %d to update, %d to delete.", t.Create, t.Update, t.Delete)
	if got := lastLine(stdout); got != want {
		return fmt.Errorf("said %q, want %q", got, want)
	}
	return nil
}

// wantQuiet fails unless a second plan finds nothing to do.
func (b *bench) wantQuiet(ctx context.Context, t tool, dir string) error {
	if t.name == floorName {
		return nil
	}
	s, err := timedIn(ctx, dir, t.binary, "plan")
	if err != nil {
		return err
	}
	if got := lastLine(s.stdout); got != "No changes." {
		return fmt.Errorf("the second plan said %q", got)
	}
	return nil
}

func lastLine(s string) string {
	s = strings.TrimRight(s, "\n")
	return s[strings.LastIndexByte(s, '\n')+1:]
}

func timed(ctx context.Context, binary string, args ...string) (sample, error) {
	return timedIn(ctx, "", binary, args...)
}

// timedIn runs a program to its end in a folder. Processor time and peak memory
// are those of the whole process, as the kernel counted them (wait4).
func timedIn(ctx context.Context, dir, binary string, args ...string) (sample, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	s := sample{wall: time.Since(start), stdout: stdout.String()}
	if err != nil {
		return s, fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, stdout.String(), stderr.String())
	}
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peakMB = float64(usage.Maxrss) * 1024 / 1e6
	}
	return s, nil
}

// median returns the medians of each figure on its own.
func median(samples []sample) sample {
	return sample{
		wall:   middle(samples, func(s sample) time.Duration { return s.wall }),
		cpu:    middle(samples, func(s sample) time.Duration { return s.cpu }),
		peakMB: middle(samples, func(s sample) float64 { return s.peakMB }),
	}
}

func middle[T ~int64 | ~float64](samples []sample, figure func(sample) T) T {
	all := make([]T, 0, len(samples))
	for _, s := range samples {
		all = append(all, figure(s))
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}
