package rehearse

import (
	"fmt"
	"testing"
)

// What Let's Encrypt's own code for validation says of servers that are broken in
// these ways, and of what comes before; each row of the table is met.
func TestExplain(t *testing.T) {
	met := make([]bool, len(explanations()))
	for _, tt := range []struct{ word, detail, want string }{
		{"connection", "192.0.2.1: Fetching http://www.example.org/.well-known/acme-challenge/x: Timeout during connect (likely firewall problem)", "[H-PORT80 D-EXPECT D-AAAA]"},
		{"connection", "192.0.2.1: Fetching http://www.example.org/.well-known/acme-challenge/x: Connection refused", "[H-PORT80 D-EXPECT D-AAAA]"},
		{"connection", "192.0.2.1: Fetching http://www.example.org/.well-known/acme-challenge/x: Timeout after connect (your server may be slow or overloaded)", "[H-TOKEN]"},
		{"connection", "192.0.2.1: Fetching http://www.example.org:8080/x: Invalid port in redirect target. Only ports 80 and 443 are supported, not 8080", "[H-REDIR]"},
		{"connection", "192.0.2.1: Fetching http://www.example.org/x: received disallowed redirect status code", "[H-REDIR]"},
		{"connection", "192.0.2.1: Fetching http://www.example.org/.well-known/acme-challenge/x: Redirect loop detected", "[H-REDIR]"},
		{"connection", "192.0.2.1: Fetching http://www.example.org/hop?k=12: Too many redirects", "[H-REDIR]"},
		{"connection", "192.0.2.1: Fetching https://www.example.org.well-known/acme-challenge/x: Invalid host in redirect target \"www.example.org.well-known\". Check webserver config for missing '/' in redirect target.", "[H-REDIR]"},
		{"connection", "192.0.2.2: Fetching https://www.example.org/.well-known/acme-challenge/x: Connection refused", "[H-REDIR H-PORT80 D-EXPECT D-AAAA]"},
		{"connection", "could not resolve www.example.org", "[D-APEX D-WWW D-RESERVED]"},
		{"unauthorized", "192.0.2.1: Invalid response from http://www.example.org/.well-known/acme-challenge/x: 404", "[H-TOKEN H-LB D-EXPECT]"},
		{"unauthorized", "192.0.2.1: Invalid response from http://www.example.org:443/x: 400", "[H-REDIR H-TOKEN H-LB D-EXPECT]"},
		{"unauthorized", "The key authorization file from the server did not match this challenge. Expected \"x\" (got \"<html>parked</html>\")", "[H-TOKEN H-LB D-EXPECT]"},
		{"unauthorized", "During secondary validation: 192.0.2.1: Invalid response from http://www.example.org/.well-known/acme-challenge/x: 404", "[H-VANTAGE H-TOKEN H-LB D-EXPECT]"},
		{"incorrectResponse", "redirect to a host that is not permitted", "[H-REDIR]"},
		{"dns", "DNS problem: NXDOMAIN looking up A for www.example.org", "[D-APEX D-WWW D-RESERVED]"},
		{"dns", "no valid A records found for www.example.org; no valid AAAA records found for www.example.org", "[D-APEX D-WWW D-RESERVED]"},
		{"dns", "SERVFAIL looking up A for www.example.org; no valid AAAA records found for www.example.org", "[D-AUTH D-NSOK D-DNSSEC]"},
		{"dns", "192.0.2.1: Fetching http://gone.example.org/x: no valid A records found for gone.example.org; no valid AAAA records found for gone.example.org", "[H-REDIR D-APEX D-WWW D-RESERVED]"},
		{"dns", "DNSSEC: DNSKEY Missing: validation failure", "[D-DNSSEC]"},
		{"dns", "DNS problem: SERVFAIL looking up CAA for example.org", "[D-CAA D-NSOK]"},
		{"dns", "DNS problem: query timed out looking up A for www.example.org", "[D-AUTH D-NSOK D-DNSSEC]"},
		{"dns", "DNS problem: REFUSED looking up A for www.example.org", "[D-AUTH D-NSOK D-DNSSEC]"},
		{"caa", "CAA record for example.org prevents issuance", "[D-CAA D-NSOK]"},
		{"caa", "records for example.org prevent issuance", "[D-CAA D-NSOK]"},
		{"tls", "Fetching https://www.example.org/: tls: handshake failure", "[H-REDIR]"},
		{"dns", "DNS problem: NXDOMAIN looking up A for caa.example.org", "[D-APEX D-WWW D-RESERVED]"},
		{"dns", "DNS problem: REFUSED looking up A for dnssec.example.org.", "[D-AUTH D-NSOK D-DNSSEC]"},
		{"connection", "192.0.2.1: Fetching http://redirect.example.org/.well-known/acme-challenge/x: Connection refused", "[H-PORT80 D-EXPECT D-AAAA]"},
		{"rejectedIdentifier", "The ACME server refuses to issue for this name", "[]"},
	} {
		p := Problem{Type: "urn:ietf:params:acme:error:" + tt.word, Detail: tt.detail}
		if got := fmt.Sprint(Explain(p)); got != tt.want {
			t.Errorf("%s, %s: %s, want %s", tt.word, tt.detail, got, tt.want)
		}
		for i, row := range explanations() {
			if row.fits(tt.word, p.text()) {
				met[i] = true
				break
			}
		}
	}
	for i, row := range explanations() {
		if !met[i] {
			t.Errorf("no problem is of row %d, %+v", i, row)
		}
	}
	both := Problem{Type: "urn:ietf:params:acme:error:compound", Subproblems: []Problem{
		{Type: "urn:ietf:params:acme:error:caa", Detail: "a"}, {Type: "urn:ietf:params:acme:error:tls", Detail: "b"}, {Type: "urn:ietf:params:acme:error:caa", Detail: "c"},
	}}
	if got := fmt.Sprint(Explain(both)); got != "[D-CAA D-NSOK H-REDIR]" {
		t.Errorf("several: %s", got)
	}
}
