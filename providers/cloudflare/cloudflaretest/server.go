package cloudflaretest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/providertest/description"
)

// root is the path below which the API lies.
const root = "/client/v4"

// Server is the fake, an http.Handler. It is safe for concurrent use. Its fields
// are set before the first request.
type Server struct {
	// MostPerPage is the most items that a page of records holds, whatever is
	// asked for; 0 is 5,000,000, as the API documents.
	MostPerPage int
	// NoInfo leaves result_info out of lists.
	NoInfo bool
	// Limit and Window are how many requests a token may make in a span; 0 is
	// 1,200 in five minutes.
	Limit  int
	Window time.Duration
	// Now is the server's clock; nil is time.Now.
	Now func() time.Time

	mu     sync.Mutex
	zones  []*Zone
	tokens map[string]Token
	spent  map[string]*spent
	log    []Request
	lastID int
	url    string

	watch *description.Watch
}

// New returns a fake without zones and tokens.
func New() *Server {
	return &Server{tokens: map[string]Token{}, spent: map[string]*spent{}, watch: byDescription()}
}

// Start returns a fake that listens on loopback until the test ends.
func Start(t testing.TB) *Server {
	s := New()
	s.Serve(t, s)
	return s
}

// Serve lets h, which wraps s, listen in its place.
func (s *Server) Serve(t testing.TB, h http.Handler) {
	if h != http.Handler(s) {
		h = s.watch.Before(h)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.Close()
		s.watch.Tell(t)
	})
	s.url = server.URL
}

// BaseURL is where the API is.
func (s *Server) BaseURL() string { return s.url + root }

// Request is one request as it came in, and what it was answered with.
type Request struct {
	Method, Path, Query, Body string
	// Token is the caller's.
	Token string
	// Kind is what it asks for: "zone look-up", "zone list", "record list",
	// "batch", "record create", "record change", "record delete", "token" or
	// "other".
	Kind   string
	Status int
}

// Log returns the requests in order.
func (s *Server) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Counts returns how many requests there were of each kind.
func (s *Server) Counts() map[string]int {
	counts := map[string]int{}
	for _, r := range s.Log() {
		counts[r.Kind]++
	}
	return counts
}

// ResetLog forgets the requests.
func (s *Server) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// spent is what a token has used of its budget.
type spent struct {
	since   time.Time
	used    int
	blocked time.Time // no request is taken before that
}

// charge counts a request against the token's budget and tells whether it is
// taken (https://developers.cloudflare.com/fundamentals/api/reference/limits/).
func (s *Server) charge(w http.ResponseWriter, token string) bool {
	limit, window := s.Limit, s.Window
	if limit == 0 {
		limit = 1200
	}
	if window == 0 {
		window = 5 * time.Minute
	}
	now := s.now()
	b := s.spent[token]
	if b == nil || now.Sub(b.since) >= window {
		b = &spent{since: now}
		s.spent[token] = b
	}
	b.used++
	left := max(limit-b.used, 0)
	ends := int(b.since.Add(window).Sub(now).Seconds())
	w.Header().Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, left, ends))
	w.Header().Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, limit, int(window.Seconds())))
	if b.used > limit && now.After(b.blocked) {
		b.blocked = now.Add(window)
	}
	if now.Before(b.blocked) {
		w.Header().Set("Retry-After", strconv.Itoa(int(b.blocked.Sub(now).Seconds())))
		return false
	}
	return true
}

// answer is the envelope of every answer.
type answer struct {
	Result   any         `json:"result"`
	Info     *resultInfo `json:"result_info,omitempty"`
	Success  bool        `json:"success"`
	Errors   []*fault    `json:"errors"`
	Messages []string    `json:"messages"`
}

type resultInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
	TotalPages int `json:"total_pages"`
}

// fault is one error. Its status is that of the whole answer.
type fault struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Chain   []*fault `json:"error_chain,omitempty"`
	status  int
}

// Error is the code and the message.
func (f *fault) Error() string { return fmt.Sprintf("%d %s", f.Code, f.Message) }

func bad(code int, format string, args ...any) *fault {
	return &fault{Code: code, Message: fmt.Sprintf(format, args...), status: http.StatusBadRequest}
}

// invalid is a fault that comes in the chain of a validation error, as it does
// at Cloudflare for the content, the TTL, the comment and the tags.
func invalid(code int, format string, args ...any) *fault {
	return &fault{Code: 1004, Message: "DNS Validation Error", Chain: []*fault{bad(code, format, args...)}, status: http.StatusBadRequest}
}

func reply(w http.ResponseWriter, status int, a answer) {
	if a.Errors == nil {
		a.Errors = []*fault{}
	}
	a.Messages = []string{}
	a.Success = len(a.Errors) == 0
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a)
}

// ServeHTTP answers one request. Requests are answered one after the other.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.watch.Check(r, body)
	s.mu.Lock()
	defer s.mu.Unlock()
	path, ok := strings.CutPrefix(r.URL.Path, root)
	parts := strings.Split(strings.Trim(path, "/"), "/")
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	entry := Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body), Token: token, Kind: kind(r, parts)}
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	var a answer
	entry.Status = http.StatusOK
	switch {
	case !ok:
		a.Errors, entry.Status = []*fault{{Code: 7000, Message: "No route for that URI"}}, http.StatusNotFound
	case !s.charge(w, token):
		a.Errors, entry.Status = []*fault{{Code: 971, Message: "Please wait and consider throttling your request speed"}}, http.StatusTooManyRequests
	default:
		var f *fault
		if a, f = s.route(r, parts, body); f != nil {
			a, entry.Status = answer{Errors: []*fault{f}}, f.status
		}
	}
	s.log = append(s.log, entry)
	reply(w, entry.Status, a)
}

// kind names a request for the log.
func kind(r *http.Request, parts []string) string {
	switch {
	case parts[0] == "user":
		return "token"
	case len(parts) == 1 && parts[0] == "zones" && r.URL.Query().Has("name"):
		return "zone look-up"
	case len(parts) == 1 && parts[0] == "zones":
		return "zone list"
	case len(parts) >= 3 && parts[0] == "zones" && parts[2] == "dns_records":
		return recordKind(r.Method, parts[3:])
	}
	return "other"
}

func recordKind(method string, rest []string) string {
	switch {
	case len(rest) == 0 && method == http.MethodGet:
		return "record list"
	case len(rest) == 0:
		return "record create"
	case rest[0] == "batch":
		return "batch"
	case method == http.MethodDelete:
		return "record delete"
	case method != http.MethodGet:
		return "record change"
	}
	return "other"
}
