package acme

import (
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/ledger"
	"github.com/dnsplan/dnsplan/plan/journal"
)

func TestRate(t *testing.T) {
	tries := func(n int, name zone.Name, directory string) (out []ledger.Try) {
		for range n {
			out = append(out, ledger.Try{At: day0.Add(-time.Minute), Name: name, By: ledger.Window, Directory: directory, Problem: "certbot ended with 1"})
		}
		return out
	}
	const here = "https://ca.example.net/dir"
	for name, c := range map[string]struct {
		tries    []ledger.Try
		outcome  Outcome
		severity Severity
		says     string
		pastes   string
	}{
		"none":                      {nil, Pass, Error, "seen 0 failures within an hour for www.example.org, of 3 that are fine", ""},
		"one":                       {tries(1, "www.example.org.", ""), Pass, Error, "seen 1 failure within an hour", ""},
		"two":                       {tries(2, "www.example.org.", here), Fail, Warning, "seen 2 failures within an hour for www.example.org: after one more", "which allows many more:\ndnsplan rehearse www.example.org"},
		"three":                     {tries(3, "www.example.org.", here), Fail, Error, "refuses after 5, the ACME client's own among them: the next try is fine at 2026-11-23 06:59:00 UTC", "wait until 2026-11-23 06:59:00 UTC"},
		"five":                      {tries(5, "www.example.org.", here), Fail, Error, "seen 5 failures", "dnsplan rehearse www.example.org"},
		"of another name":           {tries(5, "api.example.org.", ""), Pass, Error, "seen 0", ""},
		"at an authority of trials": {tries(5, "www.example.org.", "https://staging.example.net/dir"), Pass, Error, "seen 0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			s.opts.Now, s.opts.AllowReserved = func() time.Time { return day0 }, false
			s.opts.Issuer.Directory = here
			s.opts.Past.Tries = func() ([]ledger.Try, error) { return c.tries, nil }
			f := s.only("R-RATE", c.outcome, c.says)
			if f.Severity != c.severity {
				t.Errorf("severity %s", f.Severity)
			}
			Offers(t, f, c.pastes)
		})
	}
	s := newSite(t, "127.0.0.11")
	s.only("R-RATE", Unknown, "nothing is written down")
	s.opts.Now = func() time.Time { return day0 }
	s.opts.Past.Tries = func() ([]ledger.Try, error) { return tries(5, "www.example.org.", ""), nil }
	if f := s.only("R-RATE", Fail, "a private authority may have other limits"); f.Severity != Warning {
		t.Errorf("severity %s where the authority is private", f.Severity)
	}
	s.opts.Past.Tries = func() ([]ledger.Try, error) { return nil, errors.New("no access") }
	s.only("R-RATE", Unknown, "no access")
}

// proxy has the provider hold the address behind a proxy; the DNS answers with
// another one.
func (s *site) proxy(held string, proxied bool) {
	s.hold(held)
	s.subject.Zone.Proxy, s.subject.Zone.Provider = true, "cf"
	for i := range s.subject.Zone.Live.RRsets {
		s.subject.Zone.Live.RRsets[i].Proxied = proxied
	}
	s.answer("127.0.0.99")
}

func TestOrigin(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	for _, id := range []ID{"X-ORIGIN", "X-TLS"} {
		if f := s.check(id); len(f) > 0 {
			t.Errorf("%s without a proxy: %+v", id, f)
		}
	}
	s.proxy("127.0.0.11", true)
	s.serve(0, s.files())
	s.only("X-ORIGIN", Pass, "without the proxy", "127.0.0.11:")
	s.opts.Client = nil
	s.only("X-ORIGIN", Unknown, "only a token could tell")
	s.opts.AllowReserved = false
	s.only("X-ORIGIN", Unknown, "reserved address")
}

func TestOriginThatAnswersNobody(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.proxy("127.0.0.11", true)
	s.ls[0].Close()
	f := s.only("X-ORIGIN", Fail, "127.0.0.11:", "behind the proxy of www.example.org", "lets nobody but the proxy in")
	Offers(t, f, "ufw allow", "have the name validated by DNS; in its record in the inventory:\nacme = \"dns-01\"")
	s = newSite(t, "127.0.0.11")
	s.proxy("127.0.0.11", true)
	s.serve(0, http.NotFoundHandler())
	f = s.only("X-ORIGIN", Fail, "does not answer the challenge")
	Offers(t, f, "location ^~ /.well-known/acme-challenge/ {", "root "+s.root)
}

func TestOriginCertificates(t *testing.T) {
	s := newSecure(t, "127.0.0.11")
	s.proxy("127.0.0.11", true)
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.only("X-TLS", Pass, "without the proxy", "Let's Encrypt")

	s = newSecure(t, "127.0.0.11")
	s.proxy("127.0.0.11", true)
	s.serveTLS(0, issued{organization: "CloudFlare Origin SSL Certificate Authority"}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}))
	f := s.only("X-TLS", Fail, "Cloudflare Origin CA", "browsers fail", "HSTS")
	Offers(t, f, "Full (strict)", "certbot certonly", "-d www.example.org")

	s = newSecure(t, "127.0.0.11")
	s.proxy("127.0.0.11", true)
	s.serveTLS(0, issued{from: s.now.AddDate(0, 0, -100)}, http.NotFoundHandler())
	Offers(t, s.only("X-TLS", Fail, "expired"), "--force-renewal")

	s = newSecure(t, "127.0.0.11")
	s.proxy("127.0.0.11", true)
	s.tls[0].Close()
	Offers(t, s.only("X-TLS", Fail, "serves no certificate"), "ssl;")
}

// TestBack: the proxy is to be on, and no window open.
func TestBack(t *testing.T) {
	window := func(in time.Duration) func(*site) {
		return func(s *site) {
			s.opts.Past.Windows = func() ([]journal.OpenWindow, error) {
				return []journal.OpenWindow{{Run: "w-1", Names: []zone.Name{"api.example.org."}, Deadline: day0}, {Run: "w-17", Names: []zone.Name{"www.example.org."}, Deadline: day0.Add(in)}}, nil
			}
		}
	}
	logged := func(proxied bool) func(*site) {
		return func(s *site) {
			s.opts.Past.Changes = func() ([]journal.Change, error) {
				return []journal.Change{{At: day0, Zone: "example.org.", Name: "www.example.org.", Type: "A", Run: "01K", NewProxied: proxied}}, nil
			}
		}
	}
	undone := func(s *site) {
		logged(true)(s)
		all, _ := s.opts.Past.Changes()
		all[0].Outcome = "rolled back"
		s.opts.Past.Changes = func() ([]journal.Change, error) { return all, nil }
	}
	wants := func(proxied bool) func(*site) {
		return func(s *site) { s.subject.Records[0].ProxiedGiven, s.subject.Records[0].Proxied = true, proxied }
	}
	marked := func(until time.Time, values ...string) func(*site) {
		return func(s *site) {
			r := &s.subject.Zone.Live.RRsets[0]
			if len(values) > 0 {
				r.Addrs = []netip.Addr{netip.MustParseAddr(values[0])}
			}
			r.Members = []zone.Member{{Comment: "web | " + plan.Marker{Run: "01M8", Until: until}.String()}}
		}
	}
	overtaken := func(s *site) {
		m := &s.subject.Zone.Live.RRsets[0].Members[0]
		m.Comment += "#aaaaaa, seen"
	}
	deleted := func(s *site) { s.subject.Zone.Live.RRsets = nil }
	left := func(s *site) {
		s.opts.Past.Changes = func() ([]journal.Change, error) {
			return []journal.Change{{
				At: day0, Zone: "example.org.", Name: "www.example.org.", Type: "A", Run: "01M8", Outcome: "left open",
				OldValues: []string{"127.0.0.11"}, NewValues: []string{"127.0.0.11"}, OldTTL: 300, OldProxied: true,
			}}, nil
		}
	}
	for name, c := range map[string]struct {
		proxied  bool
		with     []func(*site)
		outcome  Outcome
		severity Severity
		says     string
		pastes   string
	}{
		"proxied":                          {true, nil, Pass, Fatal, "is proxied", ""},
		"DNS-only":                         {false, nil, Pass, Fatal, "as it should be", ""},
		"wanted":                           {false, []func(*site){wants(true)}, Fail, Fatal, "the inventory wants it proxied", "Turn the proxy on again:\ndnsplan plan -o www.example.org.plan www.example.org\ndnsplan apply www.example.org.plan"},
		"proxied by the log":               {false, []func(*site){logged(true)}, Fail, Fatal, "run 01K has left it proxied", "proxied = true"},
		"proxied once, DNS-only now":       {false, []func(*site){logged(true), wants(false)}, Pass, Fatal, "as it should be", ""},
		"proxied by a run that was undone": {false, []func(*site){undone}, Pass, Fatal, "as it should be", ""},
		"DNS-only by the log":              {false, []func(*site){logged(false)}, Pass, Fatal, "as it should be", ""},
		"a window past its deadline":       {false, []func(*site){window(-time.Minute), wants(true)}, Fail, Fatal, "w-17 of www.example.org is open past its deadline, 2026-11-23 05:59:00 UTC", "Close it:\ndnsplan recover"},
		"a window within":                  {false, []func(*site){window(time.Minute), wants(true)}, Fail, Info, "w-17 of www.example.org is open, until", ""},
		"the origin is still answered":     {true, []func(*site){func(s *site) { s.answer("127.0.0.11") }}, Fail, Error, "still gives the address behind it, 127.0.0.11", "dnsplan check www.example.org --only X-BACK"},
		"a marker past its deadline":       {false, []func(*site){marked(day0.Add(-time.Minute))}, Fail, Fatal, "the issuance window 01M8 was to be closed by 2026-11-23 05:59:00 UTC", "dnsplan recover --scan-zone example.org"},
		"a marker of other addresses":      {false, []func(*site){marked(day0.Add(-time.Minute)), overtaken}, Fail, Fatal, "someone has changed its addresses in it", "Turn the proxy of www.example.org on by hand at the provider, when its addresses are right."},
		"left open, a marker of others":    {false, []func(*site){marked(day0.Add(time.Minute)), overtaken, left}, Fail, Fatal, "01M8 could not be closed", "Turn the proxy of www.example.org on by hand at the provider, when its addresses are right."},
		"a marker within":                  {false, []func(*site){marked(day0.Add(time.Minute))}, Fail, Info, "01M8 of www.example.org is open, until 2026-11-23 06:01:00 UTC", ""},
		"a marker of a run that has ended": {false, []func(*site){marked(day0.Add(time.Minute)), left}, Fail, Fatal, "01M8 could not be closed", "Turn the proxy on again, with the values that are there by now:\ndnsplan recover --scan-zone example.org --now"},
		"one family that is proxied again": {false, []func(*site){marked(day0.Add(-time.Minute)), func(s *site) {
			s.subject.Zone.Live.RRsets = append(s.subject.Zone.Live.RRsets, zone.RRset{Key: zone.Key{Name: "www.example.org.", Type: zone.AAAA}, Proxied: true})
		}}, Fail, Fatal, "a record of www.example.org is DNS-only", "dnsplan recover --scan-zone example.org"},
		"a value that someone else set":   {false, []func(*site){marked(day0.Add(time.Minute), "127.0.0.99"), left}, Fail, Fatal, "01M8 could not be closed", "set by hand at the provider what stood there before:\nwww 300 IN A 127.0.0.11 ; proxied"},
		"a window left open, marker gone": {false, []func(*site){left}, Fail, Fatal, "01M8 could not be closed", "or write into its record in the inventory proxied = true, and:\ndnsplan plan"},
		"left open, and deleted":          {false, []func(*site){left, deleted}, Fail, Fatal, "www.example.org has no record any more: the issuance window 01M8 could not be closed by its run, and someone else has deleted it", "Where that was not meant, make it again by hand at the provider, with the proxy on:\nwww 300 IN A 127.0.0.11 ; proxied\n"},
		"and to be written":               {false, []func(*site){left, deleted}, Fail, Fatal, "has no record any more", "Or write into its record in the inventory proxied = true, and:\ndnsplan plan -o"},
		"and to be given up":              {false, []func(*site){left, deleted}, Fail, Fatal, "has no record any more", "take its record out of the inventory.\n"},
		"left open, and one deleted": {false, []func(*site){marked(day0.Add(time.Minute)), left, func(s *site) {
			s.subject.Zone.Live.RRsets[0].Type = zone.AAAA
		}}, Fail, Fatal, "a record of www.example.org is DNS-only: the issuance window 01M8 could not be closed by its run, and someone else has deleted another one", "Where the deletion was not meant, set it by hand at the provider again, with the proxy on:\nwww 300 IN A 127.0.0.11 ; proxied\n"},
		"left open, and renamed": {false, []func(*site){marked(day0.Add(time.Minute)), left, func(s *site) {
			s.subject.Zone.Live.RRsets[0].Name = "www2.example.org."
		}}, Fail, Fatal, "www.example.org has no record any more: someone else has renamed it to www2.example.org while the issuance window 01M8 was open, and it is DNS-only there", "Turn the proxy on again, with the values that are there by now:\ndnsplan recover --scan-zone example.org --now"},
		"renamed, and not meant": {false, []func(*site){marked(day0.Add(-time.Minute)), left, func(s *site) {
			s.subject.Zone.Live.RRsets[0].Name = "www2.example.org."
		}}, Fail, Fatal, "someone else has renamed it", "Where that was not meant, give it the name www.example.org again at the provider.\n"},
		"left open with another, and deleted": {false, []func(*site){marked(day0.Add(time.Minute)), left, func(s *site) {
			s.subject.Zone.Live.RRsets[0].Name = "shop.example.org."
			all, _ := s.opts.Past.Changes()
			shop := all[0]
			shop.Name = "shop.example.org."
			s.opts.Past.Changes = func() ([]journal.Change, error) { return append(all, shop), nil }
		}}, Fail, Fatal, "could not be closed by its run, and someone else has deleted it", "take its record out of the inventory."},
		"a marker of a run that is here": {false, []func(*site){marked(day0.Add(time.Minute)), func(s *site) {
			s.opts.Past.Runs = func() ([]string, error) { return []string{"01M8"}, nil }
		}}, Fail, Fatal, "the issuance window 01M8 is that of a run of this state folder which has ended, and nobody closes it before 2026-11-23 06:01:00 UTC", "dnsplan recover --scan-zone example.org --now"},
		"a marker of a run of others": {false, []func(*site){marked(day0.Add(time.Minute)), func(s *site) {
			s.opts.Past.Runs = func() ([]string, error) { return []string{"01M7"}, nil }
		}}, Fail, Info, "by another machine or state folder", ""},
		"wanted, and deleted":              {false, []func(*site){wants(true), deleted}, Fail, Fatal, "www.example.org has no record, and the inventory wants it proxied", "Have it written as the inventory says:\ndnsplan plan -o"},
		"proxied by the log, and deleted":  {false, []func(*site){logged(true), deleted}, Fail, Fatal, "www.example.org has no record, and run 01K has left it proxied", "proxied = true"},
		"DNS-only by the log, and deleted": {false, []func(*site){logged(false), deleted}, Pass, Fatal, "www.example.org has no record, and no window is open", ""},
		"a marker on a proxied record":     {true, []func(*site){marked(day0.Add(-time.Minute)), left}, Pass, Fatal, "is proxied", ""},
		"nothing known of live":            {false, []func(*site){func(s *site) { s.subject.Zone.Live = nil }}, Unknown, Fatal, "is not known: it was not read", ""},
		"marks that cannot be read": {true, []func(*site){func(s *site) {
			s.opts.Past.Windows = func() ([]journal.OpenWindow, error) { return nil, errors.New("no access") }
		}}, Unknown, Fatal, "no access", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			s.opts.Now = func() time.Time { return day0 }
			s.opts.Past.Windows = func() ([]journal.OpenWindow, error) { return nil, nil }
			s.proxy("127.0.0.11", c.proxied)
			for _, with := range c.with {
				with(s)
			}
			f := s.only("X-BACK", c.outcome, c.says)
			if f.Severity != c.severity {
				t.Errorf("severity %s", f.Severity)
			}
			Offers(t, f, c.pastes)
		})
	}
	s := newSite(t, "127.0.0.11")
	if f := s.check("X-BACK"); len(f) > 0 {
		t.Errorf("without a proxy: %+v", f)
	}
}
