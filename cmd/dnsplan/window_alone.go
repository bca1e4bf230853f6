package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/report"
)

// commandAlone runs the command without a window, and passes its code on. What it was
// worth is told as behind a window: by the certificates that are served.
func (w *issuing) commandAlone(ctx context.Context, is config.Issuance) error {
	before := w.servedBefore(ctx, is)
	run := execute.CommandResult{Begun: w.clock.Now()}
	var err error
	if run.Code, err = w.command.Command(ctx); err != nil {
		w.tellOfKilled()
		return w.notBegun(ctx, w.session.Settings, is.Plan, fmt.Errorf("run %s: %w", w.argv[0], stopped(ctx, err)))
	}
	run.Ended = w.clock.Now()
	if run.Code != exitDone {
		problem := fmt.Sprintf("%s ended with %d, without a window", filepath.Base(w.argv[0]), run.Code)
		if err := w.session.CommandFailed(is.Origins, problem, run.Ended); err != nil {
			w.notices.line(fmt.Sprintf("warning: that %s cannot be written down: %v", problem, err))
		}
	}
	after := w.servedNow(ctx, before, run.Code == exitDone)
	if w.session.Settings.JSON {
		r := report.Result{
			Run: is.Plan.ID, Outcome: report.OutcomeNothing, ExitCode: run.Code, Began: run.Begun, Ended: w.clock.Now(),
			Window: report.WithoutWindow(is.Plan, execute.WindowResult{Command: &run, Certificates: after}),
		}
		if err := report.ResultJSON(w.stdout, r); err != nil && !errors.Is(err, syscall.EPIPE) { // nobody reads; the command's code counts
			return err
		}
	}
	return silent(run.Code)
}

// servedBefore are the certificates of the origins, as far as they can be asked.
func (w *issuing) servedBefore(ctx context.Context, is config.Issuance) []config.OriginCertificate {
	if !is.Plan.Empty() {
		return is.Served
	}
	served, err := w.session.OriginCertificates(ctx, is.Origins, w.clock.Now)
	if err != nil && ctx.Err() == nil {
		w.notices.line(fmt.Sprintf("warning: whether a new certificate is served will not be known: %v", err))
	}
	return served
}

// servedNow compares what the origins serve with before, and tells of it: of one that did
// not renew its certificate, although the command has ended well and it was due, as a
// warning. One that cannot be asked is none of a window, and nothing is said of it.
func (w *issuing) servedNow(ctx context.Context, before []config.OriginCertificate, well bool) []execute.CertificateResult {
	after, err := execute.CompareCertificates(ctx, w.session.Certifier(w.clock.Now), config.Before(before), func(ctx context.Context, d time.Duration) error {
		return w.clock.SleepUntil(ctx, w.clock.Now().Add(d))
	})
	if err != nil {
		return nil // a signal; the command's code counts
	}
	after = slices.DeleteFunc(after, func(r execute.CertificateResult) bool { return r.Issued == execute.IssuedUnknown })
	for _, r := range after {
		text := r.String()
		if warning := r.Warning(); warning != "" && well && !w.wasFresh(before, r.OriginCertificate) {
			text = "warning: " + warning
		}
		w.notices.line(text)
	}
	return after
}

// wasFresh tells whether the certificate at the address was not due.
func (w *issuing) wasFresh(before []config.OriginCertificate, at plan.OriginCertificate) bool {
	i := slices.IndexFunc(before, func(c config.OriginCertificate) bool { return c.Name == at.Name && c.Served.At.Addr() == at.Address })
	return i >= 0 && before[i].Fresh(w.clock.Now())
}
