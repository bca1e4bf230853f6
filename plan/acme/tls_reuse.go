package acme

import (
	"context"
	"fmt"
	"time"

	"github.com/dnsplan/dnsplan/inventory/authority"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/acme/ledger"
)

const hoursOfDay = 24 * time.Hour

// shortLife is the longest life of a certificate of a profile whose authorizations
// are good for hours alone: "tlsserver", "shortlived", and from 2028 on "classic".
const shortLife = 46 * hoursOfDay

// reused is how long Let's Encrypt orders without asking again what it has found
// out about a name, by the profile of the certificate and by date
// (https://letsencrypt.org/docs/profiles/, and its announcement of 2 December 2025).
//
//	certificate          from         reused
//	of 45 days or less   -            7 hours
//	longer (classic)     -            30 days
//	longer (classic)     2027-02-10   10 days
//	longer (classic)     2028-02-16   7 hours
func reused(life time.Duration, now time.Time) time.Duration {
	classic := []struct {
		from   time.Time
		period time.Duration
	}{
		{time.Time{}, 30 * hoursOfDay},
		{time.Date(2027, 2, 10, 0, 0, 0, 0, time.UTC), 10 * hoursOfDay},
		{time.Date(2028, 2, 16, 0, 0, 0, 0, time.UTC), 7 * time.Hour},
	}
	out := 7 * time.Hour
	if life >= shortLife {
		for _, c := range classic {
			if !now.Before(c.from) {
				out = c.period
			}
		}
	}
	return out
}

// checkAuthorization is T-AUTHZ.
func checkAuthorization(ctx context.Context, e *examination) []Finding {
	c, ok := e.inUse(ctx)
	if !ok {
		return []Finding{e.noCertificate(ctx, "whether an authorization is remembered").with(e.rehearse())}
	}
	last, changed, err := e.lastChange()
	if err != nil {
		return []Finding{unclear(c.saysTLS(), "the change log cannot be read: %v", err).with(e.rehearse())}
	}
	if at, ok := e.rehearsed(last.At); ok {
		return []Finding{passed(c.saysTLS(), "an order for %s was validated afresh on %s, by a rehearsal", e.subject.Name.Display(), minute(at))}
	}
	return []Finding{e.judgeAuthorization(c, last, changed)}
}

// judgeAuthorization asks whether the certificate can come of an authorization
// from before the last change of the name.
func (e *examination) judgeAuthorization(c certificate, last logged, changed bool) Finding {
	name, leaf, said := e.subject.Name.Display(), c.Leaf(), c.saysTLS()
	if !c.from("letsencrypt") {
		return unclear(said, "how long %s remembers what it has validated is not known, so that its certificate for %s need not prove that the addresses are right", c.issuer(), name).with(e.rehearse())
	}
	period := reused(leaf.NotAfter.Sub(leaf.NotBefore), leaf.NotBefore)
	day := func(t time.Time) string { return cert.Moment(leaf, t) }
	if period < 2*hoursOfDay { // of which a day is much, whatever the certificate's life
		day = minute
	}
	words := fmt.Sprintf("%s may issue for %s from memory", c.issuer(), memory(period))
	if !changed {
		return unclear(said, "%s, and the change log does not say when the addresses of %s changed last", words, name).with(e.rehearse())
	}
	said = append(said, Asked{Who: "change log", Said: fmt.Sprintf("%s %s on %s, run %s", last.Name.Display(), last.Type, minute(last.At), last.Run)})
	fresh := last.At.Add(period)
	switch {
	case !leaf.NotBefore.Before(fresh):
		return passed(said, "the certificate of %s was issued on %s, when nothing was remembered of the time before the change of %s", name, day(leaf.NotBefore), day(last.At))
	case leaf.NotBefore.Before(last.At) && !e.opts.Now().Before(fresh):
		return unclear(said, "no certificate was issued for %s since its change of %s: the next order is validated afresh, and nothing proves yet that it will be", name, day(last.At)).with(e.rehearse())
	case !leaf.NotBefore.Before(last.At):
		return failed(said, "the certificate of %s was issued on %s, perhaps by what was validated before the change of %s: %s, and a mistake would show at the next renewal", name, day(leaf.NotBefore), day(last.At), words).with(e.rehearse())
	}
	return failed(said, "no certificate was issued for %s since its change of %s, and until %s one may be from memory: %s", name, day(last.At), day(fresh), words).with(e.rehearse())
}

// from tells whether the certificate is of an authority of package authority.
func (c certificate) from(ca string) bool {
	for _, o := range c.Leaf().Issuer.Organization {
		if known, ok := authority.ByIssuer(o, c.Leaf().Issuer.CommonName); ok && known.Name == ca {
			return true
		}
	}
	return false
}

// rehearsed is when the name was last validated afresh behind a time.
func (e *examination) rehearsed(after time.Time) (at time.Time, ok bool) {
	tries, _, _ := told(e.opts.Past.Tries) // a rehearsal that cannot be read proves nothing
	for _, t := range tries {
		if t.Name == e.subject.Name && t.By == ledger.Rehearse && t.OK && t.At.After(after) && e.opts.Now().Sub(t.At) < 30*hoursOfDay {
			at, ok = t.At, true
		}
	}
	return at, ok
}

// rehearse proves issuance without what an authority remembers.
func (e *examination) rehearse() Remedy {
	return Remedy{Do: "Prove it by an order for trial, which is validated afresh:", Paste: "dnsplan rehearse " + e.subject.Name.Display()}
}

// memory says a period in whole days or hours.
func memory(d time.Duration) string {
	if d >= 2*hoursOfDay {
		return fmt.Sprintf("%d days", d/hoursOfDay)
	}
	return fmt.Sprintf("%d hours", d/time.Hour)
}
