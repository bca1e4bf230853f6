package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
)

// examineResolver asks a resolver for the SOA record of the first zone, or of
// the root. Names that may change are not asked for, so nothing is cached.
func (s *Session) examineResolver(ctx context.Context, r inventory.Resolver, advice func(error) string) report.Check {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, impatience{})
	defer cancel()
	c := report.Check{Subject: "resolver", Name: r.Name, Finding: providers.Finding{Topic: "answers"}}
	server, err := resolver.ParseServer(r.Name, r.Address, r.Protocol)
	if err != nil {
		c.Verdict, c.Detail, c.Remedy = providers.Bad, err.Error(), advice(err)
		return c
	}
	apex := zone.Name(".")
	if len(s.Inventory.Zones) > 0 {
		apex = s.Inventory.Zones[0].Name
	}
	answer := s.client.SOA(ctx, server, apex, true)
	c.Finding = answers(answer)
	return c
}

// answers judges what a resolver says about the SOA record of a zone.
func answers(a resolver.SOAAnswer) providers.Finding {
	a.Server.Name = ""
	f := providers.Finding{Topic: "answers", Detail: a.Server.String()}
	switch {
	case a.Status == resolver.Answered:
		f.Detail += ", in " + took(a.RTT)
	case a.Status.Definite():
		f.Verdict, f.Detail = providers.Unclear, f.Detail+" knows no zone "+a.Zone.Display()+": "+a.Status.String()
		f.Remedy = "it cannot verify the zone's names, unless through another view"
	case a.Rcode != "":
		f.Verdict, f.Detail = providers.Bad, f.Detail+" does not resolve "+a.Zone.Display()+": "+cause(a)
		f.Remedy = "let the resolver answer this machine, or name another one in [[verify.resolver]]"
	default:
		f.Verdict, f.Detail = providers.Bad, f.Detail+": "+cause(a)
		f.Remedy = "check its address and protocol in [[verify.resolver]], and that nothing on the way drops packets to it"
	}
	return f
}

// took tells a time to the millisecond.
func took(d time.Duration) string {
	if d < time.Millisecond {
		return "less than 1 ms"
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// cause is why there is no definite answer, in as few words as say it.
func cause(a resolver.SOAAnswer) string {
	q, ok := errors.AsType[*resolver.QueryError](a.Err)
	if !ok || a.Status.Unreachable() || a.Status == resolver.Timeout {
		return a.Status.String()
	}
	return q.Cause.Error()
}

// examineState tells whether the state folder can be used, or made.
func (s *Session) examineState(advice func(error) string) report.Check {
	dir := filepath.Clean(s.Settings.StateDir)
	c := report.Check{Subject: "state folder", Finding: providers.Finding{Topic: "access", Detail: dir + " can be written"}}
	_, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		c.Detail = dir + " is not there yet, the first run makes it"
		err = makeable(dir)
	} else if err == nil {
		err = journal.OpenState(dir)
	}
	if err == nil {
		return c
	}
	c.Verdict, c.Detail, c.Remedy = providers.Bad, err.Error(), advice(err)
	if refused, ok := errors.AsType[*journal.StateError](err); ok {
		c.Detail, c.Remedy = refused.Path+": "+refused.Reason, refused.Fix
	}
	return c
}

// makeable returns why dir, which is not there, cannot be made.
func makeable(dir string) error {
	parent := filepath.Dir(dir)
	info, err := os.Stat(parent)
	switch {
	case errors.Is(err, fs.ErrNotExist) && parent != filepath.Dir(parent):
		return makeable(parent)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s cannot be made: %s is not a folder", dir, parent)
	}
	if err := unix.Faccessat(unix.AT_FDCWD, parent, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return &fs.PathError{Op: "make a folder in", Path: parent, Err: err}
	}
	return nil
}
