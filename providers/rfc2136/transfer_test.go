package rfc2136_test

import (
	"encoding/binary"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
)

const soaLine = "example.org. 60 IN SOA ns1.example.org. h.example.org. 1 2 3 4 5"

// scripted answers every question with the same messages, each of zone-file
// lines, and then hangs up.
func scripted(t *testing.T, messages ...[]dns.RR) *rfc2136.Provider {
	t.Helper()
	addr := listen(t, func(c net.Conn) {
		q, err := readFrame(c)
		if err != nil {
			return
		}
		for _, rrs := range messages {
			m := new(dns.Msg).SetQuestion("example.org.", dns.TypeAXFR)
			m.Id, m.Response, m.Authoritative = binary.BigEndian.Uint16(q), true, true
			m.Answer = rrs
			b, err := m.Pack()
			if err != nil {
				t.Error(err)
				return
			}
			writeFrame(c, b)
		}
	})
	return provider(t, rfc2136.Config{Server: addr.String(), Timeout: dnsd.Patience})
}

func rrs(t *testing.T, lines ...string) []dns.RR {
	t.Helper()
	var out []dns.RR
	for _, l := range lines {
		rr, err := dns.NewRR(l)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rr)
	}
	return out
}

func TestTransferMustBeComplete(t *testing.T) {
	const www = "www.example.org. 60 IN A 192.0.2.1"
	badNS := &dns.RFC3597{Hdr: dns.RR_Header{Name: "x.example.org.", Rrtype: dns.TypeNS, Class: dns.ClassINET}, Rdata: "05"}
	badA := &dns.RFC3597{Hdr: dns.RR_Header{Name: "x.example.org.", Rrtype: dns.TypeA, Class: dns.ClassINET}, Rdata: "c000"}
	for name, tt := range map[string]struct {
		messages [][]dns.RR
		want     string
	}{
		"hang-up at once":        {nil, "closed the connection"},
		"hang-up in the middle":  {[][]dns.RR{rrs(t, soaLine, www)}, "after 2 records"},
		"hang-up behind the SOA": {[][]dns.RR{rrs(t, soaLine)}, "after 1 records"},
		"no SOA first":           {[][]dns.RR{rrs(t, www, soaLine)}, "starts with www"},
		"nothing":                {[][]dns.RR{{}}, "without records"},
		"another serial": {
			[][]dns.RR{rrs(t, soaLine, www), rrs(t, strings.Replace(soaLine, " 1 2", " 2 2", 1))}, "changed under",
		},
		"more behind the end": {[][]dns.RR{rrs(t, soaLine, soaLine, www)}, "behind the final SOA"},
		"outside the zone":    {[][]dns.RR{rrs(t, soaLine, "www.example.net. 60 IN A 192.0.2.1", soaLine)}, "outside the zone"},
		"another class":       {[][]dns.RR{rrs(t, soaLine, "www.example.org. 60 CH TXT x", soaLine)}, "class CH"},
		"an NS cut short":     {[][]dns.RR{rrs(t, soaLine), {badNS}, rrs(t, soaLine)}, "x.example.org. NS"},
		"an A cut short":      {[][]dns.RR{rrs(t, soaLine), {badA}, rrs(t, soaLine)}, "no address"},
	} {
		t.Run(name, func(t *testing.T) {
			snap, err := scripted(t, tt.messages...).Read(t.Context(), origin)
			if err == nil || snap != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestTransferOddButComplete(t *testing.T) {
	svcb := &dns.RFC3597{Hdr: dns.RR_Header{Name: "x.example.org.", Rrtype: dns.TypeSVCB, Class: dns.ClassINET, Ttl: 60}, Rdata: "00"}
	p := scripted(t,
		rrs(t, soaLine),
		rrs(t, "WWW.Example.ORG. 60 IN A 192.0.2.2", `a\.b.example.org. 60 IN A 192.0.2.7`),
		[]dns.RR{svcb},
		rrs(t, "www.example.org. 90 IN A 192.0.2.1", "www.example.org. 90 IN A 192.0.2.1", soaLine))
	snap := read(t, p)
	wantLines(t, "sets", providertest.Sets(snap), `a\.b.example.org. 60 A 192.0.2.7`, "www.example.org. 90 A 192.0.2.1 192.0.2.2")
	wantLines(t, "others", others(snap), "example.org. 60 SOA ns1.example.org. h.example.org. 1 2 3 4 5", `x.example.org. 60 SVCB \# 1 00`)
}
