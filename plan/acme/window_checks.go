package acme

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/ledger"
)

// windowChecks are the rows of the table about the limits of authorities and about
// issuance windows.
func windowChecks() []check {
	return []check{
		{"R-RATE", Error, "another try is within the authority's limit, as far as dnsplan has seen", checkRate},
		{"X-ORIGIN", Error, "the servers behind the proxy answer challenges themselves", checkOrigin},
		{"X-TLS", Error, "clients take the certificates behind the proxy", checkOriginTLS},
		{"X-BACK", Fatal, "the proxy is on, and no issuance window is left open", checkBack},
	}
}

// checkRate is R-RATE.
func checkRate(_ context.Context, e *examination) []Finding {
	all, known, err := told(e.opts.Past.Tries)
	switch {
	case err != nil:
		return []Finding{unclear(nil, "the list of tries cannot be read: %v", err)}
	case !known:
		return []Finding{unclear(nil, "nothing is written down here of earlier tries")}
	}
	return []Finding{e.judgeRate(slices.DeleteFunc(slices.Clone(all), func(t ledger.Try) bool {
		return t.Name != e.subject.Name || t.Directory != "" && e.opts.Issuer.Directory != "" && !strings.EqualFold(t.Directory, e.opts.Issuer.Directory)
	}))}
}

// judgeRate judges the name's tries at the authority that is to issue.
func (e *examination) judgeRate(tries []ledger.Try) Finding {
	name, now, limit := e.subject.Name.Display(), e.opts.Now(), ledger.Own()
	left, next := limit.Left(tries, now)
	var said []Asked
	for _, t := range tries {
		if limit.Counts(t, now) {
			said = append(said, Asked{Who: "dnsplan " + t.By + " at " + minute(t.At), Said: strings.TrimSuffix("failed: "+clipped(t.Problem), ": ")})
		}
	}
	failures := counted(len(said), "failure") + " within an hour"
	trial := Remedy{Do: "Until it works, try at an authority for trials, which allows many more:", Paste: "dnsplan rehearse " + name}
	switch {
	case left > 1:
		return passed(said, "dnsplan has seen %s for %s, of %d that are fine", failures, name, limit.Most)
	case left == 1:
		return failed(said, "dnsplan has seen %s for %s: after one more it is time to wait, as Let's Encrypt refuses after %d, the ACME client's own among them", failures, name, ledger.LetsEncrypts).at(Warning).with(trial)
	case e.opts.AllowReserved:
		return failed(said, "dnsplan has seen %s for %s: Let's Encrypt would refuse after %d, and a private authority may have other limits", failures, name, ledger.LetsEncrypts).at(Warning).with(trial)
	}
	return failed(said, "dnsplan has seen %s for %s, and Let's Encrypt refuses after %d, the ACME client's own among them: the next try is fine at %s", failures, name, ledger.LetsEncrypts, moment(next)).with(
		Remedy{Do: fmt.Sprintf("Stop the ACME client's own tries, and wait until %s.", moment(next))}, trial)
}
