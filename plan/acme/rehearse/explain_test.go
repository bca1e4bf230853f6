package rehearse_test

import (
	"fmt"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/rehearse"
)

func TestExplain(t *testing.T) {
	for _, tt := range []struct{ word, detail, want string }{
		{"connection", "192.0.2.1: Fetching http://www.example.org/.well-known/acme-challenge/x: Timeout during connect (likely firewall problem)", "[H-PORT80 D-EXPECT D-AAAA]"},
		{"connection", "192.0.2.1: Fetching http://www.example.org/: Timeout after connect (your server may be slow or overloaded)", "[H-TOKEN]"},
		{"connection", "Invalid port in redirect target. Only ports 80 and 443 are supported, not 8443", "[H-REDIR]"},
		{"unauthorized", "192.0.2.1: Invalid response from http://www.example.org/.well-known/acme-challenge/x: 404", "[H-TOKEN H-LB D-EXPECT]"},
		{"unauthorized", "During secondary validation: 192.0.2.1: Invalid response from http://www.example.org/: 404", "[H-VANTAGE H-TOKEN H-LB D-EXPECT]"},
		{"dns", "DNS problem: NXDOMAIN looking up A for www.example.org", "[D-APEX D-WWW D-RESERVED]"},
		{"dns", "DNSSEC: DNSKEY Missing: validation failure", "[D-DNSSEC]"},
		{"dns", "DNS problem: SERVFAIL looking up CAA for example.org", "[D-CAA D-NSOK]"},
		{"dns", "DNS problem: query timed out looking up A for www.example.org", "[D-AUTH D-NSOK D-DNSSEC]"},
		{"caa", "CAA record for example.org prevents issuance", "[D-CAA D-NSOK]"},
		{"tls", "Fetching https://www.example.org/: tls: handshake failure", "[H-REDIR]"},
		{"rejectedIdentifier", "The ACME server refuses to issue for this name", "[]"},
	} {
		p := rehearse.Problem{Type: "urn:ietf:params:acme:error:" + tt.word, Detail: tt.detail}
		if got := fmt.Sprint(rehearse.Explain(p)); got != tt.want {
			t.Errorf("%s, %s: %s, want %s", tt.word, tt.detail, got, tt.want)
		}
	}
	both := rehearse.Problem{Type: "urn:ietf:params:acme:error:compound", Subproblems: []rehearse.Problem{
		{Type: "urn:ietf:params:acme:error:caa", Detail: "a"}, {Type: "urn:ietf:params:acme:error:tls", Detail: "b"}, {Type: "urn:ietf:params:acme:error:caa", Detail: "c"},
	}}
	if got := fmt.Sprint(rehearse.Explain(both)); got != "[D-CAA D-NSOK H-REDIR]" {
		t.Errorf("several: %s", got)
	}
}
