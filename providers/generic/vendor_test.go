package generic_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/generic"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// canary is the secret that every vendor wants.
const canary = "canary-secret-4711"

// store is what a vendor's API holds.
type store struct {
	*fake
	requests []string
}

// vendor is the API of one vendor: as strict as it is, as far as it is used.
type vendor struct {
	host    string
	handler func(s *store) http.Handler
	// without are types of records that the vendor, or its libdns provider, has not.
	without []string
	scale   int
	skip    map[providertest.Case]string
}

// vendors are all of the catalogue.
func vendors() map[string]vendor {
	return map[string]vendor{
		"gandi":   {host: "api.gandi.net", handler: gandiAPI, scale: 5},
		"desec":   {host: "desec.io", handler: desecAPI, scale: 60},
		"hetzner": {host: "api.hetzner.cloud", handler: hetznerAPI},
		"ovh":     {host: "ovh.test", handler: ovhAPI, without: []string{"HTTPS"}}, // its libdns provider cuts the last quote off
		"bunny":   {host: "api.bunny.net", handler: bunnyAPI, without: []string{"SOA", "HTTPS", "TYPE65280"}},
		"cloudns": {host: "cloudns.test", handler: cloudnsAPI, skip: map[providertest.Case]string{
			providertest.Change: "the suite's TTL of 600 is none of ClouDNS's; see TestVendorsKeepValues",
		}},
		"digitalocean": {host: "api.digitalocean.com", handler: digitaloceanAPI, without: []string{"HTTPS", "TYPE65280"}},
		"glesys":       {host: "api.glesys.com", handler: glesysAPI},
		"transip":      {host: "api.transip.nl", handler: transipAPI},
	}
}

// hosts is the transport below the carrier while a test runs.
type hosts map[string]http.Handler

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	handler, ok := h[r.URL.Hostname()]
	if !ok {
		return nil, fmt.Errorf("%s is not on loopback", r.URL.Host)
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, in)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// serve makes below the program's plain transport for the rest of the test, which
// must not run beside others.
func serve(t *testing.T, below http.RoundTripper) {
	t.Helper()
	usual := http.DefaultTransport
	http.DefaultTransport = transport.NewCarrier(below)
	t.Cleanup(func() { http.DefaultTransport = usual })
}

// settings are those of an inventory; every secret is the canary.
func settings(t *testing.T, kind string) providers.Settings {
	t.Helper()
	values := map[string]string{}
	switch kind {
	case "ovh":
		values["endpoint"] = "http://ovh.test/1.0"
	case "cloudns":
		values["base_url"] = "http://cloudns.test/dns"
	case "transip":
		values["private_key_file"] = keyFile(t)
	}
	return providers.Settings{
		Name: kind, Values: values, Folder: func(p string) string { return p },
		Secret: func(key string) (string, error) {
			if key == "sub_auth_id" {
				return "", nil
			}
			return canary, nil
		},
	}
}

var aKey = sync.OnceValues(func() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
})

func keyFile(t *testing.T) string {
	t.Helper()
	der, err := aKey()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openVendor makes a provider as the program does, but for the rate.
func openVendor(t *testing.T, kind string) providers.Provider {
	t.Helper()
	p, err := generic.OpenFast(kind, settings(t, kind))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newStore seeds a vendor with master file lines.
func newStore(t *testing.T, v vendor, text string) *store {
	t.Helper()
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); !slices.Contains(v.without, f[3]) {
			kept.WriteString(line)
		}
	}
	return &store{fake: newFake(t, testZone, kept.String(), habits{})}
}

// TestVendors runs the suite over the real libdns providers.
func TestVendors(t *testing.T) {
	all := vendors()
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		v := all[kind]
		t.Run(kind, func(t *testing.T) {
			providertest.Run(t, providertest.Harness{Scale: v.scale, Sets: 40, Skip: v.skip, Open: func(t *testing.T, text string) providertest.Zone {
				t.Helper()
				s := newStore(t, v, text)
				serve(t, hosts{v.host: v.handler(s)})
				return providertest.Zone{
					Provider: openVendor(t, kind), Name: testZone,
					Others: func(*testing.T) []string { return s.others() },
				}
			}})
		})
	}
}

// TestVendorsKeepValues looks at each moment of a write.
func TestVendorsKeepValues(t *testing.T) {
	all := vendors()
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		v := all[kind]
		t.Run(kind, func(t *testing.T) {
			s := newStore(t, v, "@ 86400 IN NS ns1\nwww 86400 IN A 192.0.2.1\nwww 86400 IN A 192.0.2.2\none 86400 IN A 192.0.2.9\n"+
				"@ 86400 IN A 192.0.2.8\nsix 86400 IN AAAA 2001:db8::1\n*.lab 86400 IN A 192.0.2.7\nold 3600 IN A 192.0.2.6\n")
			serve(t, hosts{v.host: v.handler(s)})
			www, one := fewestOf(s, "www"), fewestOf(s, "one")
			_, err := openVendor(t, kind).Write(t.Context(), testZone, []providers.Change{
				change("www 86400 A 192.0.2.1 192.0.2.2", "www 3600 A 192.0.2.1 203.0.113.11"),
				change("one 86400 A 192.0.2.9", "one 3600 A 192.0.2.9"),
				change("@ 86400 A 192.0.2.8", "@ 3600 A 192.0.2.8"),
				change("six 86400 AAAA 2001:db8::1", "six 3600 AAAA 2001:db8::2"),
				change("*.lab 86400 A 192.0.2.7", "*.lab 3600 A 203.0.113.7"),
				change("", "new 3600 A 203.0.113.5"),
				change("old 3600 A 192.0.2.6", ""),
			})
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"*.lab 3600 A 203.0.113.7", "@ 3600 A 192.0.2.8", "new 3600 A 203.0.113.5", "one 3600 A 192.0.2.9", "six 3600 AAAA 2001:db8::2", "www 3600 A 192.0.2.1", "www 3600 A 203.0.113.11"}
			if got := s.addresses(); !slices.Equal(got, want) {
				t.Errorf("records %q, want %q", got, want)
			}
			if *www < 2 || *one < 1 {
				t.Errorf("www once had %d values, one %d", *www, *one)
			}
		})
	}
}

// fewestOf notes the fewest values that a name has had behind any request.
func fewestOf(s *store, name string) *int {
	low := 1 << 30
	before := s.served
	s.served = func(f *fake) {
		if before != nil {
			before(f)
		}
		n := map[string]bool{}
		for _, r := range f.records {
			if r.name == name {
				n[r.data] = true
			}
		}
		low = min(low, len(n))
	}
	return &low
}

// deny refuses access as a vendor does, and repeats the secret, as careless APIs
// do.
func deny(kind string, w http.ResponseWriter, r *http.Request, status int) {
	w.Header().Set("Content-Type", "application/json")
	code := map[int]string{401: "unauthorized", 403: "forbidden"}[status]
	switch {
	case kind == "transip" && strings.HasSuffix(r.URL.Path, "/auth"):
		fmt.Fprintf(w, `{"token": "%s"}`, jwt())
	case kind == "transip":
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error": "no %s"}`, canary)
	case kind == "hetzner": // its code is a word
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error": {"code": "%s", "message": "no %s"}}`, code, canary)
	case kind == "cloudns":
		fmt.Fprintf(w, `{"status": "Failed", "statusDescription": "Invalid authentication, incorrect auth-id %s"}`, canary)
	default:
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code": %d, "message": "no %s", "error": {"code": "%s", "message": "no %s"}, "response": {"status": {"text": "no %s"}}}`,
			status, canary, code, canary, canary)
	}
}

// TestVendorsRefuseAccess has every vendor refuse everything.
func TestVendorsRefuseAccess(t *testing.T) {
	all := vendors()
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			t.Run(fmt.Sprintf("%s %d", kind, status), func(t *testing.T) {
				serve(t, hosts{all[kind].host: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { deny(kind, w, r, status) })})
				p := openVendor(t, kind)
				_, err := p.Read(t.Context(), testZone)
				_, werr := p.Write(t.Context(), testZone, []providers.Change{change("", "new 3600 A 192.0.2.1")})
				for _, err := range []error{err, werr} {
					if got := kindOf(err); got != "credentials" {
						t.Errorf("error %q: %v", got, err)
					}
				}
			})
		}
	}
}

func kindOf(err error) string {
	if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), canary) {
		return "the secret shows"
	}
	return kind(err)
}

// TestSecretsNeverShow breaks every connection with an error that holds the URL,
// and prints what there is to print.
func TestSecretsNeverShow(t *testing.T) {
	all := vendors()
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		t.Run(kind, func(t *testing.T) {
			serve(t, hosts{})
			p := openVendor(t, kind)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second) // some try again for longer
			defer cancel()
			_, err := p.Read(ctx, testZone)
			_, werr := p.Write(ctx, testZone, []providers.Change{change("", "new 3600 A 192.0.2.1")})
			text := fmt.Sprintf("%v %+v %#v %v %v %v", p, p, p, err, werr, generic.Config{Secrets: []string{canary}})
			if err == nil || werr == nil || strings.Contains(text, canary) {
				t.Errorf("%s", text)
			}
		})
	}
}

// take answers a request as a vendor does that wants a header.
func (s *store) take(header, want string, mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		if header != "" && r.Header.Get(header) != want {
			w.WriteHeader(http.StatusUnauthorized)
			reply(w, map[string]any{"code": 401, "message": "who are you?"})
			return
		}
		mux.ServeHTTP(w, r)
		if s.served != nil {
			s.served(s.fake)
		}
	})
}

func reply(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

// fail answers with a status.
func fail(w http.ResponseWriter, status int, why string) {
	w.WriteHeader(status)
	reply(w, map[string]any{"code": status, "message": why, "error": map[string]any{"code": "not_found", "message": why}})
}

func decode[T any](r *http.Request) T {
	var v T
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		panic(err)
	}
	if err := json.Unmarshal(body.Bytes(), &v); err != nil {
		panic(fmt.Sprintf("%v in %q", err, body.String()))
	}
	return v
}

// rrset returns the records of a name and type, whatever its case.
func (s *store) rrset(name, kind string) []held {
	var out []held
	for _, h := range s.records {
		if strings.EqualFold(h.name, name) && h.kind == kind {
			out = append(out, h)
		}
	}
	return out
}

// drop deletes the records that match.
func (s *store) drop(match func(held) bool) (n int) {
	before := len(s.records)
	s.records = slices.DeleteFunc(s.records, match)
	return before - len(s.records)
}

// at returns the record with an id.
func (s *store) at(id int) *held {
	for i := range s.records {
		if s.records[i].id == id {
			return &s.records[i]
		}
	}
	return nil
}
