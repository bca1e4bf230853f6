package namesilo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/namesilo"
	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

// a returns an A record with an id.
func a(id, host, value string, ttl int) namesilotest.Record {
	return namesilotest.Record{ID: id, Type: "A", Host: host, Value: value, TTL: ttl}
}

// wrote returns the log of the requests that change something, a line each.
func wrote(s *namesilotest.Server) []string {
	var out []string
	for _, r := range s.Requests() {
		line, ok := map[string]string{"dnsAddRecord": "add", "dnsUpdateRecord": "update", "dnsDeleteRecord": "delete"}[r.Op]
		if !ok {
			continue
		}
		for _, k := range []string{"rrid", "rrtype", "rrhost", "rrttl", "rrvalue"} {
			if r.Params.Has(k) {
				line += " " + strings.ReplaceAll(k+"="+r.Params.Get(k), "rr", "")
			}
		}
		out = append(out, line)
	}
	return out
}

// live returns the zone's address sets and CNAME records.
func live(t testing.TB, p *namesilo.Provider) []string {
	t.Helper()
	s, err := p.Read(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	out := providertest.Sets(s)
	for _, r := range s.Others {
		if r.Type == "CNAME" {
			out = append(out, fmt.Sprintf("%s %d CNAME %s", r.Name, r.TTL, r.Data))
		}
	}
	return out
}

func wantLines(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// changesOf returns creations.
func changesOf(t testing.TB, lines ...string) []providers.Change {
	t.Helper()
	var out []providers.Change
	for _, l := range lines {
		out = append(out, change("", l))
	}
	return out
}
