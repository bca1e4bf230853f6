package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/providers"
)

// patience is how long all checks of one provider, or of one resolver, may take.
const patience = 30 * time.Second

// Examine looks at everything that a run needs of the world: each provider of
// the inventory, each resolver, each vantage, where events are told, and the state
// folder, in this order. Nothing is written, no message is sent, no folder is made.
// Advice turns an error into what to do about it, or into nothing.
func (s *Session) Examine(ctx context.Context, now time.Time, advice func(error) string) report.Examination {
	resolvers := s.Inventory.Verify.Resolvers
	parts := make([][]report.Check, len(s.Inventory.Providers)+len(resolvers), len(s.Inventory.Providers)+len(resolvers)+3)
	var g errgroup.Group
	g.SetLimit(zonesAtOnce)
	for i, p := range s.Inventory.Providers {
		g.Go(func() error {
			e := &examiner{Session: s, advice: advice, entry: p}
			parts[i] = e.provider(ctx)
			return nil
		})
	}
	for i, r := range resolvers {
		g.Go(func() error {
			parts[len(s.Inventory.Providers)+i] = []report.Check{s.examineResolver(ctx, r, advice)}
			return nil
		})
	}
	_ = g.Wait() // what went wrong is in the checks
	parts = append(parts, s.examineVantages(ctx, advice), s.examineNotifies(advice), []report.Check{s.examineState(advice)})
	return report.Examination{Checked: now, Checks: slices.Concat(parts...)}
}

// examiner looks at one provider.
type examiner struct {
	*Session
	advice func(error) string
	entry  inventory.Provider
	checks []report.Check
}

func (e *examiner) provider(ctx context.Context) []report.Check {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, impatience{})
	defer cancel()
	if !e.credentials() || e.untouched() {
		return e.checks
	}
	p, err := e.Provider(ctx, e.entry.Name)
	if err != nil {
		e.failed("open", "", providers.Bad, err)
		return e.checks
	}
	e.add(providers.Finding{Topic: "open", Detail: "type " + e.entry.Type})
	zones := e.zones()
	var found []providers.Finding
	if x, ok := p.(providers.Examiner); ok {
		found = x.Examine(ctx, namesOf(zones))
	}
	e.take(found, func(f providers.Finding) bool { return f.Zone == "" && f.Topic != "clock" })
	if e.told("") {
		e.take(found, func(f providers.Finding) bool { return f.Zone != "" && !e.repeats(f) })
	} else {
		e.contents(ctx, p, zones, found)
	}
	e.limits(p, zones)
	e.budget(p)
	e.take(found, func(f providers.Finding) bool { return f.Topic == "clock" })
	return e.checks
}

// contents lists the zones, reads each of the inventory's and asks its name
// servers. Where something is wrong with the whole provider that would only fail
// again, slowly.
func (e *examiner) contents(ctx context.Context, p providers.Provider, zones []inventory.Zone, found []providers.Finding) {
	reads := readAll(ctx, p, zones)
	served := e.nameServers(ctx, p, zones, reads)
	e.listing(ctx, p, zones, reads)
	for i, z := range zones {
		e.take(found, func(f providers.Finding) bool { return f.Zone == z.Name })
		e.reading(z, reads[i])
		for _, f := range served[i] {
			e.add(f)
		}
	}
}

// take adds those of found that fit.
func (e *examiner) take(found []providers.Finding, fits func(providers.Finding) bool) {
	for _, f := range found {
		if fits(f) {
			e.add(f)
		}
	}
}

// told tells whether something wrong is said of a zone already, or of the whole
// provider where z is empty.
func (e *examiner) told(z zone.Name) bool {
	return slices.ContainsFunc(e.checks, func(c report.Check) bool { return c.Zone == z && c.Verdict == providers.Bad })
}

// repeats tells a finding about a zone that only says again what is wrong with
// the whole provider: in the same words, or that it refuses the same credentials.
func (e *examiner) repeats(f providers.Finding) bool {
	return f.Verdict == providers.Bad && slices.ContainsFunc(e.checks, func(c report.Check) bool {
		same := strings.HasSuffix(c.Detail, f.Detail) || c.Topic == "credentials" && errors.Is(f.Err, providers.ErrCredentials)
		return same && c.Zone == "" && c.Verdict == providers.Bad
	})
}

// impatience is why a check was given up.
type impatience struct{}

func (impatience) Error() string        { return fmt.Sprintf("no answer within %s", patience) }
func (impatience) Is(target error) bool { return target == context.DeadlineExceeded }

// orImpatience says how long was waited, where that is why err came.
func orImpatience(ctx context.Context, err error) error {
	if _, ours := errors.AsType[impatience](context.Cause(ctx)); ours && errors.Is(err, context.DeadlineExceeded) {
		return impatience{}
	}
	return err
}

// add takes a finding in, with the view of its zone. Nothing is wrong without
// something to do about it.
func (e *examiner) add(f providers.Finding) {
	if f.Remedy == "" && f.Err != nil {
		f.Remedy = e.advice(f.Err)
	}
	if f.Verdict == providers.Bad && f.Remedy == "" {
		f.Remedy = e.lookAt()
	}
	c := report.Check{Subject: "provider", Name: e.entry.Name, Finding: f}
	for _, z := range e.zones() {
		if z.Name == f.Zone {
			c.View = z.View
		}
	}
	e.checks = append(e.checks, c)
}

// failed takes an error in. The line names the provider already.
func (e *examiner) failed(topic string, z zone.Name, v providers.Verdict, err error) {
	detail := strings.TrimPrefix(err.Error(), fmt.Sprintf("provider %q: ", e.entry.Name))
	e.add(providers.Finding{Topic: topic, Zone: z, Verdict: v, Detail: detail, Err: err})
}

// lookAt names the settings that an error may come from.
func (e *examiner) lookAt() string {
	keys := slices.Collect(maps.Keys(e.entry.Settings))
	for _, c := range e.entry.Credentials() {
		keys = append(keys, c.Key)
	}
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) == 0 {
		return "see each request with -v"
	}
	return "check " + strings.Join(keys, ", ") + " of the provider; -v shows each request"
}

// zones are the inventory's that the provider holds.
func (e *examiner) zones() []inventory.Zone {
	var out []inventory.Zone
	for _, z := range e.Inventory.Zones {
		if z.Provider == e.entry.Name {
			out = append(out, z)
		}
	}
	return out
}

func namesOf(zones []inventory.Zone) []zone.Name {
	var out []zone.Name
	for _, z := range zones {
		out = append(out, z.Name)
	}
	return out
}

// credentials tells where each secret was found. It returns false when one is
// missing, which makes opening pointless.
func (e *examiner) credentials() bool {
	ok := true
	for _, c := range e.entry.Credentials() {
		secret, err := c.Resolve(e.secretSources())
		switch {
		case err != nil:
			ok = false
			e.failed("credentials", "", providers.Bad, fmt.Errorf("%s: %w", c.Key, err))
		case secret.Origin() != "":
			e.add(providers.Finding{Topic: "credentials", Detail: c.Key + ": " + secret.Origin()})
		case e.entry.Type == "rfc2136":
			e.add(providers.Finding{
				Topic: "credentials", Verdict: providers.Unclear, Detail: "none, requests are not signed",
				Remedy: "name a key with tsig_name and tsig_secret, unless the server goes by the address of who asks",
			})
		}
	}
	return ok
}

// untouched tells of a sandbox that is not there yet. Opening would make it.
func (e *examiner) untouched() bool {
	if e.entry.Type != "sandbox" {
		return false
	}
	dir := filepath.Join(e.Session.Settings.StateDir, "sandbox")
	if d := e.entry.Settings["dir"]; d != "" {
		dir = e.Inventory.InFolder(d)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.zone"))
	if err != nil || len(files) > 0 {
		return false
	}
	e.add(providers.Finding{Topic: "open", Detail: "not there yet, the first command that needs it makes " + dir})
	return true
}
