package acme

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// browser is how a browser calls itself.
const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// checkFilter is H-WAF: the same request as an authority's client and as a
// browser.
func checkFilter(ctx context.Context, e *examination) []Finding {
	base, token := e.challenged(ctx)
	others := e.asBrowser(ctx, token)
	return e.perAddress(decisive(base), func(f fetched) Finding {
		i := slices.IndexFunc(others, func(o fetched) bool { return o.addr == f.addr })
		return e.atCDN(ctx, f, e.judgeFilter(f, others[i], func() bool { return e.varies(ctx, f, others[i], token) }))
	}, "clients that are no browsers are answered alike")
}

func (e *examination) asBrowser(ctx context.Context, t plant.Token) []fetched {
	return e.name.browser.get(func() []fetched {
		return e.fetch(ctx, t, browser, e.subject.Name.Display())
	})
}

// repeats is how often two clients, or addresses of this machine, are asked once more
// before it is said that they get different answers.
const repeats = 4

// varies tells whether the address answers one and the same client in different
// ways, as a load balancer does: then it is not the client that the difference
// between f and asBrowser is due to. Each client asks several times in a row, so
// that one that goes by turns does not always give each its own server.
func (e *examination) varies(ctx context.Context, f, asBrowser fetched, t plant.Token) bool {
	if _, mixed := e.mixed(ctx, f); mixed {
		return true
	}
	r := http01.Request{Host: e.subject.Name.Display(), Token: t.Name, Want: t.Body, Pin: f.addr}
	for _, as := range []struct {
		agent string
		first fetched
	}{{"", f}, {browser, asBrowser}} {
		v := e.validator(ctx, as.agent)
		for range repeats {
			more := fetched{f.target, v.Validate(ctx, r)}
			if answer(more) != answer(as.first) || (more.Err == nil) != (as.first.Err == nil) {
				return true
			}
		}
	}
	return false
}

// judgeFilter compares what an authority's client and a browser get. Where they
// differ, varies tells whether each of them gets different answers by itself.
func (e *examination) judgeFilter(f, asBrowser fetched, varies func() bool) Finding {
	where, said := e.place(f.target), hops(f)
	for _, a := range hops(asBrowser) {
		said = append(said, Asked{Who: a.Who + " as a browser", Said: a.Said})
	}
	mark := filterMark(f)
	switch why := e.doubt(f); {
	case why != "":
		return unclear(said, "%s: %s", where, why)
	case f.Err == nil:
		return passed(said, "%s", where)
	case mark != "":
		return failed(said, "%s turns away what is no browser: %s", where, mark).with(e.unfilter(f)...)
	case e.doubt(asBrowser) != "", unreached(f) && unreached(asBrowser):
		return unclear(said, "%s does not answer: %s", where, reason(f.Err))
	case (asBrowser.Err == nil || answer(f) != answer(asBrowser)) && varies():
		return unclear(said, "%s answers one and the same client in different ways: whether it turns clients away cannot be told", where).because("H-LB")
	case asBrowser.Err == nil || answer(f) != answer(asBrowser):
		return failed(said, "%s answers %s to browsers alone, and %s to an authority's client", where, answer(asBrowser), answer(f)).with(e.unfilter(f)...)
	case !answered(f):
		return unclear(said, "%s does not answer: %s", where, reason(f.Err))
	}
	return passed(said, "%s", where)
}

// answer says what came in the end, in a word.
func answer(f fetched) string {
	if s := f.Last().Status; s != 0 || f.Err == nil {
		return fmt.Sprint(s)
	}
	return string(f.Err.Kind)
}

// filterMark says what in an answer shows a filter; empty where nothing does.
func filterMark(f fetched) string {
	last := f.Last()
	body := bytes.ToLower(last.Body)
	has := func(s string) bool { return bytes.Contains(body, []byte(s)) }
	switch {
	case strings.EqualFold(last.Header.Get("Cf-Mitigated"), "challenge"):
		return "Cloudflare puts a challenge for browsers in place of the answer"
	case has("aes.js") && has("tonumbers"):
		return "nginx asks for a cookie by JavaScript (BlockedByNginxTestCookie)"
	case has("acme-protocol"):
		return "a firewall of Palo Alto blocks the application acme-protocol (BlockedByFirewall)"
	}
	return ""
}

// unfilter lets authorities' clients through.
func (e *examination) unfilter(f fetched) []Remedy {
	w := f.server()
	return append([]Remedy{{
		Do:    fmt.Sprintf("Exempt the challenge's path from the filter in front of %s: any User-Agent, no cookie, no challenge, no application control. As a rule for %s, before the filter's own, %s:", e.at(f.addr), w, w.about(e.subject.Name.Display())),
		Paste: w.challenges(e.source(f.addr), true),
	}}, w.aside()...)
}
