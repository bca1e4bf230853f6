package resolver

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

const apex = zone.Name("example.org.")

func TestCAA(t *testing.T) {
	s := udp(resolvertest.Serve(t, resolvertest.NewZone(t, append(slices.Clone(exampleOrg),
		`example.org.     120 IN CAA 0 issue "letsencrypt.org; validationmethods=http-01"`,
		`example.org.     120 IN CAA 128 TBS "a\"b\200"`,
		`a.example.org.    60 IN CNAME example.org.`)...)))
	c := newClient(t, patient)
	names := []zone.Name{"example.org.", "www.example.org.", "a.example.org.", "gone.example.org.", "example.net."}
	var got []string
	for i, a := range c.CAA(t.Context(), s, names, false) {
		if a.Name != names[i] || a.Server != s || a.Status.Definite() != (a.Err == nil) || a.Authoritative != a.Status.Definite() || a.At.IsZero() {
			t.Errorf("%+v", a)
		}
		got = append(got, fmt.Sprint(a.Status, " ", a.TTL, " ", a.Records, " ", a.CNAME))
	}
	want := []string{
		`answered 120 [0 issue "letsencrypt.org; validationmethods=http-01" 128 TBS "a\"b\200"] []`,
		`no data 0 [] []`,
		`answered 60 [0 issue "letsencrypt.org; validationmethods=http-01" 128 TBS "a\"b\200"] [example.org.]`,
		`NXDOMAIN 0 [] []`,
		`REFUSED 0 [] []`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// A CAA record whose lengths do not fit is no answer.
func TestCAAMalformed(t *testing.T) {
	t.Parallel()
	data := map[zone.Name]string{"a.example.org.": "", "b.example.org.": "00", "c.example.org.": "0005", "d.example.org.": "0000", "e.example.org.": "000569737375", "f.example.org.": "ff"}
	s := udp(resolvertest.Serve(t, handler(func(m *dns.Msg) {
		name := m.Question[0].Name
		m.Answer = []dns.RR{&dns.RFC3597{Hdr: dns.RR_Header{Name: name, Rrtype: typeCAA, Class: classIN}, Rdata: data[zone.Name(name)]}}
	})))
	c := newClient(t, Options{Timeout: 5 * time.Second, Attempts: 1})
	for _, a := range c.CAA(t.Context(), s, slices.Sorted(maps.Keys(data)), false) {
		if a.Status != Malformed || a.Records != nil {
			t.Errorf("%q: %s %v", data[a.Name], a.Status, a.Records)
		}
	}
}

// The text of a record is what a zone file takes back.
func TestCAAString(t *testing.T) {
	for want, c := range map[string]CAA{
		`0 issue "letsencrypt.org"`: {Tag: "issue", Value: "letsencrypt.org"},
		`128 a\ b "\"\\\000\200;"`:  {Flags: 128, Tag: "a b", Value: "\"\\\x00\xc8;"},
		`1 x ""`:                    {Flags: 1, Tag: "x"},
	} {
		if got := c.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Each fault fails the trial that looks for it, and no other.
func TestConduct(t *testing.T) {
	good := func(q *dns.Msg) *dns.Msg {
		return reply(q, func(m *dns.Msg) {
			if q.Question[0].Qtype == dns.TypeSOA {
				m.Answer = []dns.RR{rr(exampleOrg[0])}
			} else {
				m.Ns = []dns.RR{rr(exampleOrg[0])}
			}
			if q.IsEdns0() != nil {
				m.SetEdns0(1232, false)
			}
		})
	}
	onType := func(qtype uint16, rcode int) func(*dns.Msg, *dns.Msg) {
		return func(q, m *dns.Msg) {
			if q.Question[0].Qtype == qtype {
				m.Rcode, m.Answer, m.Ns = rcode, nil, nil
			}
		}
	}
	for _, tt := range []struct {
		what  string
		fault func(q, m *dns.Msg)
		bad   string // the trials that fail
		words string
	}{
		{"a good server", func(_, _ *dns.Msg) {}, "", ""},
		{"lower case", func(_, m *dns.Msg) { m.Question[0].Name = strings.ToLower(m.Question[0].Name) }, "Case", "case of the question's letters"},
		{"no EDNS", func(_, m *dns.Msg) { m.Extra = nil }, "EDNS", "lacks the OPT record"},
		{"EDNS is an error", func(q, m *dns.Msg) {
			if q.IsEdns0() != nil {
				m.Rcode, m.Answer, m.Ns, m.Extra = dns.RcodeFormatError, nil, nil, nil
			}
		}, "Alive EDNS Case TCP CAA UnknownType", "answers only without EDNS"},
		{"CAA is not implemented", onType(dns.TypeCAA, dns.RcodeNotImplemented), "CAA", "NOTIMP"},
		{"CAA does not exist", onType(dns.TypeCAA, dns.RcodeNameError), "CAA", "NXDOMAIN at the zone's apex"},
		{"unknown types fail", onType(unknownType, dns.RcodeServerFailure), "UnknownType", "SERVFAIL"},
		{"no authority", func(_, m *dns.Msg) { m.Authoritative = false }, "Alive EDNS Case TCP CAA UnknownType", "not authoritative"},
		{"no SOA", func(_, m *dns.Msg) { m.Answer = nil }, "Alive EDNS Case TCP", "no data at the zone's apex"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
				m := good(q)
				tt.fault(q, m)
				_ = w.WriteMsg(m)
			})))
			got := newClient(t, patient).Conduct(t.Context(), s, apex)
			if bad := failed(got); bad != tt.bad || got.Good() != (bad == "") {
				t.Errorf("failed: %q, want %q", bad, tt.bad)
			}
			if tt.words != "" && !strings.Contains(fmt.Sprint(got.EDNS.Err, got.Case.Err, got.CAA.Err, got.UnknownType.Err), tt.words) {
				t.Errorf("%+v: want %q", got, tt.words)
			}
		})
	}
}

// failed names the trials that went wrong. An error goes with each of them and
// names the server.
func failed(c Conduct) string {
	var out []string
	for _, t := range []struct {
		name string
		Trial
	}{{"Alive", c.Alive}, {"EDNS", c.EDNS}, {"Case", c.Case}, {"TCP", c.TCP}, {"CAA", c.CAA}, {"UnknownType", c.UnknownType}} {
		if q, ok := errors.AsType[*QueryError](t.Err); t.Good == ok || ok && (q.Server.Addr != c.Server.Addr || q.Question != t.Question) {
			out = append(out, fmt.Sprintf("%s without its error: %+v", t.name, t.Trial))
		}
		if !t.Good {
			out = append(out, t.name)
		}
	}
	return strings.Join(out, " ")
}

// A server that nothing listens for over TCP.
func TestConductWithoutTCP(t *testing.T) {
	z := resolvertest.NewZone(t, exampleOrg...)
	s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		if w.RemoteAddr().Network() == "tcp" {
			_ = w.Close()
			return
		}
		z.ServeDNS(w, q)
	})))
	got := newClient(t, patient).Conduct(t.Context(), s, apex)
	if got.TCP.Good || got.TCP.Status != Broken || !got.Alive.Good || !got.Case.Good {
		t.Errorf("%+v", got)
	}
}

// What real servers do passes; what the questions look like on the wire is what
// BIND and Knot read.
func TestConductOfRealServers(t *testing.T) {
	text := "$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n"
	for name, start := range map[string]func(t *testing.T) netip.AddrPort{
		"BIND": func(t *testing.T) netip.AddrPort {
			return dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": text}}).Addr
		},
		"Knot": func(t *testing.T) netip.AddrPort {
			return dnsd.Knot(t, dnsd.KnotOptions{Zones: map[string]string{"example.org": text}}).Addr
		},
		"PowerDNS": func(t *testing.T) netip.AddrPort {
			return dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: map[string]string{"example.org": text}}).Addr
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newClient(t, patient).Conduct(t.Context(), udp(start(t)), apex); !got.Good() {
				t.Errorf("failed: %s: %+v", failed(got), got)
			}
		})
	}
}

// The bits of a question that asks about DNSSEC, and what is read of the reply.
func TestSecure(t *testing.T) {
	now := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	sig := `www.example.org. 300 IN RRSIG A 13 3 300 20261201000000 20261101000000 4711 Example.org. AAAA`
	answer := func(m *dns.Msg) {
		m.Authoritative, m.RecursionAvailable = false, true
		m.Answer = []dns.RR{rr("www.example.org. 300 IN A 192.0.2.1"), rr(sig)}
	}
	type seen struct{ do, cd, ad, rd bool }
	asked := make(chan seen, 2)
	s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked <- seen{q.IsEdns0().Do(), q.CheckingDisabled, q.AuthenticatedData, q.RecursionDesired}
		_ = w.WriteMsg(reply(q, func(m *dns.Msg) {
			if answer(m); !q.CheckingDisabled {
				m.Rcode, m.Answer = dns.RcodeServerFailure, nil
				ede(m, 7, "at www")
			}
		}))
	})))
	c := newClient(t, Options{Timeout: patient.Timeout, Now: func() time.Time { return now }})
	k := key("www.example.org.", zone.A)
	got := c.Secure(t.Context(), s, k)
	if first, second := <-asked, <-asked; first.cd == second.cd || !first.do || !second.do || !first.ad || !first.rd {
		t.Errorf("asked %+v and %+v", first, second)
	}
	if !got.Bogus() || got.Secure() || got.Validated.Status != ServFail || got.Unchecked.Status != Answered || got.Key != k || got.Server != s {
		t.Errorf("%+v", got)
	}
	if e := got.Validated.Extended; len(e) != 1 || e[0] != (ExtendedError{7, "Signature Expired: at www"}) {
		t.Errorf("%+v", e)
	}
	want := Signature{
		Owner: "www.example.org.", Type: 1, Signer: apex, KeyTag: 4711, Algorithm: 13,
		Begins: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Expires: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
	}
	if s := got.Unchecked.Signatures; len(s) != 1 || s[0] != want {
		t.Errorf("%+v", s)
	}
	if first, ok := got.First(); !ok || !first.Expires.Equal(want.Expires) {
		t.Errorf("expires %v %v", first, ok)
	}
}

// Times of signatures are the nearest of all that the 32 bits may mean.
func TestSerialTime(t *testing.T) {
	for _, now := range []time.Time{
		time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC), time.Date(2106, 2, 7, 6, 28, 16, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		for _, off := range []time.Duration{0, -time.Second, 30 * 24 * time.Hour, -60 * 365 * 24 * time.Hour} {
			want := now.Add(off)
			if got := serialTime(uint32(want.Unix()), now); !got.Equal(want) {
				t.Errorf("at %v: %v, want %v", now, got, want)
			}
		}
	}
}

// A validating Unbound in front of a zone that BIND has signed: with the right
// key, with a wrong one, and without any.
func TestSecureOfRealServers(t *testing.T) {
	text := "$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\nwww IN A 192.0.2.1\n"
	signed := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": text}, Signed: true})
	ds := anchor(t, signed.Addr)
	wrong := ds[:len(ds)-4] + "0000"
	ask := func(name zone.Name, anchors ...string) Security {
		u := dnsd.Unbound(t, dnsd.UnboundOptions{Stubs: map[string][]netip.AddrPort{"example.org": {signed.Addr}}, Anchors: anchors})
		return newClient(t, patient).Secure(t.Context(), udp(u.Addr), key(string(name), zone.A))
	}
	good := ask("www.example.org.", ds)
	if first, ok := good.First(); !good.Secure() || good.Bogus() || !ok || first.Expires.Before(time.Now()) {
		t.Errorf("the right key: %+v", good)
	}
	if none := ask("gone.example.org.", ds); !none.Secure() || none.Validated.Status != NXDomain || len(none.Validated.Signatures) == 0 {
		t.Errorf("a proof that there is none: %+v", none)
	}
	bad := ask("www.example.org.", wrong)
	if !bad.Bogus() || bad.Secure() || len(bad.Validated.Extended) == 0 || bad.Unchecked.Addrs == nil {
		t.Errorf("a wrong key: %+v", bad)
	}
	if open := ask("www.example.org."); open.Secure() || open.Bogus() {
		t.Errorf("no key: %+v", open)
	}
}

// anchor returns the DS record for a zone's key-signing key, as soon as the
// server has signed.
func anchor(t *testing.T, at netip.AddrPort) string {
	t.Helper()
	c := dns.Client{Net: "tcp", Timeout: dnsd.Patience}
	for end := time.Now().Add(dnsd.Patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		m, _, err := c.Exchange(new(dns.Msg).SetQuestion(string(apex), dns.TypeDNSKEY), at.String())
		if err != nil {
			continue
		}
		signed, _, err := c.Exchange(new(dns.Msg).SetQuestion("www.example.org.", dns.TypeRRSIG), at.String())
		for _, rr := range m.Answer {
			if k, ok := rr.(*dns.DNSKEY); ok && k.Flags&dns.SEP != 0 && err == nil && len(signed.Answer) > 0 {
				return strings.Join(strings.Fields(k.ToDS(dns.SHA256).String()), " ")
			}
		}
	}
	t.Fatal("the zone was not signed")
	return ""
}
