package rehearse

import (
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme"
)

// Explain names the checks that look at what a problem is about, the likeliest
// first; none where no check does. It goes by the problem's type and, within it,
// by words that Let's Encrypt and Pebble use:
//
//	type                             words                       checks
//	any                              During secondary validation H-VANTAGE first
//	dns                              DNSSEC                      D-DNSSEC
//	dns                              NXDOMAIN, no valid A        D-APEX D-WWW D-RESERVED
//	dns, caa                         CAA                         D-CAA D-NSOK
//	dns                                                          D-AUTH D-NSOK D-DNSSEC
//	connection                       could not resolve           D-APEX D-WWW D-RESERVED
//	connection                       redirect                    H-REDIR
//	connection                       after connect               H-TOKEN
//	connection                                                   H-PORT80 D-EXPECT D-AAAA
//	tls                                                          H-REDIR
//	unauthorized, incorrectResponse  redirect                    H-REDIR
//	unauthorized, incorrectResponse                              H-TOKEN H-LB D-EXPECT
func Explain(p Problem) (out []acme.ID) {
	details := []string{p.Detail}
	for _, s := range p.Subproblems {
		details = append(details, s.Detail)
	}
	text := strings.Join(details, "\n")
	if strings.Contains(text, "secondary validation") {
		out = append(out, "H-VANTAGE")
	}
	for _, row := range explanations() {
		if slices.Contains(row.types, p.Word()) && containsAny(text, row.words) {
			return append(out, row.checks...)
		}
	}
	for _, s := range p.Subproblems {
		for _, id := range Explain(s) {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// explanation is a row of the table; no words fit every text.
type explanation struct {
	types, words []string
	checks       []acme.ID
}

func explanations() []explanation {
	dns, connection, answer := []string{"dns"}, []string{"connection"}, []string{"unauthorized", "incorrectResponse"}
	return []explanation{
		{dns, []string{"DNSSEC"}, []acme.ID{"D-DNSSEC"}},
		{dns, []string{"NXDOMAIN", "no valid A"}, []acme.ID{"D-APEX", "D-WWW", "D-RESERVED"}},
		{[]string{"dns", "caa"}, []string{"CAA"}, []acme.ID{"D-CAA", "D-NSOK"}},
		{[]string{"caa"}, nil, []acme.ID{"D-CAA", "D-NSOK"}},
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

func containsAny(text string, words []string) bool {
	return len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}
