package acme

import (
	"context"
	"fmt"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// checkPort is H-PORT80.
func checkPort(ctx context.Context, e *examination) []Finding {
	all := decisive(e.plain(ctx))
	return e.perAddress(all, func(f fetched) Finding { return e.judgePort(ctx, f, all) }, fmt.Sprintf("port %d is open", e.opts.HTTPPort))
}

func (e *examination) judgePort(ctx context.Context, f fetched, all []fetched) Finding {
	if answered(f) && !wantsTLS(f) {
		return passed(hops(f)[:1], "%s", e.place(f.target))
	}
	if why := e.doubt(f); why != "" {
		return unclear(hops(f), "%s: %s", e.place(f.target), why)
	}
	if by, ok := e.reachedFrom(ctx, f); ok {
		return by
	}
	for _, t := range e.weighed(ctx) { // an application may take too long for paths alone that it does not know
		if t.addr == f.addr && t.Verdict == http01.Valid && f.tookTooLong(http01.AnswerTimeout) {
			return passed(hops(t)[:1], "%s", e.place(f.target))
		}
	}
	return e.graded(failed(hops(f), "%s does not answer HTTP: %s%s", e.place(f.target), reason(f.Err), portWords(f.Err.Kind)), f, all).with(e.remedies(f)...)
}

// portWords say what is behind a failure, most likely.
func portWords(k http01.Kind) string {
	switch k {
	case http01.ConnectTimeout:
		return " (a firewall drops it)"
	case http01.ConnectRefused:
		return " (nothing listens, or a firewall rejects it)"
	case http01.TLSOnHTTP:
		return " (HttpOnHttpsPort)"
	}
	return ""
}
