package acme_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/acme/rehearse"
)

// The ids are what people choose by and write down: each stands, with its severity,
// and no other is there.
func TestTable(t *testing.T) {
	const want = `
D-APEX error, D-WWW error, D-AUTH error, D-RESOLV warning, D-EXPECT error, D-SINGLE error, D-AAAA error, D-RESERVED fatal
D-CNAME error, D-TTL warning, D-WAIT error, D-NEG warning, D-DNSSEC fatal, D-NSOK error, D-CAA fatal, D-SPLIT warning
H-PORT80 error, H-TOKEN error, H-PATH warning, H-REDIR error, H-PARK error, H-CDN error, H-WAF warning, H-LB error, H-VANTAGE error
B-BRIDGE warning
T-CERT error, T-RENEW warning, T-AUTHZ warning
R-RATE error
X-ORIGIN error, X-TLS error, X-BACK fatal
O-INV warning, O-BACKUP error, O-ROLL error, O-MON warning, O-GROUP warning`
	var got []string
	for _, c := range acme.Checks() {
		got = append(got, string(c.ID)+" "+c.Severity.String())
		if c.Proves == "" {
			t.Errorf("%s proves nothing", c.ID)
		}
	}
	if text := strings.Join(got, ", "); text != strings.ReplaceAll(strings.TrimSpace(want), "\n", ", ") {
		t.Errorf("%s\nwant%s", text, want)
	}
}

// What explains an authority's problem is a check that can be made.
func TestExplainedByChecks(t *testing.T) {
	told := 0
	for _, kind := range []string{"dns", "caa", "connection", "tls", "unauthorized", "incorrectResponse"} {
		for _, words := range []string{"", "DNSSEC", "NXDOMAIN", "CAA", "could not resolve", "redirect", "after connect", "During secondary validation"} {
			for _, id := range rehearse.Explain(rehearse.Problem{Type: "urn:ietf:params:acme:error:" + kind, Detail: words}) {
				told++
				if !slices.ContainsFunc(acme.Checks(), func(c acme.Check) bool { return c.ID == id }) {
					t.Errorf("%s %q: there is no check %s", kind, words, id)
				}
			}
		}
	}
	if told == 0 {
		t.Error("nothing is explained")
	}
}
