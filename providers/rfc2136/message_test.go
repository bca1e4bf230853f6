package rfc2136

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func pack(t testing.TB, m *dns.Msg) []byte {
	t.Helper()
	m.Response = true
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rr(t testing.TB, line string) dns.RR {
	t.Helper()
	r, err := dns.NewRR(line)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// generic is a record with data that may not fit its type.
func generic(rrtype uint16, hexData string) dns.RR {
	return &dns.RFC3597{Hdr: dns.RR_Header{Name: "x.example.org.", Rrtype: rrtype, Class: dns.ClassINET, Ttl: 60}, Rdata: hexData}
}

func TestData(t *testing.T) {
	for _, tt := range []struct {
		name string
		rr   dns.RR
		want string // empty: an error
	}{
		{"compressed names", rr(t, "x.example.org. 60 IN MX 10 mail.EXAMPLE.org."), "10 mail.EXAMPLE.org."},
		{"two strings", rr(t, `x.example.org. 60 IN TXT "a b" "c\"d"`), `"a b" "c\"d"`},
		{"CAA", rr(t, `x.example.org. 60 IN CAA 0 issue "ca.example.net"`), `0 issue "ca.example.net"`},
		{"unknown type", generic(65280, "abcdef"), `\# 3 abcdef`},
		{"unknown type without data", generic(65280, ""), `\# 0`},
		{"TXT that overruns", generic(dns.TypeTXT, "ff41"), `\# 2 ff41`},
		{"SVCB cut short", generic(dns.TypeSVCB, "00"), `\# 1 00`},
		{"NS cut short", generic(dns.TypeNS, "05616263"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := new(dns.Msg).SetQuestion("x.example.org.", dns.TypeANY)
			m.Compress = true
			m.Answer = []dns.RR{tt.rr, rr(t, "y.example.org. 60 IN A 192.0.2.1")}
			parsed, err := parseMessage(pack(t, m))
			if err != nil {
				t.Fatal(err)
			}
			if len(parsed.answer) != 2 || parsed.answer[1].name != "y.example.org." {
				t.Fatalf("answer %+v", parsed.answer)
			}
			got, err := parsed.data(parsed.answer[0])
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("%q %v, want %q", got, err, tt.want)
			}
		})
	}
}

func FuzzParseMessage(f *testing.F) {
	m := new(dns.Msg).SetQuestion("example.org.", dns.TypeAXFR)
	m.Compress = true
	m.Answer = []dns.RR{
		rr(f, "example.org. 60 IN SOA ns1.example.org. h.example.org. 1 2 3 4 5"),
		rr(f, "www.example.org. 60 IN A 192.0.2.1"), generic(65280, "00ff"), generic(dns.TypeSVCB, "00"),
	}
	f.Add(pack(f, m))
	m.SetTsig("key.", dns.HmacSHA256, 300, 1)
	f.Add(pack(f, m))
	referral := new(dns.Msg).SetQuestion("www.example.org.", dns.TypeA)
	referral.Response, referral.Ns, referral.Extra = true, []dns.RR{rr(f, "example.org. 60 IN NS www.example.org.")}, m.Answer[1:2]
	f.Add(pack(f, referral))
	f.Add([]byte("short"))
	k, err := newKey("key", "", testSecret)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := parseMessage(raw)
		if err != nil {
			return
		}
		for _, r := range m.answer {
			if r.off > r.end || r.end > len(raw) || !strings.HasSuffix(string(r.name), ".") {
				t.Fatalf("record %+v of %d octets", r, len(raw))
			}
			_, _ = m.data(r)
		}
		for _, how := range []reading{whole, shown} {
			a, err := readAnswer(m, question{"www.example.org.", dns.TypeA}, how)
			if err != nil && (!errors.Is(err, errUntold) || !a.empty()) {
				t.Fatalf("%+v, error %v", a, err)
			}
		}
		c := newCollector("example.org.")
		_ = c.add(m)
		if m.tsig != nil {
			v := &verifier{key: k}
			_ = v.check(m, time.Unix(1, 0))
		}
	})
}
