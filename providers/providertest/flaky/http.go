package flaky

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"
)

// Request is an HTTP request that came to a Handler.
type Request struct {
	At     time.Time
	Fate   Fate
	Method string
	Path   string
	Body   string
	// Code is what the server has answered; 0 where it was not asked.
	Code int
}

// Handler stands before an HTTP server, or a fake of one. It is safe for
// concurrent use.
type Handler struct {
	// Server is what it stands before.
	Server http.Handler
	// Judge says what becomes of a request, whose body it may read.
	Judge func(*http.Request) Fate

	mu   sync.Mutex
	seen []Request
}

// Requests returns what has come so far.
func (h *Handler) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Request(nil), h.seen...)
}

// ServeHTTP takes a request to its fate. A connection that is cut is closed in the
// middle, as by a proxy that dies.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	fresh := func() *http.Request {
		c := r.Clone(context.WithoutCancel(r.Context())) // what was sent arrives, also when its sender is dead
		c.Body = io.NopCloser(bytes.NewReader(body))
		return c
	}
	f := h.Judge(fresh())
	answered := h.note(r, f, string(body))
	switch {
	case f == CutBefore:
		panic(http.ErrAbortHandler)
	case f.answers() && !f.acts():
		w.WriteHeader(f.status())
		return
	case f == Late:
		delay()
	}
	rec := httptest.NewRecorder()
	h.Server.ServeHTTP(rec, fresh())
	answered(rec.Code)
	if f == Twice {
		h.Server.ServeHTTP(httptest.NewRecorder(), fresh())
	}
	switch {
	case f == LoseReply:
		panic(http.ErrAbortHandler)
	case f.answers():
		w.WriteHeader(f.status())
		return
	}
	maps.Copy(w.Header(), rec.Result().Header)
	text := rec.Body.Bytes()
	if f == CutReply {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.WriteHeader(rec.Code)
		_, _ = w.Write(text[:len(text)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(text)
}

// status is what a gateway answers with in the server's place.
func (f Fate) status() int {
	switch f {
	case Fail, FailAfter:
		return http.StatusGatewayTimeout
	case Refuse, RefuseAfter:
		return http.StatusForbidden
	}
	return http.StatusUnauthorized
}

func (h *Handler) note(r *http.Request, f Fate, body string) (answered func(code int)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := len(h.seen)
	h.seen = append(h.seen, Request{At: time.Now(), Fate: f, Method: r.Method, Path: r.URL.Path, Body: body})
	return func(code int) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.seen[i].Code = code
	}
}
