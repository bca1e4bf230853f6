package verify_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/verify"
)

func addrs(s string) (out []netip.Addr) {
	for f := range strings.FieldsSeq(s) {
		out = append(out, netip.MustParseAddr(f))
	}
	return out
}

func TestJudge(t *testing.T) {
	type want = verify.Want
	one, two := addrs("192.0.2.1"), addrs("192.0.2.1 192.0.2.2")
	tests := []struct {
		name   string
		want   want
		status resolver.Status
		addrs  string
		ttl    zone.TTL
		out    verify.Verdict
	}{
		{"the wanted answer", want{Values: one}, resolver.Answered, "192.0.2.1", 300, verify.Agrees},
		{"both values", want{Values: two}, resolver.Answered, "192.0.2.1 192.0.2.2", 300, verify.Agrees},
		{"one of two values", want{Values: two}, resolver.Answered, "192.0.2.1", 300, verify.Differs},
		{"one value more", want{Values: one}, resolver.Answered, "192.0.2.1 192.0.2.2", 300, verify.Differs},
		{"the old value", want{Values: one}, resolver.Answered, "192.0.2.9", 300, verify.Differs},
		{"the old value with the wanted TTL", want{Values: one, TTL: 300, Exact: true}, resolver.Answered, "192.0.2.9", 300, verify.Differs},
		{"no data", want{Values: one}, resolver.NoData, "", 0, verify.Missing},
		{"NXDOMAIN", want{Values: one}, resolver.NXDomain, "", 0, verify.Missing},

		{"the wanted TTL", want{Values: one, TTL: 300}, resolver.Answered, "192.0.2.1", 300, verify.Agrees},
		{"a part of it left", want{Values: one, TTL: 300}, resolver.Answered, "192.0.2.1", 12, verify.Agrees},
		{"the old TTL", want{Values: one, TTL: 300}, resolver.Answered, "192.0.2.1", 301, verify.OldTTL},
		{"any TTL", want{Values: one}, resolver.Answered, "192.0.2.1", 86400, verify.Agrees},
		{"exactly the TTL", want{Values: one, TTL: 3600, Exact: true}, resolver.Answered, "192.0.2.1", 3600, verify.Agrees},
		{"a TTL that is not raised yet", want{Values: one, TTL: 3600, Exact: true}, resolver.Answered, "192.0.2.1", 300, verify.OldTTL},
		{"a TTL that is not lowered yet", want{Values: one, TTL: 300, Exact: true}, resolver.Answered, "192.0.2.1", 3600, verify.OldTTL},

		{"where it ends is right too", want{Values: one, TTL: 60, Exact: true, Or: &want{Values: two, TTL: 300, Exact: true}}, resolver.Answered, "192.0.2.1 192.0.2.2", 300, verify.Agrees},
		{"so is where it is wanted", want{Values: one, TTL: 60, Exact: true, Or: &want{Values: two, TTL: 300, Exact: true}}, resolver.Answered, "192.0.2.1", 60, verify.Agrees},
		{"and not what lies between", want{Values: one, TTL: 60, Exact: true, Or: &want{Values: one, TTL: 300, Exact: true}}, resolver.Answered, "192.0.2.1", 200, verify.OldTTL},
		{"nor nothing", want{Values: one, Or: &want{Values: two}}, resolver.NXDomain, "", 0, verify.Missing},

		{"gone: NXDOMAIN", want{}, resolver.NXDomain, "", 0, verify.Agrees},
		{"gone: no data", want{}, resolver.NoData, "", 0, verify.Agrees},
		{"not gone", want{}, resolver.Answered, "192.0.2.1", 300, verify.Present},
		{"gone, a wildcard answers", want{Any: true}, resolver.Answered, "192.0.2.7", 300, verify.Agrees},
		{"not gone, where a wildcard would answer", want{Any: true, Not: one}, resolver.Answered, "192.0.2.1", 300, verify.Differs},
		{"gone, the wildcard has its values and another TTL", want{Any: true, Not: one, NotTTL: 60}, resolver.Answered, "192.0.2.1", 300, verify.Agrees},
		{"not gone, as its TTL tells", want{Any: true, Not: one, NotTTL: 300}, resolver.Answered, "192.0.2.1", 300, verify.Differs},
		{"the origin's own address, not the proxy's", want{Values: one, Proxied: true, Not: one}, resolver.Answered, "192.0.2.1", 300, verify.Differs},
		{"gone, no wildcard answers", want{Any: true}, resolver.NXDomain, "", 0, verify.Agrees},

		{"proxied", want{Values: one, Proxied: true}, resolver.Answered, "198.51.100.1 198.51.100.2", 300, verify.ByProxy},
		{"proxied, with another TTL", want{Values: one, TTL: 60, Proxied: true}, resolver.Answered, "198.51.100.1", 300, verify.ByProxy},
		{"proxied, without an answer", want{Values: one, Proxied: true}, resolver.NoData, "", 0, verify.Missing},

		{"silent", want{Values: one}, resolver.Timeout, "", 0, verify.Silent},
		{"no route", want{Values: one}, resolver.NoRoute, "", 0, verify.Silent},
		{"refused connection", want{Values: one}, resolver.ConnRefused, "", 0, verify.Silent},
		{"broken connection", want{Values: one}, resolver.Broken, "", 0, verify.Silent},
		{"given up", want{Values: one}, resolver.Cancelled, "", 0, verify.Silent},
		{"silence is not absence", want{}, resolver.Timeout, "", 0, verify.Silent},
		{"nor anything", want{Any: true}, resolver.Timeout, "", 0, verify.Silent},
		{"SERVFAIL", want{Values: one}, resolver.ServFail, "", 0, verify.Failing},
		{"SERVFAIL is not absence", want{}, resolver.ServFail, "", 0, verify.Failing},
		{"nor anything", want{Any: true}, resolver.ServFail, "", 0, verify.Failing},
		{"REFUSED", want{Values: one}, resolver.Refused, "", 0, verify.Failing},
		{"another code", want{Values: one}, resolver.OtherRcode, "", 0, verify.Failing},
		{"garbage", want{Values: one}, resolver.Malformed, "", 0, verify.Failing},
		{"not authoritative", want{}, resolver.Lame, "", 0, verify.Failing},
		{"no status", want{Values: one}, 0, "", 0, verify.Failing},
	}
	for _, tt := range tests {
		tt.want.Key = zone.Key{Name: "www.example.org.", Type: zone.A}
		l := verify.Judge(tt.want, resolver.Answer{Status: tt.status, Addrs: addrs(tt.addrs), TTL: tt.ttl})
		if l.Verdict != tt.out {
			t.Errorf("%s: %s, want %s", tt.name, l.Verdict, tt.out)
		}
	}
}

// TestVerdicts: a server is right, holds something old, or says nothing.
func TestVerdicts(t *testing.T) {
	for v, want := range map[verify.Verdict][2]bool{
		verify.Agrees: {true, false}, verify.ByProxy: {true, false},
		verify.OldTTL: {false, true}, verify.Differs: {false, true}, verify.Missing: {false, true}, verify.Present: {false, true},
		verify.Silent: {}, verify.Failing: {},
	} {
		if got := [2]bool{v.Good(), v.Stale()}; got != want {
			t.Errorf("%s is good and stale: %v, want %v", v, got, want)
		}
	}
}

func TestJudgeTellsWhoAndWhat(t *testing.T) {
	key := zone.Key{Name: "www.example.org.", Type: zone.A}
	at := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	a := resolver.Answer{
		Query:  resolver.Query{Server: resolver.Server{Name: "google", Addr: netip.MustParseAddrPort("8.8.8.8:53")}, Key: key, Recurse: true},
		Status: resolver.Answered, Addrs: addrs("192.0.2.1 192.0.2.2"), TTL: 500,
		CNAME: []zone.Name{"a.example.net.", "b.example.net."}, EDE: "stale answer", RTT: 3 * time.Millisecond, At: at,
	}
	l := verify.Judge(verify.Want{Key: key, Values: addrs("192.0.2.1 192.0.2.2"), TTL: 300}, a)
	if l.Server != "google" || !strings.Contains(l.Address, "8.8.8.8") || !l.Resolver || l.Name != key.Name || l.Type != key.Type {
		t.Errorf("who: %+v", l)
	}
	if l.Status != "answered" || l.TTL != 500 || l.RTT != 3*time.Millisecond || !l.At.Equal(at) || !slices.Equal(l.Values, a.Addrs) {
		t.Errorf("what: %+v", l)
	}
	if want := "TTL 500, want 300; by CNAME b.example.net; stale answer"; l.Detail != want {
		t.Errorf("detail %q, want %q", l.Detail, want)
	}
	l.Values[0] = netip.MustParseAddr("192.0.2.9")
	if a.Addrs[0] != netip.MustParseAddr("192.0.2.1") {
		t.Error("the line shares the answer's addresses")
	}
}

func TestJudgeOfSilence(t *testing.T) {
	s := resolver.Server{Addr: netip.MustParseAddrPort("[2001:db8::53]:53")}
	l := verify.Judge(verify.Want{}, resolver.Answer{
		Query: resolver.Query{Server: s}, Status: resolver.Timeout, Err: errors.New("no reply in 3 tries"),
	})
	if l.Server != l.Address || l.Server == "" || l.Detail != "no reply in 3 tries" || l.Values == nil {
		t.Errorf("%+v", l)
	}
}
