package plan_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// besides is www with "address comment" lines; a comment of several words is cut at the
// first tag, which has a colon. Nil is no comments at all.
func besides(lines ...string) *zone.RRset {
	r := &zone.RRset{Key: zone.Key{Name: "www.example.org.", Type: zone.A}}
	for _, line := range lines {
		addr, rest, _ := strings.Cut(line, " ")
		comment, tags, _ := strings.Cut(rest, " #")
		r.Addrs = append(r.Addrs, netip.MustParseAddr(addr))
		r.Members = append(r.Members, zone.Member{Comment: comment, Tags: strings.Fields(tags)})
	}
	return r
}

func TestKeeping(t *testing.T) {
	const mark, other = "dnsplan-window ONE 20261123T092000Z", "dnsplan-window TWO 20261123T092000Z"
	for name, tt := range map[string]struct{ from, to, live, want []string }{
		"as seen":             {[]string{"192.0.2.1 odd"}, []string{"192.0.2.1 web"}, []string{"192.0.2.1 odd"}, []string{"192.0.2.1 web"}},
		"edited":              {[]string{"192.0.2.1 odd"}, []string{"192.0.2.1 web"}, []string{"192.0.2.1 rack 8"}, []string{"192.0.2.1 rack 8"}},
		"emptied":             {[]string{"192.0.2.1 odd"}, []string{"192.0.2.1 web"}, []string{"192.0.2.1"}, []string{"192.0.2.1"}},
		"tags alone":          {[]string{"192.0.2.1 odd #a:1"}, []string{"192.0.2.1 web #b:2"}, []string{"192.0.2.1 odd #c:3"}, []string{"192.0.2.1 web #c:3"}},
		"one of two":          {[]string{"192.0.2.1 odd", "192.0.2.2 odd"}, []string{"192.0.2.1 web", "192.0.2.2 web"}, []string{"192.0.2.1 odd", "192.0.2.2 x"}, []string{"192.0.2.1 web", "192.0.2.2 x"}},
		"the address goes":    {[]string{"192.0.2.1 odd", "192.0.2.2 odd"}, []string{"192.0.2.9 web"}, []string{"192.0.2.1 odd", "192.0.2.2 x"}, []string{"192.0.2.9 web"}},
		"one for all":         {[]string{"192.0.2.1 odd", "192.0.2.2 odd"}, []string{"192.0.2.1 web", "192.0.2.9 web"}, []string{"192.0.2.1 x", "192.0.2.2 x"}, []string{"192.0.2.1 x", "192.0.2.9 x"}},
		"a marker goes":       {[]string{"192.0.2.1 web | " + mark}, []string{"192.0.2.1 web"}, []string{"192.0.2.1 x | " + mark + ", y"}, []string{"192.0.2.1 x, y"}},
		"another marker":      {[]string{"192.0.2.1 web | " + mark}, []string{"192.0.2.1 web"}, []string{"192.0.2.1 web | " + other}, []string{"192.0.2.1 web | " + other}},
		"a marker comes back": {[]string{"192.0.2.1 web"}, []string{"192.0.2.1 web | " + mark}, []string{"192.0.2.1 x"}, []string{"192.0.2.1 x"}},
		"nothing there":       {[]string{"192.0.2.1 odd"}, []string{"192.0.2.1 web"}, nil, []string{"192.0.2.1 web"}},
	} {
		m := plan.Move{Key: besides().Key, From: besides(tt.from...), To: besides(tt.to...)}
		want := besides(tt.want...)
		got, edited := m.Keeping(*besides(tt.live...))
		if !got.To.SameBeside(*want) || !slices.Equal(got.To.Addrs, want.Addrs) || (len(edited) > 0) == m.To.SameBeside(*want) {
			t.Errorf("%s: %+v, edited %v, want %+v", name, got.To.Members, edited, want.Members)
		}
		if !m.To.SameBeside(*besides(tt.to...)) {
			t.Errorf("%s: the move itself has become %+v", name, m.To.Members)
		}
	}
	bare := plan.Move{From: besides("192.0.2.1 odd"), To: &zone.RRset{Addrs: besides("192.0.2.1").Addrs}}
	if got, edited := bare.Keeping(*besides("192.0.2.1 x")); got.To.Members != nil || edited != nil {
		t.Errorf("a move without comments brings %+v", got.To.Members)
	}
}

// TestKeepingIsFound: what Keeping has brought is found as it was brought, so that a
// write is not taken for an edit, with a provider that keeps a comment for each address,
// and with one that keeps one for all.
func TestKeepingIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forAll := rapid.Bool().Draw(t, "one for all")
		draw := func(label string) *zone.RRset {
			text := rapid.SampledFrom([]string{"", "a", "b #x:1", "b #y:2"})
			one := text.Draw(t, label)
			var lines []string
			for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}), 1, 3, rapid.ID).Draw(t, label) {
				if !forAll {
					one = text.Draw(t, label)
				}
				lines = append(lines, a+" "+one)
			}
			return besides(lines...)
		}
		m := plan.Move{From: draw("from"), To: draw("to")}
		live := draw("live")
		live.Addrs = m.From.Addrs // else it is no edit, and stops the step
		live.Members = append(live.Members, make([]zone.Member, 3)...)[:len(live.Addrs)]
		if forAll {
			live.Members = slices.Repeat(live.Members[:1], len(live.Addrs))
		}
		kept, _ := m.Keeping(*live)
		written := kept.To.Clone()
		if forAll {
			written.Members = slices.Repeat(written.Members[:1], len(written.Addrs))
		}
		if again, _ := m.Keeping(written); !again.To.SameBeside(written) {
			t.Fatalf("from %+v to %+v over %+v: wrote %+v, wants %+v", m.From, m.To, live, written.Members, again.To.Members)
		}
	})
}
