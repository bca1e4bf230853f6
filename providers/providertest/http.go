package providertest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// HTTPHarness makes zones for RunHTTP.
type HTTPHarness struct {
	// Open returns a fresh zone that holds text, as Harness.Open does. It puts
	// wrap around the handler of its fake, serves that on loopback until the
	// test's cleanup, and points a new provider at it, whose transport pauses
	// are a few milliseconds long and whose rate is not limited. It makes no
	// request.
	Open func(t *testing.T, text string, wrap func(http.Handler) http.Handler) Zone
	// IsWrite tells the requests that change the zone from those that read it.
	// It may read the body. The creation of one set of one address must take one
	// such request.
	IsWrite func(*http.Request) bool
	// Paged is master file lines for a zone of more than one page, beside the
	// suite's own few, and SecondPage tells the request for the second page of
	// such a zone. Empty: the vendor's lists have no pages.
	Paged      string
	SecondPage func(*http.Request) bool
	// Deny answers a request as the vendor does when it refuses the credentials
	// with the given status, 401 or 403; nil answers with the bare status.
	Deny func(w http.ResponseWriter, r *http.Request, status int)
	// Secrets are the credentials that the provider was given, canaries which a
	// failure prints.
	Secrets []string
	// Scale is as in Harness.
	Scale int
	// Skip names cases that the provider cannot pass, with the reason. A name
	// that is no case fails the run.
	Skip map[HTTPCase]string
}

// HTTPCase names a part of RunHTTP.
type HTTPCase string

// The cases.
const (
	Idle       HTTPCase = "idle"       // what takes no request, and what takes no write
	ReadOnce   HTTPCase = "read-once"  // one request of a read fails, then all is well
	ReadFails  HTTPCase = "read-fails" // a read fails however often it is tried
	Pages      HTTPCase = "pages"      // the second page fails
	WriteOnce  HTTPCase = "write-once" // a write that was refused for the rate is made again
	WriteLost  HTTPCase = "write-lost" // nobody knows what became of a write
	WriteParts HTTPCase = "parts"      // a later batch of a write fails
	Denied     HTTPCase = "denied"     // credentials refused
	Cancelled  HTTPCase = "cancelled"  // a context that ends in the middle
	Closed     HTTPCase = "closed"     // nobody listens
	Overtaken  HTTPCase = "overtaken"  // another writer comes between look and write
	Hidden     HTTPCase = "hidden"     // secrets that a vendor repeats show nowhere
)

// RunHTTP runs the cases of an adapter over HTTP, beside Run: each makes some
// requests fail, then looks at what the adapter says, at the requests it made
// and at what stands in the zone. It takes some seconds, because one Retry-After
// of 1 s is waited for.
//
//	providertest.RunHTTP(t, providertest.HTTPHarness{
//		Open: func(t *testing.T, text string, wrap func(http.Handler) http.Handler) providertest.Zone {
//			fake := newFake(t, text)
//			server := httptest.NewServer(wrap(fake))
//			t.Cleanup(server.Close)
//			return providertest.Zone{Provider: open(t, server.URL, token), Name: "example.org.", Others: fake.others}
//		},
//		IsWrite: func(r *http.Request) bool { return r.Method != http.MethodGet },
//		Secrets: []string{token},
//	})
func RunHTTP(t *testing.T, h HTTPHarness) {
	cases := []suiteCase[HTTPCase, HTTPHarness]{
		{Idle, testIdle},
		{ReadOnce, testReadOnce},
		{ReadFails, testReadFails},
		{Pages, testPages},
		{WriteOnce, testWriteOnce},
		{WriteLost, testWriteLost},
		{WriteParts, testWriteParts},
		{Denied, testDenied},
		{Cancelled, testCancelled},
		{Closed, testClosed},
		{Overtaken, testOvertaken},
		{Hidden, testHidden},
	}
	runCases(t, h, h.Skip, cases)
}

// site is a zone behind a gate.
type site struct {
	Zone
	*gate
	secrets []string
}

func (h HTTPHarness) site(t *testing.T, more string) *site {
	t.Helper()
	g := &gate{isWrite: h.IsWrite}
	z := open(t, Harness{Scale: h.Scale, Open: func(t *testing.T, text string) Zone {
		return h.Open(t, text, func(fake http.Handler) http.Handler {
			g.fake = fake
			return g
		})
	}}, more)
	if g.fake == nil {
		t.Fatal("the harness has not wrapped its handler")
	}
	return &site{Zone: z, gate: g, secrets: h.Secrets}
}

// sample creates one set of one address: one write request.
func (s *site) sample(t *testing.T) providers.Change {
	return s.change("", "new 300 A 192.0.2.99")
}

// tryRead reads. A snapshot beside an error is wrong, and so is a secret.
func (s *site) tryRead(t *testing.T) error {
	t.Helper()
	snapshot, err := s.Provider.Read(t.Context(), s.Name)
	if err != nil && snapshot != nil {
		t.Errorf("a snapshot of %d sets beside the error %v", len(snapshot.RRsets), err)
	}
	s.wantHidden(t, err)
	return err
}

// tryWrite writes. A secret in an error is wrong.
func (s *site) tryWrite(t *testing.T, changes ...providers.Change) error {
	t.Helper()
	_, err := s.Provider.Write(t.Context(), s.Name, changes)
	s.wantHidden(t, err)
	return err
}

// wantWhole reads and compares with what was read before.
func (s *site) wantWhole(t *testing.T, want *zone.Snapshot) {
	t.Helper()
	got, err := s.Provider.Read(t.Context(), s.Name)
	if err != nil {
		t.Errorf("read: %v", err)
		return
	}
	wantLines(t, "address sets", Sets(got), Sets(want))
	wantLines(t, "other records", Others(got), Others(want))
}

// wantCertain checks that err is one with which nothing was written.
func wantCertain(t *testing.T, err error) {
	t.Helper()
	if err == nil || errors.Is(err, providers.ErrUnknown) || errors.Is(err, providers.ErrPartial) {
		t.Errorf("error %v, want one that is sure that nothing was written", err)
	}
}

func wantUnknown(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, providers.ErrUnknown) {
		t.Errorf("error %v, want ErrUnknown", err)
	}
}

// wantHidden checks that no secret shows in v however it is printed nor, in the
// case of an error, in anything that it wraps.
func (s *site) wantHidden(t *testing.T, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		text := fmt.Sprintf(verb, v)
		for _, secret := range s.secrets {
			for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if strings.Contains(text, form) {
					t.Errorf("%q shows in %s of %T: %s", form, verb, v, text)
				}
			}
		}
	}
	switch e := v.(type) {
	case interface{ Unwrap() error }:
		s.wantHidden(t, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			s.wantHidden(t, inner)
		}
	}
}
