package acme

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// byTurns has each of the handlers answer one request after the other, and counts.
func byTurns(asked *atomic.Int32, all ...http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := int(asked.Add(1)) - 1
		all[n%len(all)].ServeHTTP(w, r)
	}
}

// H-TOKEN does not go by luck, made alone either: whichever backend has its turn, it
// says what H-LB would, with the lines that mend it.
func TestTokenAloneBehindABalancer(t *testing.T) {
	for turn := range 3 {
		s := newSite(t, "127.0.0.11")
		var asked atomic.Int32
		asked.Store(int32(turn)) //nolint:gosec // G115: 0 to 2
		s.serve(0, byTurns(&asked, s.files(), http.NotFoundHandler(), http.NotFoundHandler()))
		f := s.only("H-TOKEN", Fail, "answers with the token by turns alone, ", " times of 5")
		if f.Severity != Error || f.Because != "" {
			t.Errorf("after %d: %+v", turn, f)
		}
		Offers(t, f, "HAProxy: in the frontend of 127.0.0.11:", "use_backend acme if acme_challenge")
	}
}

// What it costs to know that: a few connections, and the twelve of H-LB where that is
// made anyway.
func TestTokenAsksOftenOnlyWhereItMust(t *testing.T) {
	for want, only := range map[int32][]string{1 + few: {"H-TOKEN"}, 1 + connections: {"H-TOKEN", "H-LB"}} {
		s := newSite(t, "127.0.0.11")
		var asked atomic.Int32
		s.serve(0, byTurns(&asked, s.files()))
		Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: only})
		if n := asked.Load(); n != want {
			t.Errorf("%v: %d requests, want %d", only, n, want)
		}
	}
}

// A port that wants TLS is no port for challenges, in whichever way it says so.
func TestPortThatWantsTLS(t *testing.T) {
	for name, serve := range map[string]func(*site){
		"nginx": func(s *site) {
			s.serve(0, calls("nginx", answers(400, "text/html", "<center>The plain HTTP request was sent to HTTPS port</center>")))
		},
		"Apache": func(s *site) {
			s.serve(0, calls(debian, answers(400, "text/html", "You're speaking plain HTTP to an SSL-enabled server port.")))
		},
		"an alert": func(s *site) { s.says(0, "\x15\x03\x01\x00\x02\x02\x46") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			serve(s)
			Offers(t, s.only("H-PORT80", Fail, "does not answer HTTP: it speaks TLS where plain HTTP was asked for (HttpOnHttpsPort)"), "speak plain HTTP/1.1 on port")
			for _, f := range Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"H-PORT80", "H-TOKEN"}}).Findings {
				if f.Check == "H-TOKEN" && (f.Outcome != Fail || f.Because != "H-PORT80") {
					t.Errorf("H-TOKEN: %+v", f)
				}
			}
		})
	}
}

// says has the i-th address say something, whatever it is asked, and close.
func (s *site) says(i int, text string) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := s.ls[i].Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1024))
			_, _ = c.Write([]byte(text))
			_ = c.(*net.TCPConn).CloseWrite()
			_ = c.Close()
		}
	}()
	s.t.Cleanup(func() { _ = s.ls[i].Close(); <-ended })
}
