package acme

import (
	"context"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/mpic"
)

// share is how much of an authority's requests meets the token, by what each
// address has answered to one. It asks one address alone, any of IPv6 where there
// is one, and turns to IPv4 only where it cannot connect. differ is false where all
// addresses answer alike, or one cannot be judged from here.
func (e *examination) share(tokens []fetched) (p float64, differ bool) {
	var four, six []fetched
	good := 0
	for _, f := range tokens {
		switch {
		case !f.found:
			continue
		case e.doubt(f) != "":
			return 0, false
		case f.addr.Is6():
			six = append(six, f)
		default:
			four = append(four, f)
		}
		if f.Verdict == http01.Valid {
			good++
		}
	}
	p = sharePerFamily(four, 0)
	if len(six) > 0 {
		p = sharePerFamily(six, p)
	}
	return p, good > 0 && good < len(four)+len(six)
}

// sharePerFamily is the share where one address of a family is asked, and otherwise
// that of what is asked where it cannot be connected to.
func sharePerFamily(all []fetched, otherwise float64) (p float64) {
	for _, f := range all {
		switch {
		case f.Verdict == http01.Valid:
			p += 1 / float64(len(all))
		case f.addr.Is6() && unreached(f):
			p += otherwise / float64(len(all))
		}
	}
	return p
}

// chance says how often a certificate is issued where an authority's requests meet
// the token by this share, by today's rule of perspectives.
func (e *examination) chance(share float64) string {
	return mpic.Words(mpic.Rule(e.opts.Now(), e.opts.Issuer.Name).Chance(share))
}

// weighed are the answers to the token where H-TOKEN is made, for other checks: none
// places one on their own account. What a vantage reaches in this machine's place
// counts as valid, as it does there.
func (e *examination) weighed(ctx context.Context) []fetched {
	if !e.selection.Has("H-TOKEN") {
		return nil
	}
	tokens, _, _ := e.tokens(ctx)
	all := slices.Clone(tokens)
	for i, f := range all {
		if !f.found && !f.given {
			continue
		}
		if _, ok := e.reachedFrom(ctx, f); ok {
			all[i].Result = http01.Result{Verdict: http01.Valid, Hops: f.Hops}
		}
	}
	return all
}
