package namesilotest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Options say how the API answers where it is known to differ.
type Options struct {
	// Key is the only one that is accepted.
	Key string
	// XML answers in XML whatever type is asked for.
	XML bool
	// Lone lists one record, or one domain, without a list around it.
	Lone bool
	// Words sends codes as strings.
	Words bool
	// NewIDs gives a record another id when it is updated.
	NewIDs bool
}

// Record is one resource record. Host is relative to the domain, and empty at
// its apex.
type Record struct {
	ID, Type, Host, Value string
	TTL, Distance         int
}

// String returns the record as a zone file's line.
func (r Record) String() string {
	return fmt.Sprintf("%s %d %s %s", r.Host, r.TTL, r.Type, r.Value)
}

// Request is one request as the log has it.
type Request struct {
	Op string
	// Params are those of the operation, without version, type and key.
	Params url.Values
	// Code is what was answered; 0 when a fault did.
	Code int
}

// Server is the API. Its methods are safe for concurrent use.
type Server struct {
	// URL is the base URL.
	URL  string
	opts Options

	mu      sync.Mutex
	domains map[string][]Record
	log     []Request
	faults  []Fault
	lastID  int
}

// New starts a server, which is closed when the test ends.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{opts: o, domains: make(map[string][]Record)}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.URL = h.URL + "/api"
	return s
}

// Hold makes records the whole of a domain. They are not checked.
func (s *Server) Hold(domain string, records ...Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	records = slices.Clone(records)
	for i := range records {
		if records[i].ID == "" {
			records[i].ID = s.newID()
		}
	}
	s.domains[domain] = records
}

// Records returns the records of a domain.
func (s *Server) Records(domain string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.domains[domain])
}

// Requests returns the log.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Forget empties the log.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

func (s *Server) newID() string {
	s.lastID++
	return fmt.Sprintf("%010x", s.lastID*7919)
}

// answer is what an operation returns.
type answer struct {
	code    int
	detail  string
	id      string
	records []Record
	domain  string // of records
	domains []string
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op, q := strings.TrimPrefix(r.URL.Path, "/api/"), r.URL.Query()
	s.mu.Lock()
	f, faulty := s.take(op)
	var a answer
	if !faulty || f.after {
		a = s.operate(r, op, q)
	}
	params := url.Values{}
	for k, v := range q {
		if k != "version" && k != "type" && k != "key" {
			params[k] = v
		}
	}
	s.log = append(s.log, Request{op, params, a.code})
	s.mu.Unlock()
	if faulty {
		f.serve(s, w, r, op)
		return
	}
	s.write(w, op, q.Get("type"), a)
}

func (s *Server) write(w http.ResponseWriter, op, form string, a answer) {
	if s.opts.XML || form != "json" {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		fmt.Fprint(w, s.xml(op, a))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(s.json(op, a)); err != nil {
		panic(err) // maps and strings always encode
	}
}

// fields are a record as it is listed.
func (a answer) fields(r Record) [][2]string {
	host := a.domain
	if r.Host != "" {
		host = r.Host + "." + a.domain
	}
	return [][2]string{
		{"record_id", r.ID},
		{"type", r.Type},
		{"host", host},
		{"value", r.Value},
		{"ttl", fmt.Sprint(r.TTL)},
		{"distance", fmt.Sprint(r.Distance)},
	}
}

func (s *Server) json(op string, a answer) any {
	reply := map[string]any{"code": a.code, "detail": a.detail}
	if s.opts.Words {
		reply["code"] = fmt.Sprint(a.code)
	}
	if a.id != "" {
		reply["record_id"] = a.id
	}
	var records []any
	for _, r := range a.records {
		m := map[string]string{}
		for _, f := range a.fields(r) {
			m[f[0]] = f[1]
		}
		records = append(records, m)
	}
	var domains []any
	for _, d := range a.domains {
		domains = append(domains, d)
	}
	if op == "dnsListRecords" && records != nil {
		reply["resource_record"] = s.list(records)
	}
	if op == "listDomains" && domains != nil {
		reply["domains"] = map[string]any{"domain": s.list(domains)}
	}
	return map[string]any{"request": map[string]string{"operation": op, "ip": "192.0.2.200"}, "reply": reply}
}

func (s *Server) list(l []any) any {
	if s.opts.Lone && len(l) == 1 {
		return l[0]
	}
	return l
}

func (s *Server) xml(op string, a answer) string {
	var b strings.Builder
	put := func(name, value string) {
		b.WriteString("<" + name + ">")
		if err := xml.EscapeText(&b, []byte(value)); err != nil {
			panic(err) // a strings.Builder takes everything
		}
		b.WriteString("</" + name + ">")
	}
	b.WriteString(`<?xml version="1.0"?><namesilo><request>`)
	put("operation", op)
	put("ip", "192.0.2.200")
	b.WriteString("</request><reply>")
	put("code", fmt.Sprint(a.code))
	put("detail", a.detail)
	if a.id != "" {
		put("record_id", a.id)
	}
	for _, r := range a.records {
		b.WriteString("<resource_record>")
		for _, f := range a.fields(r) {
			put(f[0], f[1])
		}
		b.WriteString("</resource_record>")
	}
	if op == "listDomains" {
		b.WriteString("<domains>")
		for _, d := range a.domains {
			put("domain", d)
		}
		b.WriteString("</domains>")
	}
	b.WriteString("</reply></namesilo>")
	return b.String()
}
