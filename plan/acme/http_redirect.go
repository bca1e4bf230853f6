package acme

import (
	"context"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// checkRedirects is H-REDIR.
func checkRedirects(ctx context.Context, e *examination) []Finding {
	return e.perAddress(decisive(e.plain(ctx)), func(f fetched) Finding { return e.judgeRedirects(f) }, "an authority gets to an answer")
}

func (e *examination) judgeRedirects(f fetched) Finding {
	where := e.place(f.target)
	switch why := e.doubt(f); {
	case why != "":
		return unclear(hops(f), "%s: %s", where, why)
	case !answered(f):
		return unclear(hops(f), "%s does not answer: %s", where, reason(f.Err))
	case refusesRedirect(f.Err):
		return failed(hops(f), "%s redirects to %s, where no authority goes: %s", where, clipped(f.Err.Location), reason(f.Err)).with(e.remedies(f)...)
	case len(f.Hops) > 1 && f.Last().Status == 0:
		return failed(hops(f), "%s redirects to %s, which does not answer: %s", where, clipped(f.Last().URL), reason(f.Err)).with(e.remedies(f)...)
	case len(f.Hops) > 1:
		return passed(hops(f), "%s by way of %s", where, clipped(f.Last().URL))
	}
	return passed(hops(f), "%s without a redirect", where)
}

// refusesRedirect tells whether an authority does not follow a redirect.
func refusesRedirect(err *http01.Error) bool {
	if err == nil {
		return false
	}
	return strings.HasPrefix(string(err.Kind), "redirect-") || err.Kind == http01.TooManyRedirects || err.Kind == http01.MissingSlash
}
