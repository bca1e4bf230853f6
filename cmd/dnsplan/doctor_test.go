package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// resolverSite asks two resolvers.
const resolverSite = `version = 1
[[verify.resolver]]
name    = "first"
address = %q
[[verify.resolver]]
name    = "second"
address = %q
[[provider]]
name = "files"
type = "zonefile"
dir  = "zones"
[[zone]]
name     = "example.org"
provider = "files"
`

// spaced makes one line of a report, so that texts are found wherever lines are
// broken.
func spaced(text string) string { return strings.Join(strings.Fields(text), " ") }

// says runs doctor and looks for texts in what it prints, and for a secret.
func (p *program) says(code int, secret string, texts ...string) {
	p.t.Helper()
	got := p.run("doctor")
	if got.code != code {
		p.t.Fatalf("exit code %d, want %d\n%s%s", got.code, code, got.stdout, got.stderr)
	}
	for _, text := range texts {
		if !strings.Contains(spaced(got.stdout), text) {
			p.t.Errorf("nothing says %q:\n%s", text, got.stdout)
		}
	}
	if secret != "" {
		noSecret(p.t, p, got, secret)
		noSecret(p.t, p, p.run("doctor", "-v"), secret)
		noSecret(p.t, p, p.run("doctor", "--json"), secret)
	}
}

// Resolvers that answer, that know no such zone, that refuse and that are dead.
func TestDoctorResolvers(t *testing.T) {
	zone := resolvertest.NewZone(t, "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60")
	zone.Recursive = true
	stranger := resolvertest.NewZone(t, "example. 300 IN SOA ns1.example. hostmaster.example. 1 3600 600 86400 60")
	none := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetRcode(q, dns.RcodeNameError)
		m.RecursionAvailable = true
		_ = w.WriteMsg(m)
	})
	answers := resolvertest.Serve(t, zone)
	for _, tt := range []struct {
		name   string
		second netip.AddrPort
		code   int
		want   string
	}{
		{"answers", resolvertest.Serve(t, zone), exitDone, "✓ ok resolver second answers: SECOND, in "},
		{"knows nothing", resolvertest.Serve(t, none), exitDone, "? unclear resolver second answers: SECOND knows no zone example.org: NXDOMAIN → it cannot verify"},
		{"refuses", resolvertest.Serve(t, stranger), exitDifferences, "✕ wrong resolver second answers: SECOND does not resolve example.org: REFUSED → let the resolver answer"},
		{"dead", resolvertest.ClosedPort(t), exitDifferences, "✕ wrong resolver second answers: SECOND: connection refused → check its address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProgram(t, fmt.Sprintf(resolverSite, answers, tt.second))
			p.says(tt.code, "", "✓ ok resolver first answers: "+answers.String()+", in ", strings.ReplaceAll(tt.want, "SECOND", tt.second.String()))
		})
	}
}

// A key that the server takes, one with another secret, one that it does not know,
// and one that may neither transfer nor update the zone.
func TestDoctorTSIG(t *testing.T) {
	stranger := dnsd.Key{Name: "stranger", Algorithm: "hmac-sha256", Secret: "c3RyYW5nZXItc2VjcmV0LTMyLWJ5dGVzLW9rIQ=="}
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": bindZone}, Strangers: []dnsd.Key{stranger}})
	other, unknown := s.Key, s.Key
	other.Secret = "b3RoZXItc2VjcmV0LW9mLTMyLW9jdGV0cy1hdC1hbGw="
	unknown.Name = "nobody"
	for _, tt := range []struct {
		key  dnsd.Key
		code int
		want []string
	}{
		{s.Key, exitDone, []string{
			"✓ ok provider dns credentials: tsig_secret: environment variable TEST_TSIG",
			`✓ ok provider dns credentials: ` + s.Addr.String() + ` takes tsig key "dnsplan" (hmac-sha256)`,
			"✓ ok provider dns zone example.org: serial 1, primary ns1.example.org by its SOA record",
			`✓ ok provider dns permissions example.org: tsig key "dnsplan" may transfer the zone`,
			"? unclear provider dns permissions example.org: the server examines updates; whether",
			"✓ ok provider dns records example.org: 3 address RRsets, 2 other records",
			"✓ ok provider dns clock: within ",
			"Nothing is wrong, 1 of 10 checks is unclear.",
		}},
		{other, exitDifferences, []string{
			`✕ wrong provider dns credentials: credentials refused: tsig key "dnsplan": BADSIG: `, "→ set tsig_secret to the secret that the server has",
			"1 of 5 checks is wrong: provider dns.",
		}},
		{unknown, exitDifferences, []string{
			`✕ wrong provider dns credentials: credentials refused: tsig key "nobody": BADKEY: `, "→ give the server a key of this name",
			"1 of 5 checks is wrong: provider dns.",
		}},
		{stranger, exitDifferences, []string{
			"? unclear provider dns permissions example.org: the server answers REFUSED to a transfer: ",
			"✕ wrong provider dns permissions example.org: the server answers REFUSED to an update → let tsig key \"stranger\" update the zone (BIND: allow-update",
		}},
	} {
		p := newProgram(t, updateSite(s, tt.key))
		p.env["TEST_TSIG"] = tt.key.Secret
		p.says(tt.code, tt.key.Secret, tt.want...)
	}
	if serial := s.Serial("example.org"); serial != 1 {
		t.Errorf("the zone has serial %d", serial)
	}
}

// Lines of -v come whole from many goroutines, also while a view draws.
func TestRequestLog(t *testing.T) {
	var out bytes.Buffer
	l := &notices{w: &out}
	tell := func(n int) {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { l.line(fmt.Sprintf("cf: GET /zones/%d\x1b[2J", i)) })
		}
		wg.Wait()
	}
	tell(50)
	l.through(report.NewPlain(&out, report.Options{}))
	tell(50)
	n := 0
	for line := range strings.Lines(out.String()) {
		n++
		if !strings.HasPrefix(line, "dnsplan: cf: GET /zones/") || strings.Contains(line, "\x1b") || strings.Count(line, "dnsplan") != 1 {
			t.Errorf("line %q", line)
		}
	}
	if n != 100 {
		t.Errorf("%d lines", n)
	}
	var screen bytes.Buffer
	l.through(report.NewLive(&screen, report.Options{}))
	l.line("cf: GET /zones")
	if got := screen.String(); !strings.HasSuffix(got, "dnsplan: cf: GET /zones\n") {
		t.Errorf("the view drew %q", got)
	}
}
