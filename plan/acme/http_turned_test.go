package acme

import (
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
)

// turning turns some addresses away.
func turning(next http.Handler, away ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if from, _, _ := net.SplitHostPort(r.RemoteAddr); slices.Contains(away, from) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// A server that turns away some of this machine's addresses is no load balancer, and it
// is said which those are.
func TestFilterOfAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		away []string
		says []string
	}{
		"the machine's own choice": {[]string{"127.0.0.1"}, []string{"turns this machine away where it asks from 127.0.0.1 (answered 403 Forbidden), and", "where it asks from 127.0.1.3, 127.0.2.10, 127.0.3.17 and "}},
		"others":                   {[]string{"127.0.1.3", "127.0.3.17"}, []string{"from 127.0.1.3 and 127.0.3.17 (answered 403 Forbidden), and", "where it asks from 127.0.0.1, 127.0.2.10 and 127.0.4.24, as a filter"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			s.serve(0, turning(s.files(), c.away...))
			f := s.only("H-TOKEN", Fail, c.says...)
			Offers(t, f, "Ask nobody for a password there, and turn nobody away.", "allow all;")
			lacks(t, f, "HAProxy")
			for _, f := range Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"H-TOKEN", "H-LB"}}).Findings {
				if f.Check == "H-LB" && f.Outcome != Pass && f.Because != "H-TOKEN" {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// One of two backends that turns everybody away is no filter of addresses.
func TestBackendThatTurnsAway(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, byTurns(new(atomic.Int32), s.files(), answers(http.StatusForbidden, "text/plain", "")))
	Offers(t, s.only("H-TOKEN", Fail, "by turns alone"), "HAProxy: in the frontend")
	s.only("H-LB", Fail, "6 of 12 connections")
}
