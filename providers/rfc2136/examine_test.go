package rfc2136_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
)

// examined looks at zones and compares each finding with the beginning of a line
// "VERDICT TOPIC ZONE: DETAIL -> REMEDY".
func examined(t *testing.T, p *rfc2136.Provider, at netip.AddrPort, zones []zone.Name, want ...string) {
	t.Helper()
	var got []string
	for _, f := range p.Examine(t.Context(), zones) {
		line := strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Verdict, f.Topic, f.Zone)) + ": " + f.Detail
		if f.Remedy != "" {
			line += " -> " + f.Remedy
		}
		got = append(got, strings.ReplaceAll(line, at.String(), "SERVER"))
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const (
	heldLine     = "ok zone example.org.: serial 7, primary ns1.example.org by its SOA record"
	transferLine = `ok permissions example.org.: tsig key "dnsplan" may transfer the zone`
	updateLine   = `unclear permissions example.org.: the server examines updates; whether tsig key "dnsplan" may make one only a change tells -> make sure that it may (BIND: allow-update`
	clockLine    = "ok clock: within 1s of the server's"
	noClockLine  = "unclear clock: the server does not tell its own time (PowerDNS"
)

// What each server says, and what the operator reads. PowerDNS keeps its reasons
// and its time to itself.
func TestExamine(t *testing.T) {
	stranger := dnsd.Key{Name: "stranger", Algorithm: "hmac-sha256", Secret: "c3RyYW5nZXItc2VjcmV0LTMyLWJ5dGVzLW9rIQ=="}
	zones := map[string]string{"example.org": exampleZone}
	takes := `ok credentials: SERVER takes tsig key "dnsplan" (hmac-sha256)`
	refuses := `wrong credentials: credentials refused: SERVER answers NOTAUTH to what is signed with tsig key "%s" (PowerDNS, which does not say why) -> make tsig_name, tsig_algorithm and tsig_secret those of a key of the server`
	notHeld := `wrong zone example.net.: the server answers REFUSED: it does not hold the zone, or does not answer for it to tsig key "dnsplan" -> have the server hold the zone`
	for _, kind := range []struct {
		name  string
		start func(testing.TB) *dnsd.Server
		clock string
		// what is said of an unknown key, a wrong secret, a known key without a right
		unknown, wrong, stranger []string
		// what is said where no zone is held
		nothing []string
		early   []string
	}{
		{
			name: "BIND",
			start: func(tb testing.TB) *dnsd.Server {
				return dnsd.BIND(tb, dnsd.BINDOptions{Zones: zones, Strangers: []dnsd.Key{stranger}})
			},
			clock:   clockLine,
			unknown: []string{`wrong credentials: credentials refused: tsig key "nobody": BADKEY: the server does not know a key of this name and algorithm, or (Knot) no acl gives it the right to this -> give the server a key of this name`},
			wrong:   []string{`wrong credentials: credentials refused: tsig key "dnsplan": BADSIG: tsig_secret or tsig_algorithm is not the server's -> set tsig_secret to the secret that the server has`},
			stranger: []string{
				`ok credentials: SERVER takes tsig key "stranger"`, heldLine,
				`unclear permissions example.org.: the server answers REFUSED to a transfer: names are asked for one by one, and others are not seen -> let tsig key "stranger" transfer the zone (BIND: allow-transfer;`,
				`wrong permissions example.org.: the server answers REFUSED to an update -> let tsig key "stranger" update the zone (BIND: allow-update or update-policy; Knot: an acl with action update; PowerDNS: dnsupdate=yes and TSIG-ALLOW-DNSUPDATE); if the server is a secondary, set server to the primary, by the SOA record ns1.example.org`,
				clockLine,
			},
			nothing: []string{takes, notHeld, clockLine},
			early: []string{
				`wrong credentials: credentials refused: tsig key "dnsplan": BADTIME: the server's clock and this machine's are more than 5 minutes apart -> set the clocks`,
				"wrong clock: 6m",
			},
		},
		{
			name:     "Knot",
			start:    func(tb testing.TB) *dnsd.Server { return dnsd.Knot(tb, dnsd.KnotOptions{Zones: zones}) },
			clock:    clockLine,
			unknown:  []string{`wrong credentials: credentials refused: tsig key "nobody": BADKEY: `},
			wrong:    []string{`wrong credentials: credentials refused: tsig key "dnsplan": BADSIG: `},
			stranger: []string{`wrong credentials: credentials refused: tsig key "stranger": BADKEY: `},
			nothing: []string{
				"unclear credentials: SERVER signed no reply: it may look at keys only for zones that it holds (Knot)",
				notHeld, "unclear clock: no signed reply told the time",
			},
			early: []string{`wrong credentials: credentials refused: tsig key "dnsplan": BADTIME: `, "wrong clock: 6m"},
		},
		{
			name:     "PowerDNS",
			start:    func(tb testing.TB) *dnsd.Server { return dnsd.PowerDNS(tb, dnsd.PowerDNSOptions{Zones: zones}) },
			clock:    noClockLine,
			unknown:  []string{fmt.Sprintf(refuses, "nobody")},
			wrong:    []string{fmt.Sprintf(refuses, "dnsplan")},
			stranger: []string{fmt.Sprintf(refuses, "stranger")},
			nothing:  []string{takes, notHeld, noClockLine},
			early:    []string{fmt.Sprintf(refuses, "dnsplan")},
		},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			s := kind.start(t)
			org := []zone.Name{"example.org."}
			with := func(name, secret string) *rfc2136.Provider {
				c := config(s)
				c.TSIGName, c.TSIGSecret = name, secret
				return provider(t, c)
			}
			p := provider(t, config(s))
			examined(t, p, s.Addr, org, takes, heldLine, transferLine, updateLine, kind.clock)
			examined(t, p, s.Addr, []zone.Name{"example.net."}, kind.nothing...)
			examined(t, p, s.Addr, []zone.Name{"sub.example.org.", "www.example.org.", "example.org."},
				takes,
				"wrong zone sub.example.org.: the server answers without authority: it is a resolver, or holds a zone above alone -> set server to the zone's primary",
				"wrong zone www.example.org.: the server holds no zone of this name: it is a part of example.org -> check the zone's name",
				heldLine, transferLine, updateLine, kind.clock)
			examined(t, with("nobody", s.Key.Secret), s.Addr, org, kind.unknown...)
			examined(t, with(s.Key.Name, stranger.Secret), s.Addr, org, kind.wrong...)
			examined(t, with(stranger.Name, stranger.Secret), s.Addr, org, kind.stranger...)
			p.SetClock(400 * time.Second)
			examined(t, p, s.Addr, org, kind.early...)
		})
	}
}

// The clock is compared with the time in what the server signs, also in what it
// signs to say that the clock is wrong.
func TestExamineClock(t *testing.T) {
	zones := map[string]string{"example.org": exampleZone}
	start(t, func(t *testing.T, s *dnsd.Server) {
		for _, tt := range []struct {
			ahead   time.Duration
			verdict providers.Verdict
			detail  string // to the minute: the servers may be slow
		}{
			{0, providers.Good, "within 1s of the server's"},
			{100 * time.Second, providers.Unclear, "1m"},
			{-100 * time.Second, providers.Unclear, "1m"},
			{290 * time.Second, providers.Bad, "4m"},
			{-290 * time.Second, providers.Bad, "4m"},
			{3650 * time.Second, providers.Bad, "1h0m"},
			{-3650 * time.Second, providers.Bad, "1h0m"},
		} {
			p := provider(t, config(s))
			p.SetClock(tt.ahead)
			found := p.Examine(t.Context(), []zone.Name{"example.org."})
			f := found[len(found)-1]
			side := map[bool]string{true: "ahead of the server's", false: "behind the server's"}[tt.ahead > 0]
			if f.Topic != "clock" || f.Verdict != tt.verdict || !strings.HasPrefix(f.Detail, tt.detail) || tt.ahead != 0 && (!strings.Contains(f.Detail, side) || f.Remedy == "") {
				t.Errorf("%v ahead: %+v", tt.ahead, f)
			}
		}
	}, map[string]func(testing.TB) *dnsd.Server{
		"BIND": func(tb testing.TB) *dnsd.Server { return dnsd.BIND(tb, dnsd.BINDOptions{Zones: zones}) },
		"Knot": func(tb testing.TB) *dnsd.Server { return dnsd.Knot(tb, dnsd.KnotOptions{Zones: zones}) },
	})
}

// A key without the right to transfer or to update.
func TestExamineRights(t *testing.T) {
	startClosed(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		found := provider(t, config(s)).Examine(t.Context(), []zone.Name{"example.org."})
		f := found[2]
		if f.Topic != "permissions" || f.Verdict != providers.Unclear || !strings.Contains(f.Detail, " to a transfer: names are asked for one by one") || !strings.Contains(f.Remedy, `let tsig key "dnsplan" transfer the zone`) {
			t.Errorf("%+v", f)
		}
		if f = found[3]; f.Verdict != providers.Unclear || !strings.Contains(f.Detail, "examines updates") {
			t.Errorf("%+v", f)
		}
	})
	zones := map[string]string{"example.org": exampleZone}
	start(t, func(t *testing.T, s *dnsd.Server) {
		found := provider(t, config(s)).Examine(t.Context(), []zone.Name{"example.org."})
		if f := found[2]; f.Verdict != providers.Good {
			t.Errorf("%+v", f)
		}
		if f := found[3]; f.Topic != "permissions" || f.Verdict != providers.Bad || !strings.HasSuffix(f.Detail, " to an update") || !strings.Contains(f.Remedy, `let tsig key "dnsplan" update the zone`) {
			t.Errorf("%+v", f)
		}
	}, map[string]func(testing.TB) *dnsd.Server{
		"BIND without update": func(tb testing.TB) *dnsd.Server {
			return dnsd.BIND(tb, dnsd.BINDOptions{Zones: zones, NoUpdate: true})
		},
		"Knot without update": func(tb testing.TB) *dnsd.Server {
			return dnsd.Knot(tb, dnsd.KnotOptions{Zones: zones, NoUpdate: true})
		},
		"PowerDNS without update": func(tb testing.TB) *dnsd.Server {
			return dnsd.PowerDNS(tb, dnsd.PowerDNSOptions{Zones: zones, NoUpdate: true})
		},
	})
}

// An examination changes nothing, not even where everything is allowed: neither
// a record nor the serial, and a secondary passes nothing on that would.
func TestExamineWritesNothing(t *testing.T) {
	look := func(t *testing.T, s *dnsd.Server, at *dnsd.Server) {
		before := s.AXFR("example.org")
		for range 3 {
			if found := provider(t, config(at)).Examine(t.Context(), []zone.Name{"example.org."}); len(found) != 5 {
				t.Fatalf("%+v", found)
			}
		}
		wantLines(t, "the zone", s.AXFR("example.org"), before...)
	}
	startAll(t, exampleZone, func(t *testing.T, s *dnsd.Server) { look(t, s, s) })
	t.Run("a secondary", func(t *testing.T) {
		t.Parallel()
		primary := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
		look(t, primary, dnsd.Knot(t, dnsd.KnotOptions{Primary: primary, Secondary: []string{"example.org"}}))
	})
}

// Without a key, nothing is said of one, nor of the clock.
func TestExamineWithoutAKey(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}, Open: true})
	c := config(s)
	c.TSIGName, c.TSIGSecret = "", ""
	examined(t, provider(t, c), s.Addr, []zone.Name{"example.org."}, heldLine,
		"ok permissions example.org.: this machine's address (no tsig_name is set) may transfer the zone",
		"unclear permissions example.org.: the server examines updates; whether this machine's address")
	examined(t, provider(t, c), s.Addr, nil)
}

// A server without a zone of the inventory is shown the key all the same.
func TestExamineNoZone(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
	examined(t, provider(t, config(s)), s.Addr, nil, `ok credentials: SERVER takes tsig key "dnsplan"`, clockLine)
}

// Many zones are looked at in their order.
func TestExamineManyZones(t *testing.T) {
	zones := map[string]string{}
	var names []zone.Name
	want := []string{"ok credentials: "}
	for i := range 40 {
		z := fmt.Sprintf("z%02d.example.org", i)
		if i%10 != 5 {
			zones[z] = emptyZone
			want = append(want, "ok zone "+z+".: serial 1", "ok permissions "+z, "unclear permissions "+z)
		} else {
			want = append(want, "wrong zone "+z)
		}
		names = append(names, zone.MustParseName(z))
	}
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones})
	examined(t, provider(t, config(s)), s.Addr, names, append(want, clockLine)...)
}

// Servers that are not there, or as good as.
func TestExamineNoServer(t *testing.T) {
	org := []zone.Name{"example.org."}
	quiet := silentServer(t)
	c := configFor(quiet.addr)
	c.Timeout = 500 * time.Millisecond
	examined(t, provider(t, c), quiet.addr, org, "wrong server: no message from SERVER within 500ms")
	rude := listen(t, func(c net.Conn) { _, _ = readFrame(c) })
	examined(t, provider(t, configFor(rude)), rude, org, "wrong server: SERVER closed the connection")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	examined(t, provider(t, configFor(gone)), gone, org, "wrong server: dial tcp SERVER: connect: connection refused")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if found := provider(t, configFor(quiet.addr)).Examine(ctx, org); len(found) != 1 || found[0].Verdict != providers.Bad {
		t.Errorf("%+v", found)
	}
}

// answering is a server that answers each message as f says; nil hangs up.
func answering(t *testing.T, f func(q, a *dns.Msg) *dns.Msg) netip.AddrPort {
	return listen(t, func(c net.Conn) {
		for {
			b, err := readFrame(c)
			if err != nil {
				return
			}
			q := new(dns.Msg)
			if err := q.Unpack(b); err != nil {
				t.Error(err)
				return
			}
			a := new(dns.Msg).SetReply(q)
			a.Authoritative = true
			if a = f(q, a); a == nil {
				return
			}
			if b, err = a.Pack(); err != nil {
				t.Error(err)
				return
			}
			writeFrame(c, b)
		}
	})
}

// Answers that no server of the tests gives.
func TestExamineOddAnswers(t *testing.T) {
	const soa, update = "SOA", "UPDATE"
	held := "ok zone example.org.: serial 1, primary ns1.example.org by its SOA record"
	transfer, updating := "ok permissions example.org.: this machine's address (no tsig_name is set) may transfer", "unclear permissions example.org.: the server examines updates"
	for _, tt := range []struct {
		name  string
		alter map[string]int // rcode by what is asked; -1 hangs up
		want  []string
	}{
		{"as usual", nil, []string{held, transfer, updating}},
		{"a zone that is not loaded", map[string]int{soa: dns.RcodeServerFailure}, []string{
			"wrong zone example.org.: the server answers SERVFAIL: it may not have been able to load the zone -> see the server's log",
		}},
		{"no IXFR", map[string]int{"IXFR": dns.RcodeNotImplemented}, []string{held, transfer, updating}},
		{"neither IXFR nor a transfer", map[string]int{"IXFR": dns.RcodeFormatError, "AXFR": dns.RcodeRefused}, []string{
			held, "unclear permissions example.org.: the server answers REFUSED to a transfer", updating,
		}},
		{"a transfer that fails", map[string]int{"IXFR": dns.RcodeServerFailure}, []string{
			held, "unclear permissions example.org.: whether the zone may be transferred cannot be told: the server answers SERVFAIL", updating,
		}},
		{"a transfer that ends at once", map[string]int{"IXFR": -1}, []string{
			held, "unclear permissions example.org.: whether the zone may be transferred cannot be told: SERVER closed the connection", updating,
		}},
		{"prerequisites are ignored", map[string]int{update: dns.RcodeSuccess}, []string{
			held, transfer, "wrong permissions example.org.: the server takes an update whose prerequisite does not hold: what others change would be lost -> set server to one that holds to prerequisites",
		}},
		{"no updates", map[string]int{update: dns.RcodeNotImplemented}, []string{
			held, transfer, "wrong permissions example.org.: the server answers NOTIMP to an update -> let this machine's address",
		}},
		{"updates fail", map[string]int{update: dns.RcodeServerFailure}, []string{
			held, transfer, "unclear permissions example.org.: whether the zone may be updated cannot be told: the server answers SERVFAIL -> see the server's log",
		}},
		{"an update that ends at once", map[string]int{update: -1}, []string{
			held, transfer, "unclear permissions example.org.: whether the zone may be updated cannot be told: SERVER closed the connection",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := answering(t, func(q, a *dns.Msg) *dns.Msg {
				asked := dns.TypeToString[q.Question[0].Qtype]
				if q.Opcode == dns.OpcodeUpdate {
					asked, a.Rcode = update, dns.RcodeYXDomain
					if len(q.Ns) > 0 || len(q.Answer) != 1 || q.Answer[0].String() != "example.org.\t0\tNONE\tANY\t" {
						t.Errorf("an update with a change: %v", q)
					}
				} else {
					a.Answer = rrs(t, soaLine)
				}
				switch rcode, altered := tt.alter[asked]; {
				case rcode < 0:
					return nil
				case altered:
					a.Rcode = rcode
				}
				if a.Rcode != dns.RcodeSuccess {
					a.Answer = nil
				}
				return a
			})
			examined(t, provider(t, rfc2136.Config{Server: addr.String(), Timeout: dnsd.Patience}), addr, []zone.Name{"example.org."}, tt.want...)
		})
	}
}

// Answers to what is signed that are not, that another key has signed, and that
// want more of the signature.
func TestExamineOddSignatures(t *testing.T) {
	tsig := func(a *dns.Msg, code uint16, mac string) *dns.Msg {
		a.Extra = []dns.RR{&dns.TSIG{
			Hdr:       dns.RR_Header{Name: "dnsplan.", Rrtype: dns.TypeTSIG, Class: dns.ClassANY},
			Algorithm: dns.HmacSHA256, Error: code, TimeSigned: 1, MACSize: uint16(len(mac) / 2), MAC: mac, OrigId: a.Id,
		}}
		return a
	}
	for name, tt := range map[string]struct {
		answer func(a *dns.Msg) *dns.Msg
		want   string
	}{
		"unsigned": {
			func(a *dns.Msg) *dns.Msg { return a },
			`wrong credentials: SERVER, asked with tsig key "dnsplan": the reply is not signed with TSIG -> make sure that the server itself answers there`,
		},
		"signed by another": {
			func(a *dns.Msg) *dns.Msg { return tsig(a, 0, strings.Repeat("00", 32)) },
			`wrong credentials: SERVER, asked with tsig key "dnsplan": the reply's TSIG does not verify -> make sure`,
		},
		"BADTRUNC": {
			func(a *dns.Msg) *dns.Msg { a.Rcode = dns.RcodeNotAuth; return tsig(a, 22, "") },
			`wrong credentials: credentials refused: tsig key "dnsplan": BADTRUNC: the server wants a longer signature -> have the server take`,
		},
		"an error of no name": {
			func(a *dns.Msg) *dns.Msg { a.Rcode = dns.RcodeNotAuth; return tsig(a, 99, "") },
			`wrong credentials: credentials refused: tsig key "dnsplan": TSIG error 99 -> the server's log says why`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr := answering(t, func(_, a *dns.Msg) *dns.Msg {
				a.Answer = rrs(t, soaLine)
				return tt.answer(a)
			})
			examined(t, provider(t, configFor(addr)), addr, []zone.Name{"example.org."}, tt.want)
		})
	}
}
