package acme_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme"
)

// unread has the provider of a site say nothing; its name servers give the addresses
// of a proxy, with its TTL.
func unread(proxy bool, proxied *bool) dnsSite {
	s := fine()
	s.ns1 = append(drop(s.ns1, "www "), "www 300 A 104.16.0.1", "www 300 A 104.16.0.2", "www 300 AAAA 2606:4700::1")
	s.subject = func(sub *acme.Subject) {
		sub.Zone.Live, sub.Zone.LiveErr, sub.Zone.Proxy = nil, errors.New("provider \"box\": gone"), proxy
		for i := range sub.Records {
			if proxied != nil {
				sub.Records[i].ProxiedGiven, sub.Records[i].Proxied = true, *proxied
			}
		}
	}
	return s
}

// Where a provider with a proxy cannot be read, addresses of the proxy are no
// mistake, and no pass either; where none can be proxied they are.
func TestProviderUnread(t *testing.T) {
	hanging := []string{"D-EXPECT", "D-AAAA", "D-SINGLE", "D-TTL", "X-ORIGIN", "X-TLS", "X-BACK"}
	on, off := true, false
	for name, s := range map[string]dnsSite{"silent": unread(true, nil), "wants it": unread(true, &on)} {
		found := s.check(t, hanging...)
		if len(found) != len(hanging) {
			t.Errorf("%s: %d findings", name, len(found))
		}
		for _, f := range found {
			if f.Outcome != acme.Unknown || !strings.Contains(f.Summary, "provider \"box\": gone") || (f.Because == "") != (f.Check == "D-EXPECT") {
				t.Errorf("%s: %s: %s: %s, because of %q", name, f.Check, f.Outcome, f.Summary, f.Because)
			}
		}
	}
	for name, s := range map[string]dnsSite{"wants none": unread(true, &off), "no proxy": unread(false, nil)} {
		for _, f := range s.check(t, "D-EXPECT", "D-AAAA", "D-SINGLE", "X-ORIGIN") {
			if f.Outcome != acme.Fail {
				t.Errorf("%s: %s: %s: %s", name, f.Check, f.Outcome, f.Summary)
			}
		}
	}
}

// What needs no provider passes without it.
func TestProviderUnreadFine(t *testing.T) {
	s := fine()
	s.subject = func(sub *acme.Subject) { sub.Zone.Live, sub.Zone.LiveErr = nil, errors.New("gone") }
	for _, f := range s.check(t, "D") {
		if f.Outcome != acme.Pass {
			t.Errorf("%s: %s: %s", f.Check, f.Outcome, f.Summary)
		}
	}
}
