package dnsd

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// askTimeout bounds one try of one question; the callers that wait try again.
const askTimeout = 20 * time.Second

// Query asks for name without recursion and returns the whole reply. A reply
// that is lost fails the test.
func (s *Server) Query(qtype uint16, name string) *dns.Msg {
	s.tb.Helper()
	return s.mustQuery(qtype, name, false)
}

// Resolve is Query with recursion desired, for resolvers.
func (s *Server) Resolve(qtype uint16, name string) *dns.Msg {
	s.tb.Helper()
	return s.mustQuery(qtype, name, true)
}

// Answer returns the TTL and the sorted data of the records of qtype that the
// server returns for name; nothing when there are none. Recursion is desired,
// which an authoritative server ignores.
func (s *Server) Answer(qtype uint16, name string) (ttl uint32, data []string) {
	s.tb.Helper()
	return content(s.Resolve(qtype, name), qtype)
}

// TryAnswer is Answer for any goroutine and any number of callers: a lost reply
// is an error, as is a reply code other than NOERROR and NXDOMAIN.
func (s *Server) TryAnswer(qtype uint16, name string) (ttl uint32, data []string, err error) {
	in, err := s.tryQuery(qtype, name, true)
	if err != nil {
		return 0, nil, fmt.Errorf("ask %s on %v for %s: %w", s.program, s.Addr, name, err)
	}
	if in.Rcode != dns.RcodeSuccess && in.Rcode != dns.RcodeNameError {
		return 0, nil, fmt.Errorf("ask %s on %v for %s: %s", s.program, s.Addr, name, dns.RcodeToString[in.Rcode])
	}
	ttl, data = content(in, qtype)
	return ttl, data, nil
}

func content(in *dns.Msg, qtype uint16) (ttl uint32, data []string) {
	for _, rr := range in.Answer {
		if rr.Header().Rrtype == qtype {
			ttl = rr.Header().Ttl
			data = append(data, strings.TrimPrefix(rr.String(), rr.Header().String()))
		}
	}
	slices.Sort(data)
	return ttl, data
}

// Serial returns the zone's SOA serial, or 0 when the server does not answer
// for the zone.
func (s *Server) Serial(zone string) uint32 {
	s.tb.Helper()
	for _, rr := range s.Query(dns.TypeSOA, zone).Answer {
		if soa, ok := rr.(*dns.SOA); ok {
			return soa.Serial
		}
	}
	return 0
}

func (s *Server) mustQuery(qtype uint16, name string, rd bool) *dns.Msg {
	s.tb.Helper()
	in, err := s.tryQuery(qtype, name, rd)
	if err != nil {
		s.tb.Fatalf("ask %s on %v for %s %s: %v", s.program, s.Addr, name, dns.TypeToString[qtype], err)
	}
	return in
}

func (s *Server) tryQuery(qtype uint16, name string, rd bool) (*dns.Msg, error) {
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), qtype)
	m.RecursionDesired = rd
	m.SetEdns0(4096, false)
	return s.exchange(m)
}

// exchange asks over UDP, and over TCP when the reply was cut.
func (s *Server) exchange(m *dns.Msg) (*dns.Msg, error) {
	c := &dns.Client{Timeout: askTimeout}
	in, _, err := c.ExchangeContext(s.tb.Context(), m, s.Addr.String())
	if err == nil && in.Truncated {
		c.Net = "tcp"
		in, _, err = c.ExchangeContext(s.tb.Context(), m, s.Addr.String())
	}
	return in, err
}

// AXFR transfers the zone and returns its records as sorted presentation
// lines, the SOA record once. A transfer that fails fails the test.
func (s *Server) AXFR(zone string) []string {
	s.tb.Helper()
	m := new(dns.Msg)
	m.SetAxfr(dns.Fqdn(zone))
	s.sign(m)
	tr := &dns.Transfer{TsigSecret: s.secrets(), DialTimeout: Patience, ReadTimeout: Patience, WriteTimeout: Patience}
	env, err := tr.In(m, s.Addr.String())
	if err != nil {
		s.tb.Fatalf("transfer %s from %s: %v", zone, s.program, err)
	}
	var lines []string
	for e := range env {
		if e.Error != nil && err == nil {
			err = e.Error
		}
		for _, rr := range e.RR {
			lines = append(lines, rr.String())
		}
	}
	if err != nil {
		s.tb.Fatalf("transfer %s from %s: %v", zone, s.program, err)
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// Update changes the zone behind everybody's back, as another administrator
// would: it removes and then adds the records of zone-file lines, in one
// message without prerequisites (RFC 2136). It fails the test when the server
// refuses.
func (s *Server) Update(zone string, remove, add []string) {
	s.tb.Helper()
	m := new(dns.Msg).SetUpdate(dns.Fqdn(zone))
	m.Remove(s.parse(zone, remove))
	m.Insert(s.parse(zone, add))
	s.sign(m)
	c := &dns.Client{Net: "tcp", Timeout: Patience, TsigSecret: s.secrets()}
	in, _, err := c.ExchangeContext(s.tb.Context(), m, s.Addr.String())
	if err != nil {
		s.tb.Fatalf("update %s on %s: %v", zone, s.program, err)
	}
	if in.Rcode != dns.RcodeSuccess {
		s.tb.Fatalf("update %s on %s: %s", zone, s.program, dns.RcodeToString[in.Rcode])
	}
}

func (s *Server) parse(zone string, lines []string) []dns.RR {
	s.tb.Helper()
	out := make([]dns.RR, 0, len(lines))
	for _, line := range lines {
		rr, err := dns.NewRR(fmt.Sprintf("$ORIGIN %s\n%s\n", dns.Fqdn(zone), line))
		if err != nil || rr == nil {
			s.tb.Fatalf("record %q: %v", line, err)
		}
		out = append(out, rr)
	}
	return out
}

func (s *Server) sign(m *dns.Msg) {
	m.SetTsig(dns.Fqdn(s.Key.Name), dns.Fqdn(s.Key.Algorithm), 300, time.Now().Unix())
}

func (s *Server) secrets() map[string]string {
	return map[string]string{dns.Fqdn(s.Key.Name): s.Key.Secret}
}

// Updates returns the log lines about dynamic updates, for an observer that
// wants to see what the server did and in which order.
func (s *Server) Updates() []string {
	var out []string
	for line := range strings.Lines(s.Log()) {
		if strings.Contains(line, "updating zone") || strings.Contains(line, " DDNS") || strings.Contains(line, " UPDATE (") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

// hostPort writes an address as configuration files want it, with the given
// word or sign between.
func hostPort(a netip.AddrPort, sep string) string {
	return fmt.Sprintf("%v%s%d", a.Addr(), sep, a.Port())
}
