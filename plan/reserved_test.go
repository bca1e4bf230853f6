package plan_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// TestReservedAddresses: an address that no server can have is refused, one that
// clients elsewhere do not reach is told of; private ones are what views are for,
// and documentation's are in every example.
func TestReservedAddresses(t *testing.T) {
	tests := []struct{ addr, view, refused, warned string }{
		{"0.0.0.0", "", "0.0.0.0/32", ""},
		{"0.0.0.1", "", "0.0.0.0/8", ""},
		{"0.255.255.255", "", "0.0.0.0/8", ""},
		{"1.0.0.0", "", "", ""},
		{"169.253.255.255", "", "", ""},
		{"169.254.0.0", "", "169.254.0.0/16", ""},
		{"169.254.255.255", "internal", "Link Local", ""},
		{"169.255.0.0", "", "", ""},
		{"192.0.0.7", "", "", "IPv4 Service Continuity Prefix"},
		{"192.0.0.8", "", "IPv4 dummy address", ""},
		{"192.0.0.9", "", "", ""},
		{"223.255.255.255", "", "", ""},
		{"224.0.0.0", "", "Multicast", ""},
		{"239.255.255.255", "", "224.0.0.0/4", ""},
		{"240.0.0.0", "", "240.0.0.0/4", ""},
		{"255.255.255.254", "", "240.0.0.0/4", ""},
		{"255.255.255.255", "", "Limited Broadcast", ""},
		{"::", "", "::/128", ""},
		{"::2", "", "", ""},
		{"ff:ffff::", "", "", ""},
		{"100::", "", "Discard-Only", ""},
		{"100::ffff:ffff:ffff:ffff", "", "100::/64", ""},
		{"100:0:0:1::", "", "Dummy IPv6 Prefix", ""},
		{"100:0:0:2::", "", "", ""},
		{"fe7f:ffff::", "", "", ""},
		{"fe80::", "", "fe80::/10", ""},
		{"febf:ffff::1", "", "Link-Local", ""},
		{"fec0::", "", "", ""},
		{"fdff:ffff::", "", "", "Unique-Local"},
		{"ff00::", "", "ff00::/8", ""},
		{"ffff::1", "", "Multicast", ""},

		{"203.0.113.1", "", "", ""},
		{"2001:db8::1", "", "", ""},
		{"3fff::1", "", "", ""},
		{"8.8.8.8", "", "", ""},
		{"127.0.0.1", "", "", "127.0.0.1 is in 127.0.0.0/8, Loopback (RFC 1122): clients elsewhere do not reach it"},
		{"127.0.0.1", "internal", "", "Loopback"},
		{"::1", "", "", "Loopback"},
		{"10.0.0.50", "", "", "Private-Use"},
		{"172.31.255.255", "", "", "Private-Use"},
		{"172.32.0.0", "", "", ""},
		{"192.168.1.1", "internal", "", ""},
		{"fd00::1", "", "", "Unique-Local"},
		{"fd00::1", "internal", "", ""},
		{"100.64.0.1", "", "", "Shared Address Space"},
		{"198.18.0.1", "", "", "Benchmarking"},
		{"2001:2::1", "", "", "Benchmarking"},
		{"2002::1", "", "", ""},
	}
	for _, tt := range tests {
		a := netip.MustParseAddr(tt.addr)
		s := site{want: "www 300 " + zone.TypeOf(a).String() + " " + tt.addr, view: tt.view}
		d := s.diff(t)
		wantRefusal(t, d, tt.refused)
		switch {
		case tt.warned == "" && len(d.Warnings) > 0:
			t.Errorf("%s: %v", tt.addr, d.Warnings)
		case tt.warned != "" && (len(d.Warnings) != 1 || d.Warnings[0].Code != plan.ReservedAddress || !strings.Contains(d.Warnings[0].Message, tt.warned)):
			t.Errorf("%s: %v, want %q", tt.addr, d.Warnings, tt.warned)
		}
		allowed := s.desired(t)
		allowed.AllowReserved = true
		d = plan.Diff(allowed, s.snapshot(t), plan.Selection{})
		wantRefusal(t, d, "")
		if len(d.Warnings) > 0 {
			t.Errorf("%s, allowed: %v", tt.addr, d.Warnings)
		}
	}
}

// wantRefusal wants one refusal with the words, or none.
func wantRefusal(t *testing.T, d plan.ZoneDiff, words string) {
	t.Helper()
	got := plan.Check([]plan.ZoneDiff{d}, plan.Allowances{})
	switch {
	case words == "" && len(got) > 0:
		t.Errorf("refused: %v", got)
	case words != "" && (len(got) != 1 || got[0].Code != plan.ReservedAddress || got[0].Allow != "allow_reserved = true in [check]" || !strings.Contains(got[0].Message, words)):
		t.Errorf("refusals %v, want one with %q", got, words)
	}
}

// Only what a change brings counts: what stays, or goes, is nobody's doing.
func TestReservedAddressesThatAreLive(t *testing.T) {
	for _, s := range []site{
		{live: "www 300 A 224.0.0.1", want: "www 600 A 224.0.0.1"},
		{live: "www 300 A 224.0.0.1 192.0.2.1", want: "www 300 A 224.0.0.1"},
		{live: "www 300 A 224.0.0.1\n@ 300 A 192.0.2.1", want: "@ 300 A 192.0.2.1", prune: true},
	} {
		if d := s.diff(t); len(d.Changes) != 1 || len(d.Warnings) > 0 {
			t.Errorf("%s: %v %v", s.want, d.Changes, d.Warnings)
		} else {
			wantRefusal(t, d, "")
		}
	}
	d := site{want: "www 300 A 224.0.0.1 224.0.0.2"}.diff(t)
	if got := plan.Check([]plan.ZoneDiff{d}, plan.Allowances{Thresholds: true, Protected: true, Empty: []zone.Name{"example.org."}}); len(got) != 2 {
		t.Errorf("flags lift it, or each is not named: %v", got)
	}
}

// What was there before a run, or when a backup was made, may come back; it is told
// all the same.
func TestReservedAddressesComeBack(t *testing.T) {
	live := site{live: "www 300 A 192.0.2.1"}
	was := site{live: "www 300 A 224.0.0.1"}
	restored := plan.Restore(live.desired(t), plan.Backup{Snapshot: was.snapshot(t)}, live.snapshot(t))
	run := build(t, policy(), site{live: was.live, want: "www 300 A 192.0.2.1"})
	reverted := plan.Revert(run, []string{"c1"}, live.desired(t), live.snapshot(t))
	for name, d := range map[string]plan.ZoneDiff{"restored": restored, "taken back": reverted} {
		wantRefusal(t, d, "")
		if len(d.Changes) != 1 || len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0].Message, "Multicast") {
			t.Errorf("%s: %v %v", name, d.Changes, d.Warnings)
		}
	}
}
