package rehearse

import (
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// Explain names the checks that look at what a problem is about, the likeliest
// first; none where no check does. It goes by the problem's type and, within it,
// by words that Let's Encrypt and Pebble use, in any case of letters:
//
//	type                             words                       checks
//	any                              During secondary validation H-VANTAGE first
//	any                              a URL that a redirect led to H-REDIR before the others
//	dns                              DNSSEC                      D-DNSSEC
//	dns, caa                         CAA                         D-CAA D-NSOK
//	dns                              SERVFAIL, timed out         D-AUTH D-NSOK D-DNSSEC
//	dns                              NXDOMAIN, no valid A        D-APEX D-WWW D-RESERVED
//	dns                                                          D-AUTH D-NSOK D-DNSSEC
//	connection                       could not resolve           D-APEX D-WWW D-RESERVED
//	connection                       redirect                    H-REDIR
//	connection                       after connect               H-TOKEN
//	connection                                                   H-PORT80 D-EXPECT D-AAAA
//	tls                                                          H-REDIR
//	unauthorized, incorrectResponse  redirect                    H-REDIR
//	unauthorized, incorrectResponse                              H-TOKEN H-LB D-EXPECT
func Explain(p Problem) (out []acme.ID) {
	add := func(ids ...acme.ID) {
		for _, id := range ids {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	text := p.text()
	if strings.Contains(text, "secondary validation") {
		add("H-VANTAGE")
	}
	for _, row := range explanations() {
		if row.fits(p.Word(), text) {
			if redirected(text) {
				add("H-REDIR")
			}
			add(row.checks...)
			return out
		}
	}
	for _, s := range p.Subproblems {
		add(Explain(s)...)
	}
	return out
}

// text is all that the authority says, in lower case.
func (p Problem) text() string {
	details := []string{p.Detail}
	for _, s := range p.Subproblems {
		details = append(details, s.Detail)
	}
	return strings.ToLower(strings.Join(details, "\n"))
}

// redirected tells whether what was fetched at last is no challenge's URL: the first
// one is, and is of http.
func redirected(text string) bool {
	for _, before := range []string{"fetching ", "invalid response from ", `get "`} {
		if _, url, found := strings.Cut(text, before); found {
			url, _, _ = strings.Cut(url, " ")
			return !strings.HasPrefix(url, "http://") || !strings.Contains(url, http01.Path)
		}
	}
	return false
}

// explanation is a row of the table; no words fit every text.
type explanation struct {
	types, words []string
	checks       []acme.ID
}

func explanations() []explanation {
	dns, connection, answer := []string{"dns"}, []string{"connection"}, []string{"unauthorized", "incorrectResponse"}
	return []explanation{
		{dns, []string{"dnssec"}, []acme.ID{"D-DNSSEC"}},
		{[]string{"dns", "caa"}, []string{"caa"}, []acme.ID{"D-CAA", "D-NSOK"}},
		{[]string{"caa"}, nil, []acme.ID{"D-CAA", "D-NSOK"}},
		{dns, []string{"servfail", "timed out"}, []acme.ID{"D-AUTH", "D-NSOK", "D-DNSSEC"}},
		{dns, []string{"nxdomain", "no valid a"}, []acme.ID{"D-APEX", "D-WWW", "D-RESERVED"}},
		{dns, nil, []acme.ID{"D-AUTH", "D-NSOK", "D-DNSSEC"}},
		{connection, []string{"could not resolve"}, []acme.ID{"D-APEX", "D-WWW", "D-RESERVED"}},
		{connection, []string{"redirect"}, []acme.ID{"H-REDIR"}},
		{connection, []string{"after connect"}, []acme.ID{"H-TOKEN"}},
		{connection, nil, []acme.ID{"H-PORT80", "D-EXPECT", "D-AAAA"}},
		{[]string{"tls"}, nil, []acme.ID{"H-REDIR"}},
		{answer, []string{"redirect"}, []acme.ID{"H-REDIR"}},
		{answer, nil, []acme.ID{"H-TOKEN", "H-LB", "D-EXPECT"}},
	}
}

// fits tells whether a problem of a type, with a text in lower case, is of the row.
func (e explanation) fits(word, text string) bool {
	plain := withoutNames(text)
	said := func(w string) bool { return strings.Contains(plain, w) }
	return slices.Contains(e.types, word) && (len(e.words) == 0 || slices.ContainsFunc(e.words, said))
}

// withoutNames is a text without names of hosts, addresses and URLs, which may hold
// any word.
func withoutNames(text string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(text), func(w string) bool {
		return strings.ContainsAny(strings.Trim(w, ".,:;"), "./")
	}), " ")
}
