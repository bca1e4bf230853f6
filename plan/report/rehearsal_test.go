package report_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/acme/rehearse"
	"github.com/dnsplan/dnsplan/plan/report"
)

func rehearsal() report.Rehearsal {
	return report.Rehearsal{Authority: "Let's Encrypt's staging environment", Result: rehearse.Result{
		Name: "www.example.org", Directory: "https://acme-staging-v02.api.letsencrypt.org/directory",
		Place: "webroot /var/www/html", Began: made, Elapsed: 2500 * time.Millisecond,
		Account: "https://acme-staging-v02.api.letsencrypt.org/acme/acct/1",
	}}
}

func TestRehearsal(t *testing.T) {
	issued := rehearsal()
	issued.Order, issued.Authorization, issued.Validated = "https://ca.example.net/order/1", "https://ca.example.net/authz/1", true
	issued.Issued = &cert.Fingerprint{Serial: "2b1f", Issuer: "CN=(STAGING) Puzzling Parsnip E7,O=Let's Encrypt,C=US", NotBefore: made, NotAfter: made.Add(90 * 24 * time.Hour)}
	again := issued
	again.Deactivated = 1
	wrong := rehearsal()
	wrong.Order = "https://ca.example.net/order/2"
	wrong.Problem = &rehearse.Problem{
		Stage: rehearse.Validating, Type: "urn:ietf:params:acme:error:unauthorized",
		Detail: "203.0.113.10: Invalid response from http://www.example.org/.well-known/acme-challenge/x: 404\x1b[2J",
	}
	refused := rehearsal()
	refused.Problem = &rehearse.Problem{
		Stage: rehearse.Ordering, Type: "urn:ietf:params:acme:error:rejectedIdentifier", Detail: "no certificates for this name",
		Subproblems: []rehearse.Problem{{Type: "urn:ietf:params:acme:error:rejectedIdentifier", Detail: "www.example.org: by policy"}},
	}
	caa := again
	caa.Issued = nil
	caa.Problem = &rehearse.Problem{Stage: rehearse.Issuing, Type: "urn:ietf:params:acme:error:caa", Detail: "CAA record for example.org prevents issuance"}
	for name, r := range map[string]report.Rehearsal{"issued": issued, "again": again, "wrong": wrong, "refused": refused, "caa": caa} {
		golden(t, "rehearsal-"+name+".txt", func(w io.Writer) error { return report.RehearsalText(w, r, options()) })
	}
	golden(t, "rehearsal-issued.json", func(w io.Writer) error { return report.RehearsalJSON(w, issued, nil) })
	golden(t, "rehearsal-wrong.json", func(w io.Writer) error { return report.RehearsalJSON(w, wrong, nil) })
}

// The command to go on with is one line, however long it is: it is to be pasted.
func TestRehearsalCommandIsWhole(t *testing.T) {
	r := rehearsal()
	r.Problem = &rehearse.Problem{Stage: rehearse.Validating, Type: "urn:ietf:params:acme:error:unauthorized", Detail: "404"}
	o := options()
	o.Width = 60
	o.Command = func(words string) string { return "dnsplan " + words + " -i sites/inventory.toml" }
	var out strings.Builder
	if err := report.RehearsalText(&out, r, o); err != nil {
		t.Fatal(err)
	}
	if want := "dnsplan check www.example.org --only H-TOKEN,H-LB,D-EXPECT -i sites/inventory.toml\n"; !strings.Contains(out.String(), want) {
		t.Errorf("%q is not on a line:\n%s", want, out.String())
	}
}
