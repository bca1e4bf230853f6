package rehearse_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/acme/rehearse"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

const (
	name = "www.example.org"
	soa  = "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
)

// stage is an authority, the name's zone, and a web server with a webroot at
// 127.0.0.12; what 127.0.0.11 serves has none, 127.0.0.14 greets, and 127.0.0.15
// redirects to where nobody listens.
type stage struct {
	ca      *acmetest.CA
	zone    *resolvertest.Zone
	webroot string
	options rehearse.Options
	notices []string
}

func newStage(t *testing.T, c acmetest.Config) *stage {
	t.Helper()
	web := acmetest.Listen(t, "127.0.0.11", "127.0.0.12", "127.0.0.14", "127.0.0.15")
	s := &stage{zone: resolvertest.NewZone(t, soa), webroot: t.TempDir()}
	acmetest.Serve(t, web[0], http.NotFoundHandler())
	acmetest.Serve(t, web[1], http.FileServer(http.Dir(s.webroot)))
	acmetest.Serve(t, web[2], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	acmetest.Serve(t, web[3], http.RedirectHandler("http://127.0.0.1:1/x", http.StatusFound))
	c.DNS, c.HTTPPort = resolvertest.Serve(t, s.zone), acmetest.Port(web[0])
	s.ca = acmetest.NewCA(t, c)
	s.options = rehearse.Options{
		Directory: s.ca.Directory, HTTP: s.ca.HTTP, Keys: rehearse.Keys(filepath.Join(t.TempDir(), "acme")),
		AgreeTerms: true, Contact: []string{"ops@example.org"}, Planter: plant.Webroot(s.webroot, time.Now), Wait: time.Minute,
		Notice: func(line string) { s.notices = append(s.notices, line) },
	}
	return s
}

// at has the name lead to addresses.
func (s *stage) at(records ...string) {
	lines := []string{soa}
	for _, r := range records {
		lines = append(lines, name+". 300 IN "+r)
	}
	s.zone.Set(lines...)
}

func (s *stage) run(t *testing.T) rehearse.Result {
	t.Helper()
	r, err := rehearse.Run(t.Context(), s.options, name)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.webroot, ".well-known", "*", "*")); len(left) > 0 {
		t.Errorf("left in the webroot: %v", left)
	}
	return r
}

// A name is rehearsed at its new server, over either family, and over again: an
// authorization that the authority remembers is not taken for a proof.
func TestIssued(t *testing.T) {
	s := newStage(t, acmetest.Config{Reuse: 100})
	var first rehearse.Result
	for i, record := range []string{"A 127.0.0.12", "AAAA ::ffff:127.0.0.12"} {
		s.at(record)
		r := s.run(t)
		if r.Problem != nil || r.Issued == nil || !r.Validated || r.Deactivated != i || r.Name != name || r.Directory != s.ca.Directory {
			t.Fatalf("%s: %+v, problem %+v", record, r, r.Problem)
		}
		if r.Issued.Serial == "" || !strings.Contains(r.Issued.Issuer, "Pebble") || r.Order == "" || r.Authorization == "" {
			t.Errorf("%s: %+v", record, r)
		}
		if i == 0 {
			first = r
		} else if r.Account != first.Account || r.Authorization == first.Authorization || *r.Issued == *first.Issued {
			t.Errorf("%s: %+v after %+v", record, r, first)
		}
	}
	// The authority would issue from memory.
	s.at("A 127.0.0.11")
	r := s.run(t)
	if r.Issued != nil || r.Problem == nil || r.Deactivated != 1 {
		t.Errorf("moved away: %+v", r)
	}
	want := []string{
		"opening an account at " + s.ca.Directory,
		"token placed in webroot " + s.webroot + ": the authority looks for it",
		"validated: waiting for the certificate",
		"the authority has validated the name before: giving that up, and ordering anew",
	}
	if !slices.Equal(s.notices[:4], want) {
		t.Errorf("notices:\n%s", strings.Join(s.notices, "\n"))
	}
}

func TestRefused(t *testing.T) {
	s := newStage(t, acmetest.Config{})
	for _, tt := range []struct {
		name    string
		records []string
		word    string
		detail  string
		check   string
	}{
		{"the old server", []string{"A 127.0.0.11"}, "unauthorized", "404", "H-TOKEN"},
		{"AAAA at the old server", []string{"A 127.0.0.12", "AAAA ::ffff:127.0.0.11"}, "unauthorized", "404", "H-TOKEN"},
		{"another body", []string{"A 127.0.0.14"}, "unauthorized", "did not match", "H-TOKEN"},
		{"a redirect to nobody", []string{"A 127.0.0.15"}, "connection", "refused", "H-REDIR"},
		{"nobody listens", []string{"A 127.0.0.13"}, "connection", "refused", "H-PORT80"},
		{"no address", []string{"TXT x"}, "connection", "could not resolve", "D-APEX"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.at(tt.records...)
			r := s.run(t)
			if r.Problem == nil || r.Issued != nil || r.Validated {
				t.Fatalf("result %+v", r)
			}
			if p := r.Problem; p.Word() != tt.word || p.Stage != rehearse.Validating || !strings.Contains(p.Detail, tt.detail) {
				t.Errorf("problem %+v", p)
			}
			checks := rehearse.Explain(*r.Problem)
			if len(checks) == 0 || string(checks[0]) != tt.check {
				t.Errorf("checks %v, want %s first: %+v", checks, tt.check, r.Problem)
			}
		})
	}
}

// A name that no order can hold is refused before anything is placed.
func TestOrderRefused(t *testing.T) {
	s := newStage(t, acmetest.Config{})
	r, err := rehearse.Run(t.Context(), s.options, "a_b.example.org")
	if err != nil || r.Problem == nil || r.Problem.Stage != rehearse.Ordering || r.Order != "" {
		t.Errorf("result %+v, problem %+v, error %v", r, r.Problem, err)
	}
}

func TestCannotBeTried(t *testing.T) {
	failing := errors.New("no such folder")
	for _, tt := range []struct {
		name   string
		config acmetest.Config
		spoil  func(t *testing.T, s *stage)
		want   func(error) bool
	}{
		{"terms", acmetest.Config{}, func(_ *testing.T, s *stage) { s.options.AgreeTerms = false }, func(err error) bool {
			terms, ok := errors.AsType[*rehearse.TermsError](err)
			return ok && strings.Contains(err.Error(), terms.Terms) && terms.Terms != ""
		}},
		{"an account of another kind", acmetest.Config{Bound: true}, func(*testing.T, *stage) {}, func(err error) bool { return errors.Is(err, rehearse.ErrBinding) }},
		{"no token", acmetest.Config{}, func(_ *testing.T, s *stage) { s.options.Planter = broken{failing} }, func(err error) bool { return errors.Is(err, failing) }},
		{"no authority", acmetest.Config{}, func(_ *testing.T, s *stage) { s.options.Directory = "https://127.0.0.1:1/dir" }, func(err error) bool {
			return strings.HasPrefix(err.Error(), "rehearse "+name+": read ACME directory https://127.0.0.1:1/dir: ")
		}},
		{"a stranger's authority", acmetest.Config{}, func(_ *testing.T, s *stage) { s.options.HTTP, s.options.Directory = nil, s.ca.Directory+"?x" }, func(err error) bool {
			return strings.Contains(err.Error(), "certificate")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, tt.config)
			s.at("A 127.0.0.12")
			tt.spoil(t, s)
			_, err := rehearse.Run(t.Context(), s.options, name)
			if err == nil || !tt.want(err) {
				t.Errorf("error %v", err)
			}
			if files, _ := os.ReadDir(string(s.options.Keys)); tt.name != "no token" && len(files) > 0 {
				t.Errorf("a key was made: %v", files)
			}
		})
	}
}

// broken places no token.
type broken struct{ err error }

func (broken) Place() plant.Place { return plant.Place{Command: "nowhere"} }

func (b broken) Plant(context.Context, plant.Token) (func(context.Context) error, error) {
	return nil, b.err
}

// keeper places tokens, and cannot remove them.
type keeper struct{ plant.Planter }

func (k keeper) Plant(ctx context.Context, t plant.Token) (func(context.Context) error, error) {
	_, err := k.Planter.Plant(ctx, t)
	return func(context.Context) error { return errors.New("permission denied") }, err
}

// What the authority has found is told, also when the token stays.
func TestTokenStays(t *testing.T) {
	s := newStage(t, acmetest.Config{})
	s.options.Planter = keeper{s.options.Planter}
	for record, issued := range map[string]bool{"A 127.0.0.12": true, "A 127.0.0.11": false} {
		s.at(record)
		s.notices = nil
		r, err := rehearse.Run(t.Context(), s.options, name)
		if err != nil || (r.Issued != nil) != issued || (r.Problem != nil) == issued {
			t.Errorf("%s: %+v, error %v", record, r, err)
		}
		stays := func(line string) bool {
			return strings.HasPrefix(line, "the token ") && strings.HasSuffix(line, " stays: permission denied")
		}
		if !slices.ContainsFunc(s.notices, stays) {
			t.Errorf("%s: notices %v", record, s.notices)
		}
	}
}

func TestKeys(t *testing.T) {
	s := newStage(t, acmetest.Config{})
	s.at("A 127.0.0.12")
	s.run(t)
	files, err := os.ReadDir(string(s.options.Keys))
	if err != nil || len(files) != 1 || !strings.HasPrefix(files[0].Name(), "127.0.0.1-") {
		t.Fatalf("keys %v, %v", files, err)
	}
	path := filepath.Join(string(s.options.Keys), files[0].Name())
	for of, want := range map[string]fs.FileMode{path: 0o600, string(s.options.Keys): fs.ModeDir | 0o700} {
		if info, err := os.Lstat(of); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, %v", of, info.Mode(), err)
		}
	}
	// Its account is there, so nothing has to be agreed to any more.
	s.options.AgreeTerms = false
	if r := s.run(t); r.Issued == nil {
		t.Errorf("again: %+v", r)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := rehearse.Run(t.Context(), s.options, name); err == nil || !strings.Contains(err.Error(), "its owner alone may read") {
		t.Errorf("others may read it: %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := rehearse.Run(t.Context(), s.options, name); err == nil || !strings.Contains(err.Error(), "no PEM block") {
		t.Errorf("damaged: %v", err)
	}
}

// A key that the authority does not know, as after it has forgotten all, opens an
// account anew.
func TestKeyIsUnknown(t *testing.T) {
	s := newStage(t, acmetest.Config{})
	s.at("A 127.0.0.12")
	s.run(t)
	files, err := os.ReadDir(string(s.options.Keys))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(string(s.options.Keys), files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	other := newStage(t, acmetest.Config{})
	other.at("A 127.0.0.12")
	other.run(t) // for the name of the file
	files, err = os.ReadDir(string(other.options.Keys))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(string(other.options.Keys), files[0].Name()), key, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := other.run(t); r.Issued == nil {
		t.Errorf("result %+v", r)
	}
	other.notices = nil
	if r := other.run(t); r.Issued == nil || strings.HasPrefix(other.notices[0], "opening") {
		t.Errorf("result %+v, notices %v", r, other.notices)
	}
}

func TestCancelled(t *testing.T) {
	s := newStage(t, acmetest.Config{})
	s.at("A 127.0.0.12")
	ctx, stop := context.WithCancel(t.Context())
	s.options.Notice = func(line string) {
		if strings.HasPrefix(line, "token placed") {
			stop()
		}
	}
	_, err := rehearse.Run(ctx, s.options, name)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.webroot, ".well-known")); len(left) > 0 {
		t.Errorf("left in the webroot: %v", left)
	}
}
