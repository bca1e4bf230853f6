package acme_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

var dnsNow = time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)

// dnsSite is what is wanted of example.org, what its two name servers and a
// resolver answer, and what else the checks look at. Lines are records of a zone
// file with names below example.org; "TYPE ADDRESS" is at the name.
type dnsSite struct {
	t    *testing.T
	name zone.Name // www.example.org. where it is empty
	want []string
	// ns1, ns2 and public are added to the SOA record; ns2 and public are as ns1
	// where they are nil.
	ns1, ns2, public []string
	serial2          string
	// faults change what a server says, before it is sent; silent ones say nothing.
	fault1, fault2, faultPublic func(q, m *dns.Msg)
	// faultTCP2 is one of ns2 over TCP alone.
	faultTCP2       func(q, m *dns.Msg)
	silent2, noTCP2 bool
	// heard2 is told what a silent ns2 was asked.
	heard2 func(q, m *dns.Msg)
	// proxied is what the provider holds behind a proxy.
	proxied []string
	subject func(*acme.Subject)
	options func(*acme.Options)
}

// fine is a site with which nothing is wrong.
func fine() dnsSite {
	return dnsSite{
		want: []string{"A 8.8.4.10", "AAAA 2600::10"},
		ns1:  []string{"@ 3600 A 8.8.4.1", "www 3600 A 8.8.4.10", "www 3600 AAAA 2600::10", `@ 300 CAA 0 issue "letsencrypt.org"`},
	}
}

func absolute(lines []string) (out []string) {
	for _, l := range lines {
		name, rest, _ := strings.Cut(l, " ")
		if name == "@" {
			name = "example.org."
		} else {
			name += ".example.org."
		}
		out = append(out, name+" "+rest)
	}
	return out
}

// server answers from a zone as a good server does, with a fault.
func (s dnsSite) server(t *testing.T, name, serial string, lines []string, fault func(q, m *dns.Msg), recursive, silent bool) resolver.Server {
	t.Helper()
	z := resolvertest.NewZone(t, append([]string{"example.org. 3600 IN SOA ns1.example.org. hostmaster.example.org. " + serial + " 3600 600 86400 600"}, absolute(lines)...)...)
	z.Recursive = recursive
	at := resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		if silent {
			if s.heard2 != nil {
				s.heard2(q, nil)
			}
			return
		}
		overTCP2 := name == "ns2" && w.RemoteAddr().Network() == "tcp"
		if s.noTCP2 && overTCP2 {
			_ = w.Close()
			return
		}
		r := &recorder{ResponseWriter: w}
		z.ServeDNS(r, q)
		m := r.msg.Copy() // the records are shared, and a fault may change them
		if q.IsEdns0() != nil {
			m.SetEdns0(1232, q.IsEdns0().Do())
		}
		if recursive && !dns.IsSubDomain("example.org.", q.Question[0].Name) {
			m.Rcode, m.AuthenticatedData = dns.RcodeSuccess, true
			m.Ns = []dns.RR{line(t, ". 86400 IN SOA a. b. 1 1 1 1 1")}
		}
		if fault != nil {
			fault(q, m)
		}
		if s.faultTCP2 != nil && overTCP2 {
			s.faultTCP2(q, m)
		}
		_ = w.WriteMsg(m)
	}))
	server, err := resolver.ParseServer(name, at.String(), "udp")
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// recorder keeps a reply.
type recorder struct {
	dns.ResponseWriter
	msg *dns.Msg
}

func (r *recorder) WriteMsg(m *dns.Msg) error {
	r.msg = m
	return nil
}

func line(t *testing.T, text string) dns.RR {
	t.Helper()
	rr, err := dns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

func records(t *testing.T, name zone.Name, lines []string) (out []zone.RRset) {
	t.Helper()
	for _, l := range lines {
		kind, rest, _ := strings.Cut(l, " ")
		typ, err := zone.ParseType(kind)
		if err != nil {
			t.Fatal(err)
		}
		r := zone.RRset{Key: zone.Key{Name: name, Type: typ}, TTL: 3600}
		for a := range strings.FieldsSeq(rest) {
			r.Addrs = append(r.Addrs, netip.MustParseAddr(a))
		}
		out = append(out, r)
	}
	return out
}

// open builds the subject and its examiner.
func (s dnsSite) open(t *testing.T) (*acme.Examiner, *acme.Subject) {
	t.Helper()
	if s.name == "" {
		s.name = "www.example.org."
	}
	if s.ns2 == nil {
		s.ns2 = s.ns1
	}
	if s.public == nil {
		s.public = s.ns1
	}
	if s.serial2 == "" {
		s.serial2 = "2"
	}
	z := &acme.Zone{ZoneRef: plan.ZoneRef{Zone: "example.org."}, Provider: "box", Live: &zone.Snapshot{Zone: "example.org."}}
	if s.proxied != nil {
		z.Live.RRsets = records(t, s.name, s.proxied)
		for i := range z.Live.RRsets {
			z.Live.RRsets[i].Proxied = true
		}
	}
	z.Live.Sort()
	z.Servers = []resolver.NameServer{
		{Name: "ns1", Servers: []resolver.Server{s.server(t, "ns1", "2", s.ns1, s.fault1, false, false)}},
		{Name: "ns2", Servers: []resolver.Server{s.server(t, "ns2", s.serial2, s.ns2, s.fault2, false, s.silent2)}},
	}
	public := s.server(t, "public", "2", s.public, s.faultPublic, true, false)
	z.Resolvers, z.Inside = []resolver.Server{public}, []resolver.Server{public}
	subject := &acme.Subject{Zone: z, Name: s.name, ACME: acme.HTTP01}
	for _, r := range records(t, s.name, s.want) {
		subject.Records = append(subject.Records, acme.Record{RRset: r})
	}
	if s.subject != nil {
		s.subject(subject)
	}
	timeout := 20 * time.Second
	if s.silent2 {
		timeout = 2 * time.Second
	}
	client := resolver.New(resolver.Options{Timeout: timeout, Attempts: 1, Now: func() time.Time { return dnsNow }})
	t.Cleanup(func() { _ = client.Close() })
	o := acme.Options{DNS: client, Now: func() time.Time { return dnsNow }, Issuer: acme.Issuer{Name: "letsencrypt", Identities: []string{"letsencrypt.org"}}}
	if s.options != nil {
		s.options(&o)
	}
	return acme.New(o), subject
}

// check makes one check.
func (s dnsSite) check(t *testing.T, ids ...string) []acme.Finding {
	t.Helper()
	x, subject := s.open(t)
	return acme.Examined(t.Context(), x, []*acme.Subject{subject}, acme.Selection{Only: ids}).Findings
}

// With nothing wrong each check passes, and says something.
func TestDNSFine(t *testing.T) {
	seen := map[acme.ID]bool{}
	for _, f := range fine().check(t, "D") {
		seen[f.Check] = true
		if f.Outcome != acme.Pass || len(f.Remedies) > 0 || f.Summary == "" {
			t.Errorf("%s: %s: %s %v", f.Check, f.Outcome, f.Summary, f.Asked)
		}
	}
	for _, c := range acme.Checks() {
		if strings.HasPrefix(string(c.ID), "D-") && !seen[c.ID] {
			t.Errorf("%s says nothing", c.ID)
		}
	}
}

// dnsBreak is one thing that is wrong, and what is said about it.
type dnsBreak struct {
	what     string
	check    acme.ID
	change   func(*dnsSite)
	outcome  acme.Outcome
	severity acme.Severity
	says     []string // parts of the summary
	paste    []string // parts of what is to be done
}

func (b dnsBreak) run(t *testing.T) {
	s := fine()
	s.t = t
	b.change(&s)
	found := s.check(t, string(b.check))
	if len(found) == 0 {
		t.Fatal("no finding")
	}
	f := found[0]
	if f.Outcome != b.outcome || f.Severity != b.severity {
		t.Errorf("%s %s, want %s %s: %s", f.Outcome, f.Severity, b.outcome, b.severity, f.Summary)
	}
	for _, part := range b.says {
		if !strings.Contains(f.Summary, part) {
			t.Errorf("%q lacks %q", f.Summary, part)
		}
	}
	acme.Offers(t, f, b.paste...)
}

// drop returns lines without those that begin so.
func drop(lines []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.HasPrefix(l, prefix) })
}

func edit(lines []string, old, with string) (out []string) {
	for _, l := range lines {
		out = append(out, strings.ReplaceAll(l, old, with))
	}
	return out
}
