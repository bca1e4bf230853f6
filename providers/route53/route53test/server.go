// Package route53test is a Route 53 for tests: the part of its API (2013-04-01)
// that concerns hosted zones and record sets, over HTTP on loopback, as strict
// as the vendor is.
//
//	s := route53test.Start(t)
//	z := s.AddZone(route53test.Zone{ID: "Z1", Name: "example.org."})
//	z.Put(route53test.Simple("www.example.org.", "A", 300, "192.0.2.1"))
//	p, err := route53.New(ctx, route53.Config{Endpoint: s.URL})
//
// Requests have to be signed by a key that the server knows. Where the vendor's
// exact words are not public, the messages are the server's own. Each request is
// held against AWS's model of the API, where that is at hand: a test whose
// requests break it fails.
package route53test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dnsplan/dnsplan/providers/providertest/description"
)

// The key that a new server knows.
const (
	AccessKey = "AKIAROUTE53TESTKEY00"
	SecretKey = "route53test-secret-access-key-of-no-account"
)

// Call is a request as the log holds it.
type Call struct {
	// Action is the API's name for it: "ListResourceRecordSets". It is empty
	// for a request that is none of the API.
	Action string
	// Method, Path, Query and Body are what was sent.
	Method, Path, Query string
	Body                []byte
	// Status is what was answered.
	Status int
}

// Server is a Route 53 of one account.
type Server struct {
	// URL is where it listens.
	URL string

	mu       sync.Mutex
	zones    []*Zone
	keys     map[string]string
	denied   map[string]bool
	throttle map[string]int
	faults   []Fault
	prior    int
	legacy   bool
	polls    int
	changes  map[string]int // id to polls that still answer PENDING
	log      []Call

	watch *description.Watch
}

// Fault answers a request in place of the server: it returns false to leave the
// request to it.
type Fault func(w http.ResponseWriter, c Call) bool

// Start returns a server that knows AccessKey and ends with the test. What wrap
// puts around it sees each request first.
func Start(t testing.TB, wrap ...func(http.Handler) http.Handler) *Server {
	t.Helper()
	s := &Server{
		keys: map[string]string{AccessKey: SecretKey}, denied: map[string]bool{}, throttle: map[string]int{}, changes: map[string]int{},
		watch: byModel(),
	}
	var handler http.Handler = s
	for _, w := range wrap {
		handler = w(handler)
	}
	if len(wrap) > 0 {
		handler = s.watch.Before(handler)
	}
	h := httptest.NewServer(handler)
	t.Cleanup(func() {
		h.Close()
		s.watch.Tell(t)
	})
	s.URL = h.URL
	return s
}

// Setenv makes AccessKey the credentials of the test, and keeps the AWS SDK from
// looking anywhere else.
func Setenv(t testing.TB) {
	t.Helper()
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_ROUTE_53": "",
		"AWS_CONFIG_FILE": t.TempDir() + "/config", "AWS_SHARED_CREDENTIALS_FILE": t.TempDir() + "/credentials",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
		"AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ROLE_ARN": "", "AWS_ENDPOINT_URL_STS": "", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "",
		"AWS_CA_BUNDLE": "", "AWS_USE_FIPS_ENDPOINT": "", "AWS_USE_DUALSTACK_ENDPOINT": "", "AWS_DEFAULTS_MODE": "", "AWS_MAX_ATTEMPTS": "",
	} {
		t.Setenv(k, v)
	}
}

// SetKey makes the server know a key; an empty secret makes it forget it.
func (s *Server) SetKey(id, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret == "" {
		delete(s.keys, id)
		return
	}
	s.keys[id] = secret
}

// Deny refuses actions with AccessDenied, as a policy would.
func (s *Server) Deny(actions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range actions {
		s.denied[a] = true
	}
}

// Throttle answers the next n requests of an action with Throttling.
func (s *Server) Throttle(action string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttle[action] = n
}

// PriorRequests answers the next n changes with PriorRequestNotComplete.
func (s *Server) PriorRequests(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prior = n
}

// Pending makes each change that is accepted from now on PENDING for n polls.
func (s *Server) Pending(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls = n
}

// Legacy answers invalid change batches in the older of the two forms: with a
// document of its own instead of an error's.
func (s *Server) Legacy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.legacy = true
}

// Inject queues faults. Each is asked at each request until it has answered one.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Log returns the requests so far.
func (s *Server) Log() []Call {
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

// Count returns how many requests of an action came, refused ones included.
func (s *Server) Count(action string) int {
	n := 0
	for _, c := range s.Log() {
		if c.Action == action {
			n++
		}
	}
	return n
}

const root = "/2013-04-01/"

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.watch.Check(r, body)
	action, id := route(r)
	c := Call{Action: action, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: body}
	noted := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	if !s.fault(noted, c) {
		s.serve(noted, r, c, id)
	}
	c.Status = noted.status
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, c)
}

// fault lets the first fault that wants to answer.
func (s *Server) fault(w http.ResponseWriter, c Call) bool {
	s.mu.Lock()
	faults := slices.Clone(s.faults)
	s.mu.Unlock()
	for i, f := range faults {
		if f(w, c) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.faults = slices.Delete(s.faults, i, i+1)
			return true
		}
	}
	return false
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, c Call, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Action == "" {
		s.fail(w, http.StatusNotFound, "UnknownOperationException", "")
		return
	}
	if e := s.refuses(r, c); e != nil {
		s.fail(w, e.status, e.code, e.message)
		return
	}
	var answer any
	var e *apiError
	switch c.Action {
	case "ListHostedZones":
		answer, e = s.listZones(r.URL.Query())
	case "ListHostedZonesByName":
		answer, e = s.listZonesByName(r.URL.Query())
	case "GetHostedZone":
		answer, e = s.getZone(id)
	case "ListResourceRecordSets":
		answer, e = s.listSets(id, r.URL.Query())
	case "ChangeResourceRecordSets":
		answer, e = s.changeSets(id, c.Body)
	case "GetChange":
		answer, e = s.getChange(id)
	}
	if e != nil {
		s.fail(w, e.status, e.code, e.message)
		return
	}
	write(w, http.StatusOK, answer)
}

// actions are what the server knows, by method and path.
var actions = []struct{ method, pattern, name string }{
	{http.MethodGet, "hostedzone", "ListHostedZones"},
	{http.MethodGet, "hostedzonesbyname", "ListHostedZonesByName"},
	{http.MethodGet, "hostedzone/*", "GetHostedZone"},
	{http.MethodGet, "hostedzone/*/rrset", "ListResourceRecordSets"},
	{http.MethodPost, "hostedzone/*/rrset", "ChangeResourceRecordSets"},
	{http.MethodGet, "change/*", "GetChange"},
}

// route tells the action of a request and the id that it is about.
func route(r *http.Request) (action, id string) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/"), root)
	if !ok {
		return "", ""
	}
	for _, a := range actions {
		if match, err := path.Match(a.pattern, rest); err == nil && match && a.method == r.Method {
			return a.name, strings.Split(rest+"/", "/")[1]
		}
	}
	return "", ""
}

// refuses looks at the signature, the policy and the rate.
func (s *Server) refuses(r *http.Request, c Call) *apiError {
	if e := s.verify(r, c.Body); e != nil {
		return e
	}
	if s.denied[c.Action] {
		return &apiError{http.StatusForbidden, "AccessDenied", "User: arn:aws:iam::123456789012:user/dnsplan is not authorized to perform: route53:" + c.Action + " because no identity-based policy allows the route53:" + c.Action + " action"}
	}
	if s.throttle[c.Action] > 0 {
		s.throttle[c.Action]--
		return &apiError{http.StatusBadRequest, "Throttling", "Rate exceeded"}
	}
	if c.Action == "ChangeResourceRecordSets" && s.prior > 0 {
		s.prior--
		return &apiError{http.StatusBadRequest, "PriorRequestNotComplete", "The request was rejected because Route 53 was still processing a prior request."}
	}
	return nil
}

// apiError is an error as the API answers it.
type apiError struct {
	status        int
	code, message string
}

const namespace = "https://route53.amazonaws.com/doc/2013-04-01/"

// fail writes an error's document.
func (s *Server) fail(w http.ResponseWriter, status int, code, message string) {
	if code == "InvalidChangeBatch" && s.legacy {
		type messages struct {
			XMLName  xml.Name `xml:"InvalidChangeBatch"`
			NS       string   `xml:"xmlns,attr"`
			Messages []string `xml:"Messages>Message"`
		}
		write(w, status, messages{NS: namespace, Messages: []string{strings.Trim(message, "[]")}})
		return
	}
	type document struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		NS      string   `xml:"xmlns,attr"`
		Type    string   `xml:"Error>Type"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
		Request string   `xml:"RequestId"`
	}
	write(w, status, document{NS: namespace, Type: "Sender", Code: code, Message: message, Request: "b25f48e8-84fd-11e6-80d9-574e0c4664cb"})
}

func write(w http.ResponseWriter, status int, document any) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(document); err != nil {
		panic(fmt.Sprintf("route53test: %v", err))
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// statusWriter notes the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status and writes it.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
