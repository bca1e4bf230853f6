package acme

import (
	"net/http"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
)

// TestOriginBeforeAWindow: what the command of an issuance window may bring along is
// not known yet, and what a vantage or a token proves is.
func TestOriginBeforeAWindow(t *testing.T) {
	for name, c := range map[string]struct {
		token   bool
		serves  http.Handler // nil listens nowhere
		probes  []vantage.Probe
		outcome Outcome
		says    string
		remedy  string
	}{
		"nothing listens":                 {token: true, outcome: Unknown, says: "nothing listens at 127.0.0.11:"},
		"nothing listens, and no token":   {outcome: Unknown, says: "as certbot --standalone does"},
		"nor to a vantage":                {token: true, probes: []vantage.Probe{meets("oslo", http01.ConnectRefused, 0)}, outcome: Unknown, says: "nothing listens"},
		"a vantage gets there":            {token: true, probes: []vantage.Probe{meets("rome", http01.ConnectTimeout, 0), gets("oslo")}, outcome: Pass, says: "as oslo says"},
		"shut to the outside":             {probes: []vantage.Probe{breaks("rome"), meets("oslo", http01.ConnectTimeout, 0)}, outcome: Fail, says: "cannot be reached from outside, as oslo says", remedy: "ufw allow"},
		"shut to the outside, open here":  {token: true, serves: http.NotFoundHandler(), probes: []vantage.Probe{meets("oslo", http01.ConnectRefused, 0)}, outcome: Fail, says: "cannot be reached from outside"},
		"a vantage of no use":             {token: true, probes: []vantage.Probe{breaks("oslo")}, outcome: Unknown, says: "nothing listens"},
		"answers, without a token to ask": {serves: http.NotFoundHandler(), outcome: Unknown, says: "only a token could tell"},
		"answers, and has no token":       {token: true, serves: http.NotFoundHandler(), outcome: Fail, says: "does not answer the challenge", remedy: "location ^~ /.well-known/acme-challenge/ {"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			s.proxy("127.0.0.11", true)
			s.opts.Vantages = c.probes
			if !c.token {
				s.opts.Client = nil
			}
			if c.serves == nil {
				_ = s.ls[0].Close()
			} else {
				s.serve(0, c.serves)
			}
			found := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"X-ORIGIN"}, Opening: true}).Findings
			if len(found) != 1 || found[0].Outcome != c.outcome {
				t.Fatalf("%+v, want %s", found, c.outcome)
			}
			holds(t, "summary", found[0].Summary, c.says)
			Offers(t, found[0], c.remedy)
		})
	}
}
