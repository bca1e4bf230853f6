package report_test

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/plan/verify"
)

func verification() report.Verification {
	www := zone.Key{Name: "www.example.org.", Type: zone.A}
	addr := netip.MustParseAddr
	mk := func(server, address string, resolver bool, v verify.Verdict, ttl zone.TTL, values ...netip.Addr) verify.Line {
		l := verify.Line{
			Server: server, Address: address, Resolver: resolver, Name: www.Name, Type: www.Type, Verdict: v, Status: "NOERROR", Values: values,
			TTL: ttl, RTT: 12 * time.Millisecond, At: made,
		}
		if len(values) == 0 {
			l.Values, l.Status, l.RTT = []netip.Addr{}, "timeout", 0
		}
		return l
	}
	silent := mk("quad9", "9.9.9.9:53", true, verify.Silent, 0)
	silent.Detail = "ask 9.9.9.9:53 over udp: no reply within 2s, three times in a row, and neither over tcp"
	missing := mk("cloudflare", "https://cloudflare-dns.com/dns-query", true, verify.Missing, 0)
	missing.Status, missing.RTT = "NXDOMAIN", 300*time.Microsecond
	return report.Verification{Checked: made, RRsets: []report.Verified{
		{
			Zone: plan.ZoneRef{Zone: "example.org.", View: "external"},
			Want: verify.Want{Key: www, Values: []netip.Addr{addr("203.0.113.11"), addr("203.0.113.12")}, TTL: 3600},
			Lines: []verify.Line{
				mk("google", "8.8.8.8:53", true, verify.Differs, 723, addr("192.0.2.1")), silent, missing,
				mk("ns1.example.org.", "192.0.2.53:53", false, verify.Agrees, 3600, addr("203.0.113.11"), addr("203.0.113.12")),
				mk("ns-2048.awsdns-64.example.com.", "[2001:db8:1111:2222::53]:53", false, verify.OldTTL, 86400, addr("203.0.113.11"), addr("203.0.113.12")),
			},
		},
		{
			Zone: plan.ZoneRef{Zone: "example.org."},
			Want: verify.Want{Key: zone.Key{Name: "v6.example.org.", Type: zone.AAAA}, Values: []netip.Addr{addr("2001:db8:1111:2222:3333:4444:5555:6666")}, Proxied: true},
			Lines: []verify.Line{
				mk("127.0.0.1:5353", "127.0.0.1:5353", false, verify.ByProxy, 300, addr("2001:db8:1111:2222:3333:4444:5555:6666")),
			},
		},
		{Zone: plan.ZoneRef{Zone: "example.org."}, Want: verify.Want{Key: zone.Key{Name: "gone.example.org.", Type: zone.A}}, Lines: []verify.Line{missing}},
	}}
}

func TestVerify(t *testing.T) {
	v := verification()
	golden(t, "verify-differs.txt", func(w io.Writer) error { return report.VerifyText(w, v, options()) })
	golden(t, "verify-differs.json", func(w io.Writer) error { return report.VerifyJSON(w, v, nil) })
	good := report.Verification{Checked: made, RRsets: v.RRsets[1:2]}
	golden(t, "verify-agrees.txt", func(w io.Writer) error { return report.VerifyText(w, good, options()) })
	golden(t, "verify-none.txt", func(w io.Writer) error { return report.VerifyText(w, report.Verification{}, options()) })
	golden(t, "verify-none.json", func(w io.Writer) error { return report.VerifyJSON(w, report.Verification{}, nil) })
}

// What is known of some zones alone is said to be of those, in one line.
func TestVerifyUnread(t *testing.T) {
	unread := []plan.ZoneRef{{Zone: "example.net."}, {Zone: "example.com.", View: "internal"}}
	agrees := verification().RRsets[1:2]
	silent := report.Verified{Zone: agrees[0].Zone, Want: agrees[0].Want, Lines: slices.Clone(agrees[0].Lines)}
	silent.Lines[0].Verdict = verify.Silent
	few := report.Verified{Zone: agrees[0].Zone, Want: agrees[0].Want, Lines: slices.Clone(agrees[0].Lines)}
	few.Lines[0].Resolver = true
	for want, v := range map[string]report.Verification{
		"Of the other zones, all 1 answers agree.":                                    {RRsets: agrees},
		"Of the other zones, 4 of 6 answers differ: google, cloudflare and 1 more.":   {RRsets: verification().RRsets},
		"Of the other zones, 1 authoritative server does not answer: 127.0.0.1:5353.": {RRsets: []report.Verified{silent}},
		"Of the other zones, too few resolvers answer: 1 of 1 answers came.":          {RRsets: []report.Verified{few}, Require: "2"},
		"No answers: nothing was asked.":                                              {},
	} {
		v.Unread = unread
		out := text(t, func(w io.Writer) error { return report.VerifyText(w, v, options()) })
		if got := lastLine(out); got != want || len(got) > 80 {
			t.Errorf("last line %q, want %q", got, want)
		}
		if !strings.Contains(out, "\nCould not be read: example.net, example.com in view internal.\n") && !strings.HasPrefix(out, "Could not") {
			t.Errorf("which zones is not said: %s", out)
		}
	}
}

// TestVerifyLastLine: it stays one line, however many servers differ.
func TestVerifyLastLine(t *testing.T) {
	v := verification()
	for i := range 40 {
		l := v.RRsets[0].Lines[0]
		l.Server = fmt.Sprintf("a-resolver-with-a-long-name-%d", i)
		v.RRsets[0].Lines = append(v.RRsets[0].Lines, l)
	}
	got := lastLine(text(t, func(w io.Writer) error { return report.VerifyText(w, v, options()) }))
	if !strings.HasPrefix(got, "44 of 46 answers differ: google, ") || !strings.HasSuffix(got, " more.") || len(got) > 80 {
		t.Errorf("last line %q", got)
	}
}
