package caa_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/caa"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

const account = "https://ca.example/acct/7"

// parse reads lines of a zone file into the sets of a climb from n. "NAME
// FAILS" and "NAME SILENT" are look-ups that fail, "NAME NXDOMAIN" one without
// a name.
func parse(tb testing.TB, n zone.Name, lines string) []caa.Set {
	tb.Helper()
	var sets []caa.Set
	for _, at := range caa.Climb(n) {
		sets = append(sets, caa.Set{Name: at})
	}
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		s := &sets[slices.IndexFunc(sets, func(s caa.Set) bool { return s.Name == zone.MustParseName(name) })]
		switch rest {
		case "FAILS":
			s.Err = &resolver.QueryError{Status: resolver.ServFail, Cause: errors.New("SERVFAIL")}
		case "SILENT":
			s.Err = &resolver.QueryError{Status: resolver.Timeout, Cause: errors.New("no reply")}
		case "NXDOMAIN":
			s.NXDomain = true
		default:
			s.Records = append(s.Records, record(tb, line))
		}
	}
	return sets
}

// record reads one CAA record of a zone file.
func record(tb testing.TB, line string) resolver.CAA {
	tb.Helper()
	rr, err := dns.NewRR(line)
	if err != nil {
		tb.Fatalf("%s: %v", line, err)
	}
	c := rr.(*dns.CAA)
	return resolver.CAA{Flags: c.Flag, Tag: c.Tag, Value: c.Value}
}

// show is the fix as lines of a diff.
func show(f caa.Fix) string {
	var out []string
	for _, c := range f.Remove {
		out = append(out, "- "+c.String())
	}
	for _, c := range f.Add {
		out = append(out, "+ "+c.String())
	}
	return strings.Join(out, " ")
}

func TestJudge(t *testing.T) {
	tests := []struct {
		what    string
		records string
		want    string // outcome, reason, name, fix
	}{
		{"nothing", ``, `allowed no-records`},
		{"only the issuer", `example.org CAA 0 issue "letsencrypt.org"`, `allowed permitted example.org`},
		{"one of two issuers", `
			example.org CAA 0 issue "digicert.com"
			example.org CAA 0 issue "letsencrypt.org"`, `allowed permitted example.org`},
		{"white space", `example.org CAA 0 issue "  letsencrypt.org	 ; "`, `allowed permitted example.org`},
		{
			"tag in upper case", `example.org CAA 0 ISSUE "digicert.com"`,
			`forbidden other-issuer example.org + 0 issue "letsencrypt.org"`,
		},
		{
			"another issuer", `example.org CAA 0 issue "digicert.com"`,
			`forbidden other-issuer example.org + 0 issue "letsencrypt.org"`,
		},
		{
			"a name that ends alike", `example.org CAA 0 issue "notletsencrypt.org"`,
			`forbidden other-issuer example.org + 0 issue "letsencrypt.org"`,
		},
		{"nobody", `example.org CAA 0 issue ";"`, `forbidden nobody example.org + 0 issue "letsencrypt.org"`},
		{"nobody, empty", `example.org CAA 0 issue ""`, `forbidden nobody example.org + 0 issue "letsencrypt.org"`},
		{
			"other letters", `example.org CAA 0 issue "LetsEncrypt.org"`,
			`forbidden letter-case example.org - 0 issue "LetsEncrypt.org" + 0 issue "letsencrypt.org"`,
		},

		{"the nearest set decides", `
			www.example.org CAA 0 issue "letsencrypt.org"
			example.org CAA 0 issue "digicert.com"`, `allowed permitted www.example.org`},
		{
			"also when it forbids", `
			www.example.org CAA 0 issue ";"
			example.org CAA 0 issue "letsencrypt.org"`,
			`forbidden nobody www.example.org + 0 issue "letsencrypt.org"`,
		},
		{"the TLD has a say", `org CAA 0 issue ";"`, `forbidden nobody org + 0 issue "letsencrypt.org"`},
		{"a nearer failure hides a set", `
			www.example.org FAILS
			example.org CAA 0 issue "letsencrypt.org"`, `forbidden server-failure www.example.org`},
		{"a failure above the set does not matter", `
			www.example.org CAA 0 issue "letsencrypt.org"
			example.org FAILS
			org SILENT`, `allowed permitted www.example.org`},
		{"a failure at the TLD", `org FAILS`, `forbidden server-failure org`},
		{"a silent server says nothing", `example.org SILENT`, `unknown lookup-failed example.org`},
		{"names that do not exist have no records", `
			www.example.org NXDOMAIN
			example.org CAA 0 issue "letsencrypt.org"`, `allowed permitted example.org`},
		{"a TLD that does not exist", `
			www.example.org NXDOMAIN
			example.org NXDOMAIN
			org NXDOMAIN`, `forbidden no-tld org`},

		{"issuewild alone says nothing", `example.org CAA 0 issuewild "digicert.com"`, `allowed nothing-said example.org`},
		{
			"issuewild beside issue", `
			example.org CAA 0 issuewild "letsencrypt.org"
			example.org CAA 0 issue "digicert.com"`,
			`forbidden other-issuer example.org + 0 issue "letsencrypt.org"`,
		},
		{"iodef alone", `example.org CAA 0 iodef "mailto:ca@example.org"`, `allowed nothing-said example.org`},
		{"critical and known", `
			example.org CAA 128 issue "letsencrypt.org"
			example.org CAA 128 iodef "mailto:ca@example.org"
			example.org CAA 128 issuemail ";"
			example.org CAA 128 issuevmc ";"`, `allowed permitted example.org`},
		{"unknown", `example.org CAA 0 tbs "unknown"`, `allowed nothing-said example.org`},
		{"unknown and critical", `
			example.org CAA 0 issue "letsencrypt.org"
			example.org CAA 128 tbs "unknown"`, `forbidden critical example.org - 128 tbs "unknown"`},
		{"critical by the other bit", `
			example.org CAA 0 issue "letsencrypt.org"
			example.org CAA 1 tbs "unknown"`, `forbidden critical example.org - 1 tbs "unknown"`},
		{"another flag is not critical", `
			example.org CAA 0 issue "letsencrypt.org"
			example.org CAA 2 tbs "unknown"`, `allowed permitted example.org`},
		{
			"critical beside another issuer", `
			example.org CAA 0 issue "digicert.com"
			example.org CAA 128 tbs "unknown"`,
			`forbidden critical example.org - 128 tbs "unknown" + 0 issue "letsencrypt.org"`,
		},

		{"the method", `example.org CAA 0 issue "letsencrypt.org; validationmethods=http-01"`, `allowed permitted example.org`},
		{"one of the methods", `example.org CAA 0 issue "letsencrypt.org; validationmethods=dns-01,http-01"`, `allowed permitted example.org`},
		{
			"another method", `example.org CAA 0 issue "letsencrypt.org; validationmethods=dns-01"`,
			`forbidden other-method example.org - 0 issue "letsencrypt.org; validationmethods=dns-01" + 0 issue "letsencrypt.org; validationmethods=dns-01,http-01"`,
		},
		{
			"methods that do not parse", `example.org CAA 0 issue "letsencrypt.org; validationmethods=http-01,dns_01"`,
			`forbidden other-method example.org - 0 issue "letsencrypt.org; validationmethods=http-01,dns_01" + 0 issue "letsencrypt.org; validationmethods=http-01"`,
		},
		{
			"methods twice", `example.org CAA 0 issue "letsencrypt.org; validationmethods=http-01; validationmethods=http-01"`,
			`forbidden other-method example.org - 0 issue "letsencrypt.org; validationmethods=http-01; validationmethods=http-01" + 0 issue "letsencrypt.org; validationmethods=http-01"`,
		},
		{"the account", `example.org CAA 0 issue "letsencrypt.org; accounturi=` + account + `"`, `allowed permitted example.org`},
		{
			"another account", `example.org CAA 0 issue "letsencrypt.org; accounturi=https://ca.example/acct/8; validationmethods=http-01"`,
			`forbidden other-account example.org + 0 issue "letsencrypt.org; validationmethods=http-01; accounturi=` + account + `"`,
		},
		{
			"account twice", `example.org CAA 0 issue "letsencrypt.org; accounturi=` + account + `; accounturi=` + account + `"`,
			`forbidden other-account example.org + 0 issue "letsencrypt.org; accounturi=` + account + `"`,
		},
		{"the account by another record", `
			example.org CAA 0 issue "letsencrypt.org; accounturi=https://ca.example/acct/8"
			example.org CAA 0 issue "letsencrypt.org; accounturi=` + account + `"`, `allowed permitted example.org`},
		{
			"another method and account", `example.org CAA 0 issue "letsencrypt.org; accounturi=https://ca.example/acct/8; validationmethods=dns-01"`,
			`forbidden other-method example.org - 0 issue "letsencrypt.org; accounturi=https://ca.example/acct/8; validationmethods=dns-01" + 0 issue "letsencrypt.org; validationmethods=dns-01,http-01; accounturi=` + account + `"`,
		},
		{"a parameter that nobody knows", `example.org CAA 0 issue "letsencrypt.org; cansignhttpexchanges=yes"`, `allowed permitted example.org`},
		{
			"a parameter without a value", `example.org CAA 0 issue "letsencrypt.org; validationmethods"`,
			`forbidden bad-value example.org - 0 issue "letsencrypt.org; validationmethods" + 0 issue "letsencrypt.org"`,
		},
		{
			"a semicolon too many", `example.org CAA 0 issue "letsencrypt.org; validationmethods=http-01;"`,
			`forbidden bad-value example.org - 0 issue "letsencrypt.org; validationmethods=http-01;" + 0 issue "letsencrypt.org"`,
		},
		{
			"a blank within a value", `example.org CAA 0 issue "letsencrypt.org; validationmethods=http-01, dns-01"`,
			`forbidden bad-value example.org - 0 issue "letsencrypt.org; validationmethods=http-01, dns-01" + 0 issue "letsencrypt.org"`,
		},
	}
	q := caa.Request{Name: "www.example.org.", Issuers: []string{"letsencrypt.org"}, Accounts: []string{account}}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			sets := parse(t, q.Name, tt.records)
			r := caa.Judge(q, sets)
			got := fmt.Sprint(r.Outcome, " ", r.Reason)
			if r.At != "" {
				got += " " + r.At.Display()
			}
			if !r.Fix.Empty() {
				got += " " + show(r.Fix)
			}
			if got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
			fixed(t, q, sets, r)
			said(t, r)
		})
	}
}

// fixed makes sure that the fix permits, as far as it is known who asks.
func fixed(t *testing.T, q caa.Request, sets []caa.Set, r caa.Result) {
	t.Helper()
	if r.Fix.Empty() {
		return
	}
	at := slices.IndexFunc(sets, func(s caa.Set) bool { return s.Name == r.At })
	after := slices.DeleteFunc(slices.Clone(sets[at].Records), func(c resolver.CAA) bool { return slices.Contains(r.Fix.Remove, c) })
	sets[at].Records = append(after, r.Fix.Add...)
	again := caa.Judge(q, sets)
	if again.Outcome != caa.Allowed && (len(q.Accounts) > 0 || again.Reason != caa.AccountUnknown) {
		t.Errorf("with the fix: %s", again)
	}
}

// said makes sure that the sentence names where, and what the record is.
func said(t *testing.T, r caa.Result) {
	t.Helper()
	text := r.String()
	if r.At != "" && !strings.Contains(text, r.At.Display()) && r.Reason != caa.ServerFailure && r.Reason != caa.LookupFailed {
		t.Errorf("%q does not name %s", text, r.At)
	}
	if r.Record != nil && !strings.Contains(text, r.Record.String()) {
		t.Errorf("%q does not show %s", text, r.Record)
	}
	if (r.Err != nil) != (r.Reason == caa.ServerFailure || r.Reason == caa.LookupFailed || r.Reason == caa.NoTLD) {
		t.Errorf("%s with error %v", r.Reason, r.Err)
	}
}

// What the request does not say cannot be judged.
func TestJudgeUnknown(t *testing.T) {
	const name = "www.example.org."
	one := `example.org CAA 0 issue "letsencrypt.org; accounturi=` + account + `"`
	for _, tt := range []struct {
		what, records string
		q             caa.Request
		want          string
	}{
		{"no account, and one is wanted", one, caa.Request{Issuers: []string{"letsencrypt.org"}}, "unknown account-unknown"},
		{
			"no account, and one record wants none", one + "\nexample.org CAA 0 issue \"letsencrypt.org\"",
			caa.Request{Issuers: []string{"letsencrypt.org"}},
			"allowed permitted",
		},
		{"no issuer", one, caa.Request{}, "unknown issuer-unknown"},
		{"no issuer, and no records", "", caa.Request{}, "allowed no-records"},
		{"second name of the issuer", one, caa.Request{Issuers: []string{"le.example", "letsencrypt.org"}, Accounts: []string{"x", account}}, "allowed permitted"},
		{
			"by dns-01", `example.org CAA 0 issue "letsencrypt.org; validationmethods=dns-01"`,
			caa.Request{Issuers: []string{"letsencrypt.org"}, Method: "dns-01"},
			"allowed permitted",
		},
	} {
		tt.q.Name = name
		r := caa.Judge(tt.q, parse(t, name, tt.records))
		if got := fmt.Sprint(r.Outcome, " ", r.Reason); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
		said(t, r)
	}
	r := caa.Check(t.Context(), nil, caa.Request{Name: "*.example.org."})
	if r.Outcome != caa.Forbidden || r.Reason != caa.Wildcard {
		t.Errorf("wildcard: %+v", r)
	}
}

// The records of a zone, asked for over the wire: by a resolver, and by the
// zones' own servers along a CNAME that leads from one to the other.
func TestCheckInTheDNS(t *testing.T) {
	const soa = " 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
	org := resolvertest.NewZone(t, "example.org."+soa,
		`example.org.       300 IN CAA 0 issue "digicert.com"`,
		`alias.example.org. 300 IN CNAME host.example.net.`,
		`host.example.org.  300 IN A 192.0.2.1`,
		`own.example.org.   300 IN CAA 0 issue "letsencrypt.org"`)
	net := resolvertest.NewZone(t, "example.net."+soa,
		`host.example.net. 300 IN CAA 0 issue "letsencrypt.org"`)
	root := resolvertest.NewZone(t, "."+soa, "ns.org. 300 IN A 192.0.2.1")
	root.Recursive = true
	resolve := resolvertest.NewZone(t, "org."+soa, `example.org. 300 IN CAA 128 tbs "x"`)
	resolve.Recursive = true
	server := func(z *resolvertest.Zone) []resolver.Server {
		return []resolver.Server{{Name: "s", Addr: resolvertest.Serve(t, z)}}
	}
	c := resolver.New(resolver.Options{Timeout: 20 * time.Second})
	t.Cleanup(func() { c.Close() })
	zones := resolver.Route{
		Zones:     map[zone.Name][]resolver.Server{"example.org.": server(org), "example.net.": server(net)},
		Resolvers: server(root),
	}
	for _, tt := range []struct {
		route resolver.Route
		name  zone.Name
		want  string
	}{
		{zones, "host.example.org.", "forbidden other-issuer example.org."},
		{zones, "own.example.org.", "allowed permitted own.example.org."},
		{zones, "alias.example.org.", "allowed permitted alias.example.org."},
		{zones, "gone.example.org.", "forbidden other-issuer example.org."},
		{zones, "other.example.net.", "forbidden no-tld net."},
		{zones, "www.ns.org.", "allowed no-records "},
		{resolver.Route{Resolvers: server(resolve)}, "www.example.org.", "forbidden critical example.org."},
		{resolver.Route{Resolvers: server(resolve)}, "www.example.net.", "unknown lookup-failed www.example.net."},
		{resolver.Route{}, "www.example.net.", "unknown lookup-failed www.example.net."},
	} {
		r := caa.Check(t.Context(), caa.DNS{Client: c, Route: tt.route}, caa.Request{Name: tt.name, Issuers: []string{"letsencrypt.org"}})
		if got := fmt.Sprint(r.Outcome, " ", r.Reason, " ", r.At); got != tt.want {
			t.Errorf("%s: %s, want %s (%v)", tt.name, got, tt.want, r.Err)
		}
	}
}

// A value from the DNS may be anything: nothing that does not parse permits,
// and a fix always does.
func FuzzJudge(f *testing.F) {
	f.Add(byte(0), "issue", "letsencrypt.org; validationmethods=dns-01; accounturi=x", true)
	f.Add(byte(1), "tbs", "x", false)
	f.Add(byte(128), "issue", "LetsEncrypt.org;;", true)
	f.Fuzz(func(t *testing.T, flags byte, tag, value string, known bool) {
		q := caa.Request{Name: "www.example.org.", Issuers: []string{"letsencrypt.org"}}
		if known {
			q.Accounts = []string{account}
		}
		sets := parse(t, q.Name, "")
		sets[1].Records = []resolver.CAA{{Flags: flags, Tag: tag, Value: value}}
		r := caa.Judge(q, sets)
		if r.Outcome == "" || r.Reason == "" || r.String() == "" {
			t.Fatalf("%+v", r)
		}
		if r.Reason == caa.Permitted && !strings.Contains(value, q.Issuers[0]) {
			t.Fatalf("%q permits", value)
		}
		fixed(t, q, sets, r)
	})
}

// TestHostile: what stands in a record cannot harm a terminal, nor pass for
// nobody.
func TestHostile(t *testing.T) {
	judge := func(value string) caa.Result {
		return caa.Judge(caa.Request{Name: "www.example.org.", Issuers: []string{"letsencrypt.org"}}, []caa.Set{
			{Name: "www.example.org.", Records: []resolver.CAA{{Tag: "issue", Value: value}}},
		})
	}
	if r := judge("digicert.com\x1b[2J\u009b"); r.Reason != caa.OtherIssuer || r.String() != `CAA at www.example.org permits only "digicert.com\x1b[2J\u009b"` {
		t.Errorf("%s: %q", r.Reason, r)
	}
	if r := judge("nobody"); r.Reason != caa.OtherIssuer {
		t.Errorf("%s: %s", r.Reason, r)
	}
}
