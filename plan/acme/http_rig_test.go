package acme

import (
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// site is a name with web servers on loopback and an authoritative server.
type site struct {
	t       *testing.T
	addrs   []netip.Addr
	ls      []net.Listener
	served  map[int]bool // which of them are answered at
	root    string
	opts    Options
	subject *Subject
}

// newSite is www.example.org at the addresses, all of which are answered and
// wanted; the ACME client's files are in root, and nobody serves them yet.
func newSite(t *testing.T, addrs ...string) *site {
	t.Helper()
	s := &site{t: t, ls: acmetest.Listen(t, addrs...), served: map[int]bool{}, root: t.TempDir()}
	for _, a := range addrs {
		s.addrs = append(s.addrs, netip.MustParseAddr(a))
	}
	client := resolver.New(resolver.Options{})
	t.Cleanup(func() { _ = client.Close() })
	webroot := plant.Webroot(s.root, time.Now)
	s.opts = Options{
		DNS: client, Now: time.Now, HTTPPort: acmetest.Port(s.ls[0]), AllowReserved: true,
		Client: func(*Subject) Client { return Client{Planter: webroot} },
		Issuer: Issuer{Name: "letsencrypt"},
	}
	s.subject = &Subject{
		Name: "www.example.org.", ACME: HTTP01,
		Zone: &Zone{ZoneRef: plan.ZoneRef{Zone: "example.org."}, Live: &zone.Snapshot{Zone: "example.org."}},
	}
	s.want(addrs...)
	s.answer(addrs...)
	return s
}

// want has the inventory want the addresses.
func (s *site) want(addrs ...string) { s.subject.Records = records(addrs) }

func records(addrs []string) (out []Record) {
	for _, t := range families() {
		set := zone.RRset{Key: zone.Key{Name: "www.example.org.", Type: t}, TTL: 300}
		for _, text := range addrs {
			if a := netip.MustParseAddr(text); zone.TypeOf(a) == t {
				set.Addrs = append(set.Addrs, a)
			}
		}
		if len(set.Addrs) > 0 {
			out = append(out, Record{RRset: set})
		}
	}
	return out
}

// hold has the provider hold the addresses.
func (s *site) hold(addrs ...string) {
	s.subject.Zone.Live = &zone.Snapshot{Zone: "example.org."}
	for _, r := range records(addrs) {
		s.subject.Zone.Live.RRsets = append(s.subject.Zone.Live.RRsets, r.RRset)
	}
}

// answer has the DNS answer with the addresses.
func (s *site) answer(addrs ...string) {
	s.t.Helper()
	var lines []string
	for _, a := range addrs {
		lines = append(lines, "www.example.org. 300 IN "+zone.TypeOf(netip.MustParseAddr(a)).String()+" "+a)
	}
	s.answerWith(lines...)
}

// answerWith has the DNS answer with records.
func (s *site) answerWith(lines ...string) {
	s.t.Helper()
	soa := "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
	at := resolvertest.Serve(s.t, resolvertest.NewZone(s.t, append([]string{soa}, lines...)...))
	s.subject.Zone.Servers = []resolver.NameServer{{Name: "ns1.example.org", Servers: []resolver.Server{{Name: "ns1.example.org", Addr: at}}}}
}

// beside has another name server at an address.
func (s *site) beside(at string) {
	server := resolver.Server{Name: "ns2.example.org", Addr: netip.MustParseAddrPort(at)}
	s.subject.Zone.Servers = append(s.subject.Zone.Servers, resolver.NameServer{Name: server.Name, Servers: []resolver.Server{server}})
}

// lag has one of two name servers answer with another address than is wanted.
func (s *site) lag() {
	s.t.Helper()
	s.answer("127.0.0.99")
	old := s.subject.Zone.Servers[0].Servers[0].Addr.String()
	s.answer("127.0.0.11")
	s.beside(old)
}

// client has the inventory say where the ACME client runs.
func (s *site) client(at netip.Addr) {
	p := s.opts.Client(s.subject)
	p.Host = Host{Name: "web-01", Addrs: []netip.Addr{at}, ACMEClient: true}
	p.Clients = []Host{p.Host}
	s.opts.Client = func(*Subject) Client { return p }
}

// files serve the ACME client's webroot.
func (s *site) files() http.Handler { return http.FileServer(http.Dir(s.root)) }

// serve answers at the i-th address.
func (s *site) serve(i int, h http.Handler) {
	s.t.Helper()
	s.served[i] = true
	acmetest.Serve(s.t, s.ls[i], h)
}

// check makes one check.
func (s *site) check(id ID) []Finding {
	s.t.Helper()
	found := Examined(s.t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{string(id)}})
	if left, _ := filepath.Glob(filepath.Join(s.root, ".well-known", "*", "*")); len(left) > 0 {
		s.t.Errorf("%s leaves %v in the webroot", id, left)
	}
	return found.Findings
}

// only expects one finding of the outcome, whose summary holds the words.
func (s *site) only(id ID, o Outcome, words ...string) Finding {
	s.t.Helper()
	found := s.check(id)
	if len(found) != 1 || found[0].Outcome != o {
		s.t.Fatalf("%s: %+v; want one finding: %s", id, found, o)
	}
	holds(s.t, string(id)+" summary", found[0].Summary, words...)
	return found[0]
}

func holds(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s: %q holds no %q", what, text, w)
		}
	}
}

// pasted is all that a finding's remedies have to paste, and to do.
func pasted(f Finding) string {
	var out []string
	for _, r := range f.Remedies {
		out = append(out, r.Do, r.Paste)
	}
	return strings.Join(out, "\n")
}

// lacks expects no remedy of the finding to hold the words.
func lacks(t *testing.T, f Finding, words ...string) {
	t.Helper()
	for _, w := range words {
		if text := pasted(f); strings.Contains(text, w) {
			t.Errorf("%s: a remedy holds %q: %s", f.Check, w, text)
		}
	}
}

func answers(code int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

func redirects(code int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(code)
	}
}
