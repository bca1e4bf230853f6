package providertest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strconv"
	"sync"
)

// gate stands before the handler of a fake. It counts requests and makes some
// of them fail.
type gate struct {
	isWrite func(*http.Request) bool
	fake    http.Handler

	mu    sync.Mutex
	fault *fault
	seen  counts
}

// counts are requests that a gate has seen.
type counts struct {
	reads, writes int
	// executed is how many of the writes the fake was given.
	executed int
	// struck is how many requests the fault befell.
	struck int
}

// fault is what befalls the first so many requests that it is for; all of them
// when times is negative.
type fault struct {
	hits  func(r *http.Request, writes bool) bool
	times int
	reply reply
}

// reply answers in place of a fake, which it may ask.
type reply func(w http.ResponseWriter, r *http.Request, fake http.Handler)

func anyRead(_ *http.Request, writes bool) bool  { return !writes }
func anyWrite(_ *http.Request, writes bool) bool { return writes }

const always = -1

// strike sets the one fault, and counts from zero.
func (g *gate) strike(hits func(*http.Request, bool) bool, times int, how reply) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault, g.seen = &fault{hits, times, how}, counts{}
}

// rest ends the fault and returns what was counted since it was set.
func (g *gate) rest() counts {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := g.seen
	g.fault, g.seen = nil, counts{}
	return seen
}

// ServeHTTP counts the request and hands it to the fault or to the fake.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	fresh := func() *http.Request {
		c := r.Clone(r.Context())
		c.Body = io.NopCloser(bytes.NewReader(body))
		return c
	}
	writes := g.isWrite(fresh())
	how := g.count(fresh(), writes)
	fake := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if writes {
			g.mu.Lock()
			g.seen.executed++
			g.mu.Unlock()
		}
		g.fake.ServeHTTP(w, r)
	})
	how(w, fresh(), fake)
}

// count counts a request and returns how it is answered.
func (g *gate) count(r *http.Request, writes bool) reply {
	g.mu.Lock()
	defer g.mu.Unlock()
	if writes {
		g.seen.writes++
	} else {
		g.seen.reads++
	}
	if f := g.fault; f != nil && f.times != 0 && f.hits(r, writes) {
		f.times--
		g.seen.struck++
		return f.reply
	}
	return func(w http.ResponseWriter, r *http.Request, fake http.Handler) { fake.ServeHTTP(w, r) }
}

// status answers with a code, and with headers given as name and value.
func status(code int, headers ...string) reply {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
	}
}

// page answers with a web page.
func page(code int) reply {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(code)
		fmt.Fprintf(w, "<!DOCTYPE html><html><head><title>%d %s</title></head><body><h1>gateway</h1></body></html>", code, http.StatusText(code))
	}
}

// lost ends the connection without an answer.
func lost(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

// executed lets the fake do what is asked, then answers otherwise.
func executed(then reply) reply {
	return func(w http.ResponseWriter, r *http.Request, fake http.Handler) {
		fake.ServeHTTP(httptest.NewRecorder(), r)
		then(w, r, fake)
	}
}

// cut ends the connection in the middle of the fake's answer.
func cut(w http.ResponseWriter, r *http.Request, fake http.Handler) {
	half(w, r, fake, func(whole int) int { return whole })
	panic(http.ErrAbortHandler)
}

// truncated ends the fake's answer in the middle, as if that were all.
func truncated(w http.ResponseWriter, r *http.Request, fake http.Handler) {
	half(w, r, fake, func(whole int) int { return whole / 2 })
}

// half writes half of the fake's answer, and says that it is as long as told.
func half(w http.ResponseWriter, r *http.Request, fake http.Handler, told func(whole int) int) {
	rec := httptest.NewRecorder()
	fake.ServeHTTP(rec, r)
	maps.Copy(w.Header(), rec.Result().Header)
	body := rec.Body.Bytes()
	if len(body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(told(len(body))))
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
}

// echo answers with what it was asked, headers and all.
func echo(code int, contentType string) reply {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		text, err := httputil.DumpRequest(r, true)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = w.Write(text)
	}
}
