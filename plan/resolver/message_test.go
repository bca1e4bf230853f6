package resolver

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// packed is a reply to www.example.org. with the records of lines.
func packed(tb testing.TB, qtype uint16, lines ...string) []byte {
	tb.Helper()
	q := new(dns.Msg).SetQuestion("www.example.org.", qtype)
	m := reply(q, func(m *dns.Msg) {
		m.Compress = true
		for _, l := range lines {
			if r := rr(l); r.Header().Rrtype == dns.TypeSOA {
				m.Ns = append(m.Ns, r)
			} else {
				m.Answer = append(m.Answer, r)
			}
		}
		ede(m, 6, "why")
	})
	b, err := m.Pack()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestParseRefuses cuts and bends a good reply.
func TestParseRefuses(t *testing.T) {
	good := packed(t, dns.TypeA, "www.example.org. 60 IN CNAME a.example.net.", "a.example.net. 60 IN A 192.0.2.1",
		"example.net. 60 IN SOA a.example.net. b.example.net. 1 2 3 4 5")
	var m message
	if err := m.parse(good); err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if err := m.parse(good[:n]); err == nil {
			t.Errorf("cut to %d of %d octets: accepted", n, len(good))
		}
	}
	name := headerLen
	for _, tt := range []struct {
		what string
		bend func(b []byte)
	}{
		{"a query", func(b []byte) { b[2] &^= 0x80 }},
		{"two questions", func(b []byte) { b[5] = 2 }},
		{"one more answer than there is", func(b []byte) { b[7]++ }},
		{"label type 01", func(b []byte) { b[name] |= 0x40 }},
		{"pointer to itself", func(b []byte) { b[name], b[name+1] = 0xc0, headerLen }},
		{"pointer forward", func(b []byte) { b[name], b[name+1] = 0xc0, headerLen+4 }},
		{"pointer into the header", func(b []byte) { b[name], b[name+1] = 0xc0, 2 }},
	} {
		bent := slices.Clone(good)
		tt.bend(bent)
		if err := m.parse(bent); err == nil {
			t.Errorf("%s: accepted", tt.what)
		}
	}
}

// A name that grows through pointers beyond 255 octets.
func TestParseLongName(t *testing.T) {
	label := "\x3f" + strings.Repeat("a", 63)
	b := []byte{0, 0, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0}
	b = append(b, strings.Repeat(label, 3)+"\x00\x00\x01\x00\x01"...)
	tooLong := append(slices.Clone(b), label+"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01"...)
	var m message
	if err := m.parse(tooLong); err == nil {
		t.Error("a name of 257 octets is accepted")
	}
	fits := append(slices.Clone(b), "\x3d"+strings.Repeat("a", 61)+"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01"...)
	if err := m.parse(fits); err != nil {
		t.Errorf("a name of 255 octets: %v", err)
	}
}

func TestAppendQuery(t *testing.T) {
	for _, name := range []string{".", "www.example.org.", `a\.b.example.org.`, `\000\255\\.example.org.`, "*.example.org."} {
		b, err := appendQuery([]byte("kept"), 0xbeef, question{name: zone.Name(name), qtype: dns.TypeAAAA, recurse: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		q := new(dns.Msg)
		if err := q.Unpack(b[4:]); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, _ := wire(name)
		got, _ := wire(q.Question[0].Name)
		if q.Id != 0xbeef || !q.RecursionDesired || got != want || q.Question[0].Qtype != dns.TypeAAAA || q.IsEdns0() == nil {
			t.Errorf("%s: %v", name, q)
		}
	}
}

// wire is a name as the reference library packs it, in lower case.
func wire(name string) (string, bool) {
	b := make([]byte, 300)
	n, err := dns.PackDomainName(name, b, 0, nil, false)
	if err != nil {
		return "", false
	}
	return strings.ToLower(string(b[:n])), true
}

// FuzzName holds the way of a name to the wire and back against the reference.
func FuzzName(f *testing.F) {
	for _, s := range []string{".", "a.", "www.example.org.", `\.\\.x.`, `\001\.a\255.`, "..", "a", `\25`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := appendName(nil, zone.Name(s))
		if err != nil {
			return
		}
		want := make([]byte, 300)
		n, err := dns.PackDomainName(s, want, 0, nil, false)
		if err == nil && string(want[:n]) != string(b) {
			t.Fatalf("%q: packed %x, want %x", s, b, want[:n])
		}
		m := message{raw: append(make([]byte, headerLen), b...)}
		if end, err := m.checkName(headerLen); err != nil || end != len(m.raw) {
			t.Fatalf("%q: end %d of %d, %v", s, end, len(m.raw), err)
		}
		again, err := appendName(nil, m.nameAt(headerLen))
		if err != nil || !sameFold(again, b) {
			t.Fatalf("%q: %q comes back as %x, was %x (%v)", s, m.nameAt(headerLen), again, b, err)
		}
	})
}

// reference follows the chain in a reply that the reference library unpacked.
func reference(m *dns.Msg) (addrs []netip.Addr, chain []string) {
	name, _ := wire(m.Question[0].Name)
	others := func(r dns.RR) bool { return r.Header().Class != dns.ClassINET }
	for range len(slices.DeleteFunc(slices.Clone(m.Answer), others)) + 1 { // a loop ends here for both
		var target string
		for _, r := range m.Answer {
			owner, _ := wire(r.Header().Name)
			if owner != name || r.Header().Class != dns.ClassINET {
				continue
			}
			switch r := r.(type) {
			case *dns.A:
				if a, ok := netip.AddrFromSlice(r.A.To4()); ok && m.Question[0].Qtype == dns.TypeA {
					addrs = append(addrs, a)
				}
			case *dns.AAAA:
				if a, ok := netip.AddrFromSlice(r.AAAA.To16()); ok && m.Question[0].Qtype == dns.TypeAAAA {
					addrs = append(addrs, a)
				}
			case *dns.CNAME:
				if target == "" {
					target = r.Target
				}
			}
		}
		if len(addrs) > 0 || target == "" {
			break
		}
		name, _ = wire(target)
		chain = append(chain, name)
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs), chain
}

// FuzzParse holds the parser against the reference library: what both accept
// they read alike, and nothing makes ours fail in any other way than an error.
func FuzzParse(f *testing.F) {
	f.Add(packed(f, dns.TypeA, "www.example.org. 60 IN A 192.0.2.1", "www.example.org. 30 IN A 192.0.2.2"))
	f.Add(packed(f, dns.TypeAAAA, "www.example.org. 60 IN CNAME A.example.net.", "a.example.net. 60 IN AAAA 2001:db8::1"))
	f.Add(packed(f, dns.TypeA, "www.example.org. 60 IN CNAME www.example.org."))
	f.Add(packed(f, dns.TypeA, "example.org. 60 IN SOA a.example.org. b.example.org. 1 2 3 4 5"))
	f.Add(packed(f, dns.TypeNS, "www.example.org. 60 IN NS a.example.org.", `www.example.org. 60 IN TXT "x"`))
	f.Add(packed(f, typeCAA, `www.example.org. 60 IN CAA 0 issue "ca.example"`, `www.example.org. 60 IN CAA 128 x ""`))
	f.Add(packed(f, dns.TypeA, "www.example.org. 60 IN A 192.0.2.1", "www.example.org. 60 IN RRSIG A 13 3 60 20261201000000 20261101000000 4711 example.org. AAAA"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m message
		if m.parse(b) != nil {
			return
		}
		fd := m.follow()
		m.judge(true, fd)
		if got := m.signatures(time.Unix(0, 0)); len(got) != len(m.sigs) {
			t.Fatalf("%d signatures of %d", len(got), len(m.sigs))
		}
		if m.qtype == typeCAA {
			m.caas(fd.records)
		}
		ref := new(dns.Msg)
		if ref.Unpack(b) != nil || len(ref.Question) != 1 || len(ref.Answer) != int(binary.BigEndian.Uint16(b[6:])) {
			return
		}
		if ref.Id != m.id || ref.Authoritative != m.authoritative() || ref.Truncated != m.truncated() || ref.RecursionAvailable != m.recursion() {
			t.Fatalf("header: %+v, want %v", m, ref.MsgHdr)
		}
		if m.qtype != dns.TypeA && m.qtype != dns.TypeAAAA {
			return
		}
		wantAddrs, wantChain := reference(ref)
		if got := m.addrs(fd.records); !slices.Equal(got, wantAddrs) {
			t.Fatalf("addresses %v, want %v in %v", got, wantAddrs, ref)
		}
		var chain []string
		for _, n := range fd.chain {
			w, _ := wire(string(n))
			chain = append(chain, w)
		}
		if !slices.Equal(chain, wantChain) {
			t.Fatalf("chain %q, want %q in %v", chain, wantChain, ref)
		}
	})
}

func TestStatusWords(t *testing.T) {
	seen := map[string]bool{}
	for s := Answered; s <= Cancelled; s++ {
		if seen[s.String()] || strings.HasPrefix(s.String(), "status") {
			t.Errorf("status %d: %q", s, s)
		}
		seen[s.String()] = true
	}
	if got := Status(0).String() + " " + Status(99).String(); got != "status 0 status 99" {
		t.Error(got)
	}
}
