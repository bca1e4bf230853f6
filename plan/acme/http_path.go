package acme

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// checkPath is H-PATH.
func checkPath(ctx context.Context, e *examination) []Finding {
	return e.perAddress(decisive(e.plain(ctx)), func(f fetched) Finding { return e.judgePath(ctx, f) },
		"a challenge that nobody has placed is not answered")
}

func (e *examination) judgePath(ctx context.Context, f fetched) Finding {
	if why := e.doubt(f); why != "" {
		return unclear(hops(f), "%s: %s", e.place(f.target), why)
	}
	odd := oddPath(f, e.unplaced())
	switch {
	case odd == "":
		return passed(hops(f), "%s", e.place(f.target))
	case unreached(f):
		return unclear(hops(f), "%s: %s", e.place(f.target), odd)
	}
	if t, ok := e.token(ctx, f.addr); ok && t.Verdict == http01.Valid {
		return passed(hops(f), "%s, where a token in its place is", e.place(f.target))
	}
	return e.atCDN(ctx, f, failed(hops(f), "%s: %s", e.place(f.target), odd).because(e.cause(f)).with(e.remedies(f)...))
}

// oddPath says what is odd about an answer to a path that nobody has put there;
// empty where nothing is.
func oddPath(f fetched, t plant.Token) string {
	last := f.Last()
	switch {
	case last.Status == http.StatusNotFound || last.Status == http.StatusGone:
		return ""
	case last.Status == 0 || f.Err == nil:
		return reason(f.Err)
	case last.Status == http.StatusOK && strings.HasPrefix(string(last.Body), t.Name+"."):
		return "" // it answers any token with its account's key, as some clients do
	case last.Status == http.StatusOK && isHTML(last):
		return "any path gives 200 with a page of HTML: it is a catch-all or a parking page"
	case last.Status == http.StatusOK:
		return fmt.Sprintf("any path gives 200 with %q", clipped(string(last.Body)))
	case last.Status/100 == 3:
		return fmt.Sprintf("it redirects with %d to %s, where an authority does not go: %s", last.Status, clipped(last.Location), reason(f.Err))
	}
	return fmt.Sprintf("any path gives %d %s", last.Status, http.StatusText(last.Status))
}

func isHTML(h http01.Hop) bool {
	kind, _, err := mime.ParseMediaType(h.Header.Get("Content-Type"))
	return err == nil && kind == "text/html"
}
