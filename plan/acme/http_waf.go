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
	base, token := e.plain(ctx), e.unplaced()
	if all, p, ok := e.tokens(ctx); ok {
		base, token = all, p.token
	}
	others := e.asBrowser(ctx, token)
	return e.perAddress(asked(base), func(f fetched) Finding {
		i := slices.IndexFunc(others, func(o fetched) bool { return o.addr == f.addr })
		return e.judgeFilter(f, others[i])
	}, "clients that are no browsers are answered alike")
}

func (e *examination) asBrowser(ctx context.Context, t plant.Token) []fetched {
	return e.name.browser.get(func() []fetched {
		return e.fetch(ctx, t, browser, e.subject.Name.Display())
	})
}

// judgeFilter compares what an authority's client and a browser get.
func (e *examination) judgeFilter(f, asBrowser fetched) Finding {
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
		return failed(said, "%s turns away what is no browser: %s", where, mark).with(e.unfilter(f))
	case e.doubt(asBrowser) != "", unreached(f) && unreached(asBrowser):
		return unclear(said, "%s does not answer: %s", where, cause(f.Err))
	case asBrowser.Err == nil || answer(f) != answer(asBrowser):
		return failed(said, "%s answers %s to browsers alone, and %s to an authority's client", where, answer(asBrowser), answer(f)).with(e.unfilter(f))
	case !answered(f):
		return unclear(said, "%s does not answer: %s", where, cause(f.Err))
	}
	return passed(said, "%s", where)
}

// answer says what came in the end, in a word.
func answer(f fetched) string {
	if s := f.Last().Status; s != 0 {
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
func (e *examination) unfilter(f fetched) Remedy {
	return Remedy{
		Do:    fmt.Sprintf("Exempt the challenge's path from the filter in front of %s: any User-Agent, no cookie, no challenge, no application control. As a rule, in nginx, before the filter's own:", e.at(f.addr)),
		Paste: "location ^~ " + http01.Path + " {\n    allow all;\n    root " + e.folder() + ";\n}",
	}
}

// folder is the webroot of the name's ACME client, or what stands for it.
func (e *examination) folder() string {
	p := e.planter()
	if p.Planter != nil {
		if dir, ok := strings.CutPrefix(p.String(), "webroot "); ok {
			return dir
		}
	}
	return someWebroot
}
