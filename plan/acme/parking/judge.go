package parking

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Judge returns what makes the name look parked, the weightiest first, each thing
// once. It is pure. None is no proof that the name is in use.
func Judge(e Evidence) []Sign {
	return slices.Concat(
		byName(ByNameServer, "its name server is", e.NameServers),
		byName(ByCNAME, "its CNAME leads to", e.CNAMEs),
		byAddress(e),
		byRedirect(e.Path),
		byBody(e.Path),
		byCatchAll(e.Path, e.Host),
	)
}

func byName(kind Kind, words string, names []zone.Name) []Sign {
	var out []Sign
	for _, n := range names {
		service, ok := under(n, nameServers())
		if ok && !slices.ContainsFunc(out, func(s Sign) bool { return s.Service == service }) {
			out = append(out, Sign{kind, service, words + " " + n.Display()})
		}
	}
	return out
}

// under finds the service whose name n is, or lies below.
func under(n zone.Name, services map[zone.Name]string) (string, bool) {
	for ; n != "" && n != zone.Root; n = n.Parent() {
		if s, ok := services[n]; ok {
			return s, true
		}
	}
	return "", false
}

func byAddress(e Evidence) []Sign {
	var out []Sign
	for _, a := range e.Addrs {
		for _, n := range networks() {
			if n.prefix.Contains(a.Unmap()) {
				out = append(out, Sign{ByAddress, n.service, fmt.Sprintf("%s is in %s of %s", a.Unmap(), n.prefix, n.service)})
			}
		}
	}
	return out
}

// byRedirect tells where a path leads that nobody has put there.
func byRedirect(p *Page) []Sign {
	if p == nil || p.Status/100 != 3 {
		return nil
	}
	to, err := url.Parse(p.Header.Get("Location"))
	if err != nil {
		return nil
	}
	if service, ok := under(zone.Canonical(to.Hostname()), markets()); ok {
		return []Sign{{ByRedirect, service, "any path leads to " + to.Hostname()}}
	}
	return nil
}

// byBody takes the first mark that stands in the page.
func byBody(p *Page) []Sign {
	if p == nil {
		return nil
	}
	text := bytes.ToLower(p.Body)
	for _, m := range marks() {
		if bytes.Contains(text, []byte(m.text)) {
			return []Sign{{ByBody, m.service, fmt.Sprintf("its page holds %q", m.text)}}
		}
	}
	return nil
}

// byCatchAll needs no list: a page that is answered to a path, and to a Host, that
// nobody can have put there.
func byCatchAll(path, host *Page) []Sign {
	switch {
	case !isPage(path):
		return nil
	case isPage(host):
		return []Sign{{ByCatchAll, "", "any path of any name gives 200 with a page of HTML"}}
	}
	return []Sign{{ByCatchAll, "", "any path gives 200 with a page of HTML"}}
}

func isPage(p *Page) bool {
	if p == nil || p.Status != http.StatusOK {
		return false
	}
	kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// Words says what the signs come to: "looks like parking at Sedo: its name server
// is ns1.sedoparking.com". A catch-all alone is said to be less. No sign is an
// empty text.
func Words(signs []Sign) string {
	if len(signs) == 0 {
		return ""
	}
	details := make([]string, len(signs))
	for i, s := range signs {
		details[i] = s.Detail
	}
	what := "looks like parking"
	if at := slices.IndexFunc(signs, func(s Sign) bool { return s.Service != "" }); at >= 0 {
		what += " at " + signs[at].Service
	} else if signs[0].Kind == ByCatchAll {
		what = "looks like a catch-all or parking page"
	}
	return what + ": " + strings.Join(details, "; ")
}
