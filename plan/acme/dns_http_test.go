package acme

import (
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// moved is a name that was at 127.0.0.11 until a moment ago, and is at 127.0.0.12; no
// run waits for resolvers to forget that.
func moved(t *testing.T) *secure {
	s := newSecure(t, "127.0.0.11", "127.0.0.12")
	s.serve(1, s.files())
	s.serveTLS(1, issued{}, http.NotFoundHandler())
	s.answer("127.0.0.12")
	s.hold("127.0.0.12")
	s.want("127.0.0.12")
	s.subject.Pending = []Pending{{
		Type: zone.A, Until: s.now.Add(time.Hour),
		Held: []Held{{Addrs: []netip.Addr{s.addrs[0]}, Until: s.now.Add(time.Hour)}},
	}}
	return s
}

// waits is what D-WAIT finds beside other checks.
func (s *secure) waits(beside ...string) Finding {
	s.t.Helper()
	found := Examined(s.t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: append(beside, "D-WAIT")}).Findings
	i := slices.IndexFunc(found, func(f Finding) bool { return f.Check == "D-WAIT" })
	if i < 0 {
		s.t.Fatalf("D-WAIT finds nothing: %+v", found)
	}
	return found[i]
}

// An address that resolvers remember is asked for the token too, and one that answers
// makes what they remember a warning.
func TestFormerServerAnswersTheToken(t *testing.T) {
	s := moved(t)
	s.serve(0, http.NotFoundHandler())
	s.only("B-BRIDGE", Fail, "the old address 127.0.0.11:")
	if f := s.waits("B-BRIDGE"); f.Severity != Error {
		t.Errorf("another server answers there: %+v", f)
	}
	s = moved(t)
	s.serve(0, s.files())
	s.only("B-BRIDGE", Pass, "127.0.0.11:")
	f := s.waits("B-BRIDGE")
	holds(t, "summary", f.Summary, "not yet: resolvers may still lead users of www.example.org A to 127.0.0.11 until 2026-11-23 07:00:02 UTC", "the name is still served there")
	if f.Severity != Warning {
		t.Errorf("the token is answered there: %+v", f)
	}
	if f := s.waits(); f.Severity != Error {
		t.Errorf("and nobody has asked: %+v", f)
	}
}

// So does one with a certificate that clients take, where tokens tell nothing.
func TestFormerServerHasACertificate(t *testing.T) {
	s := moved(t)
	s.opts.Client = nil
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	if f := s.waits("B-BRIDGE", "T-CERT"); f.Severity != Warning {
		t.Errorf("%+v", f)
	}
	if f := s.waits("B-BRIDGE"); f.Severity != Error {
		t.Errorf("and nobody has asked: %+v", f)
	}
	s = moved(t)
	s.serveTLS(0, issued{names: []string{"other.example.org"}}, http.NotFoundHandler())
	if f := s.waits("T-CERT"); f.Severity != Error {
		t.Errorf("a certificate for another name: %+v", f)
	}
}

// That holds for one that the name has left for a proxy, too, whose servers are those
// that T-CERT looks at.
func TestFormerServerOfAProxiedName(t *testing.T) {
	s := moved(t)
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.subject.Zone.Proxy, s.subject.Zone.Live.RRsets[0].Proxied = true, true
	if f := s.waits("T-CERT"); f.Severity != Warning {
		t.Errorf("%+v", f)
	}
	if f := s.waits(); f.Severity != Error {
		t.Errorf("and nobody has asked: %+v", f)
	}
}

// An IPv6 address that does not answer with the token takes challenges away, though
// it is the inventory's.
func TestIPv6WithoutTheToken(t *testing.T) {
	s := newSite(t, "127.0.0.11", "::1")
	s.serve(0, s.files())
	var other http.Handler = http.NotFoundHandler()
	s.serve(1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { other.ServeHTTP(w, r) }))
	six := func(beside ...string) Finding {
		found := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: append(beside, "D-AAAA")}).Findings
		return found[slices.IndexFunc(found, func(f Finding) bool { return f.Check == "D-AAAA" })]
	}
	f := six("H-TOKEN")
	if f.Outcome != Fail || f.Severity != Error || f.Because != "H-TOKEN" {
		t.Errorf("%+v", f)
	}
	holds(t, "summary", f.Summary, "::1, which an authority asks first, and it does not answer with the token: answered 404")
	Offers(t, f, "or delete from the inventory and from zone example.org:\nwww 300 IN AAAA ::1")
	if f := six(); f.Outcome != Pass {
		t.Errorf("nobody has asked: %+v", f)
	}
	other = s.files()
	if f := six("H-TOKEN"); f.Outcome != Pass {
		t.Errorf("it answers: %+v", f)
	}
}

// A name that is on the certificate and has no address keeps that from being renewed,
// whether or not the inventory knows of it.
func TestNamesOfTheCertificateExist(t *testing.T) {
	const apex = zone.Name("example.org.")
	for _, tt := range []struct {
		what  string
		name  zone.Name
		check ID
		names []string
		grave Severity
		says  string
		offer string
	}{
		{"www is on it", apex, "D-WWW", []string{"example.org", "www.example.org"}, Error, "www.example.org has no address, and is on the certificate of example.org", "and to the inventory:\nwww 300 IN A 127.0.0.11"},
		{"www is not on it", apex, "D-WWW", []string{"example.org"}, Info, "it can be on no certificate", ""},
		{"the apex is on it", "api.example.org.", "D-APEX", []string{"api.example.org", "example.org"}, Error, "example.org has no address, and is on the certificate of api.example.org", "Or leave example.org out of the certificate."},
		{"www is on it by a wildcard alone", apex, "D-WWW", []string{"example.org", "*.example.org"}, Info, "it can be on no certificate", ""},
		{"www is on it beside a wildcard", apex, "D-WWW", []string{"example.org", "www.example.org", "*.a.example.org"}, Info, "it can be on no certificate", ""},
		{"the apex is on it beside a wildcard", "api.example.org.", "D-APEX", []string{"*.example.org", "example.org"}, Info, "it can be on no certificate", ""},
		{"the apex is not on it", "api.example.org.", "D-APEX", []string{"api.example.org"}, Info, "it can be on no certificate", ""},
	} {
		t.Run(tt.what, func(t *testing.T) {
			s := newSecure(t, "127.0.0.11")
			s.serveTLS(0, issued{names: tt.names}, http.NotFoundHandler())
			s.subject.Name = tt.name
			s.answerWith(string(tt.name) + " 300 IN A 127.0.0.11")
			found := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{string(tt.check), "T-CERT"}}).Findings
			f := found[slices.IndexFunc(found, func(f Finding) bool { return f.Check == tt.check })]
			if f.Outcome != Fail || f.Severity != tt.grave {
				t.Errorf("%+v", f)
			}
			holds(t, "summary", f.Summary, tt.says)
			if tt.offer != "" {
				Offers(t, f, tt.offer)
			}
		})
	}
}

// Where another check than those by HTTP proves the certificate, a name without an
// address stays on it.
func TestNamesOfACertificateByDNS(t *testing.T) {
	s := newSecure(t, "127.0.0.11")
	s.serveTLS(0, issued{names: []string{"example.org", "www.example.org"}}, http.NotFoundHandler())
	s.subject.Name, s.subject.ACME = "example.org.", "dns-01"
	s.answerWith("example.org. 300 IN A 127.0.0.11")
	found := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"D-WWW", "T-CERT"}}).Findings
	if f := found[0]; f.Check != "D-WWW" || f.Severity != Info {
		t.Errorf("%+v", f)
	}
}

// What a name server that lags leads to is asked too, and D-AUTH goes by the answer.
func TestStaleNameServer(t *testing.T) {
	for _, tt := range []struct {
		what, says string
		token      Outcome
		stale      func(*site) http.Handler
	}{
		{"another server", "something else, which answers no challenge: about 16 % of issuances succeed", Fail, func(*site) http.Handler { return http.NotFoundHandler() }},
		{"the server's other address", "something else, which answers challenges too", Pass, (*site).files},
	} {
		s := newSite(t, "127.0.0.11", "127.0.0.12")
		s.want("127.0.0.11")
		s.serve(0, s.files())
		s.serve(1, tt.stale(s))
		s.answer("127.0.0.12")
		old := s.subject.Zone.Servers[0].Servers[0].Addr.String()
		s.answer("127.0.0.11")
		s.beside(old)
		found := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"D-AUTH", "H-PORT80", "H-TOKEN"}}).Findings
		auth, port, token := found[0], found[1], found[2]
		holds(t, tt.what, auth.Summary, tt.says)
		holds(t, tt.what, port.Summary, "127.0.0.11:", "127.0.0.12:", "(not answered by every name server)")
		if token.Check != "H-TOKEN" || token.Outcome != tt.token || tt.token == Fail && token.Because != "D-AUTH" {
			t.Errorf("%s: %+v", tt.what, token)
		}
	}
}
