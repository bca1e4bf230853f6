package namesilotest

import (
	"net/http"
	"slices"
)

// Fault is one thing that goes wrong, once.
type Fault struct {
	// Op is the operation that it strikes; empty is any.
	Op string
	// Skip is how many requests of that operation it lets pass first.
	Skip  int
	serve func(s *Server, w http.ResponseWriter, r *http.Request, op string)
	after bool
}

// Lose does what is asked for and closes the connection instead of answering.
func Lose(op string, skip int) Fault {
	return Fault{Op: op, Skip: skip, after: true, serve: func(*Server, http.ResponseWriter, *http.Request, string) {
		panic(http.ErrAbortHandler)
	}}
}

// Refuse answers with a code and does nothing.
func Refuse(op string, skip, code int, detail string) Fault {
	return Fault{Op: op, Skip: skip, serve: func(s *Server, w http.ResponseWriter, r *http.Request, op string) {
		s.write(w, op, r.URL.Query().Get("type"), no(code, "%s", detail))
	}}
}

// Serve answers with h and does nothing.
func Serve(op string, skip int, h http.HandlerFunc) Fault {
	return Fault{Op: op, Skip: skip, serve: func(_ *Server, w http.ResponseWriter, r *http.Request, _ string) { h(w, r) }}
}

// Inject queues faults.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// take removes and returns the fault that strikes op now.
func (s *Server) take(op string) (Fault, bool) {
	for i := range s.faults {
		if f := &s.faults[i]; f.Op != "" && f.Op != op {
			continue
		} else if f.Skip > 0 {
			f.Skip--
			continue
		}
		f := s.faults[i]
		s.faults = slices.Delete(s.faults, i, i+1)
		return f, true
	}
	return Fault{}, false
}
