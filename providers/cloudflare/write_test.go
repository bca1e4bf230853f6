package cloudflare_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// dual are changes that create n names with an A and an AAAA record each.
func dual(t *testing.T, n int) []providers.Change {
	var out []providers.Change
	for i := range n {
		out = append(out,
			change("", fmt.Sprintf("h%d 300 A 10.0.0.%d", i, i%250)), change("", fmt.Sprintf("h%d 300 AAAA 2001:db8::%x", i, i)))
	}
	return out
}

// sizes are how many operations each batch held.
func sizes(t *testing.T, s *cloudflaretest.Server) (out []int) {
	for _, body := range bodies(s, "batch") {
		var b map[string][]json.RawMessage
		if err := json.Unmarshal([]byte(body), &b); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, ops := range b {
			n += len(ops)
		}
		out = append(out, n)
	}
	return out
}

// Batches hold as many operations as the plan allows, and never part a name.
func TestChunks(t *testing.T) {
	for _, tt := range []struct {
		plan  string
		names int
		want  string
	}{
		{"free", 100, "[200]"},
		{"free", 101, "[200 2]"},
		{"free", 201, "[200 200 2]"},
		{"unheard-of", 101, "[200 2]"},
		{"pro", 201, "[402]"},
		{"enterprise", 1751, "[3500 2]"},
	} {
		t.Run(fmt.Sprintf("%s %d", tt.plan, tt.names), func(t *testing.T) {
			s, p := start(t, tt.plan, "")
			write(t, p, dual(t, tt.names)...)
			if got := fmt.Sprint(sizes(t, s)); got != tt.want {
				t.Errorf("batches of %s, want %s", got, tt.want)
			}
			if got := len(read(t, p).RRsets); got != 2*tt.names {
				t.Errorf("%d sets, want %d", got, 2*tt.names)
			}
		})
	}
	t.Run("an odd place", func(t *testing.T) {
		s, p := start(t, "free", "")
		write(t, p, append([]providers.Change{change("", "first 300 A 192.0.2.1")}, dual(t, 100)...)...)
		if got := fmt.Sprint(sizes(t, s)); got != "[199 2]" {
			t.Errorf("batches of %s, want the last name whole", got)
		}
	})
	t.Run("a name too large", func(t *testing.T) {
		s, p := start(t, "free", "")
		var line strings.Builder
		line.WriteString("www 300 A")
		for i := range 201 {
			line.WriteString(fmt.Sprintf(" 10.0.0.%d", i))
		}
		_, err := p.Write(t.Context(), orgName, []providers.Change{change("", "api 300 A 192.0.2.1"), change("", line.String())})
		wantRefused(t, err, "www", "201 operations", "allows 200")
		if n := s.Counts()["batch"]; n != 0 {
			t.Errorf("%d batches", n)
		}
	})
}

func wantRefused(t *testing.T, err error, culprit string, words ...string) {
	t.Helper()
	wantError(t, err, nil, words...)
	r, ok := errors.AsType[*providers.RefusedError](err)
	if !ok {
		t.Fatalf("error %v, want a RefusedError", err)
	}
	want := zone.Name("")
	if culprit != "" {
		want = zone.Name(culprit) + "." + orgName
	}
	if r.Culprit.Name != want {
		t.Errorf("culprit %v, want %q", r.Culprit, want)
	}
	if errors.Is(err, providers.ErrPartial) || errors.Is(err, providers.ErrUnknown) {
		t.Errorf("%v is not sure that nothing was written", err)
	}
}

// A later batch that fails leaves the earlier ones, and says so.
func TestSecondBatchFails(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		is     error
		words  string
	}{
		{"refused", 400, `{"success":false,"errors":[{"code":1004,"message":"DNS Validation Error","error_chain":[{"code":9021,"message":"TTL must be odd."}]}]}`, nil, "TTL must be odd"},
		{"unknown", 500, `{"success":false,"errors":[{"code":1,"message":"oops"}]}`, providers.ErrUnknown, "500"},
		{"credentials", 403, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`, providers.ErrCredentials, "Zone / DNS / Edit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			batches := 0
			s, p := wrapped(t, "free", "", func(s *cloudflaretest.Server) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/batch") {
						if batches++; batches == 2 {
							w.Header().Set("Content-Type", "application/json")
							w.WriteHeader(tt.status)
							fmt.Fprint(w, tt.body)
							return
						}
					}
					s.ServeHTTP(w, r)
				}
			})
			_, err := p.Write(t.Context(), orgName, dual(t, 201))
			wantError(t, err, providers.ErrPartial, "batch 2 of 3", tt.words)
			if tt.is != nil {
				wantError(t, err, tt.is)
			}
			if batches != 2 || len(s.Records(org)) != 200 {
				t.Errorf("%d batches, %d records", batches, len(s.Records(org)))
			}
		})
	}
}

// What Cloudflare refuses is told in its words, with every set of the batch and
// the one to blame as far as it can be told.
func TestRefused(t *testing.T) {
	two := []providers.Change{change("", "api 300 A 192.0.2.1"), change("", "www 300 A 192.0.2.2")}
	for _, tt := range []struct {
		name, answer, culprit string
	}{
		{"named by a pointer", `{"code":1004,"message":"DNS Validation Error","source":{"pointer":"/posts/1/content"}}`, "www"},
		{"named in the text", `{"code":9,"message":"the record www.example.org is odd."}`, "www"},
		{"not named", `{"code":9,"message":"no"}`, ""},
		{"a pointer to nowhere", `{"code":9,"message":"no","source":{"pointer":"/posts/9"}}`, ""},
		{"no error at all", ``, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, p := wrapped(t, "free", "", refuseBatch(400, tt.answer))
			_, err := p.Write(t.Context(), orgName, two)
			wantRefused(t, err, tt.culprit, "www.example.org. A", "api.example.org. A")
			if n := len(s.Records(org)); n != 0 {
				t.Errorf("%d records", n)
			}
		})
	}
	t.Run("success is false, with the status 200", func(t *testing.T) {
		_, p := wrapped(t, "free", "", refuseBatch(200, `{"code":81045,"message":"Record quota exceeded for `+canary+`."}`))
		_, err := p.Write(t.Context(), orgName, two[:1])
		wantRefused(t, err, "api", "Record quota exceeded")
	})
}

// refuseBatch answers batches with an error.
func refuseBatch(status int, fault string) func(*cloudflaretest.Server) http.HandlerFunc {
	return func(s *cloudflaretest.Server) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/batch") {
				s.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"success":false,"errors":[%s],"messages":[],"result":null}`, fault)
		}
	}
}

// What no provider could hold takes no request, and what the plan does not allow
// takes no batch.
func TestImpossible(t *testing.T) {
	for _, tt := range []struct{ plan, line, want string }{
		{"free", "www 59 A 192.0.2.1", "TTL 59 is not from 60 to 86400"},
		{"enterprise", "www 29 A 192.0.2.1", "TTL 29 is not from 30 to 86400"},
		{"free", "www 86401 A 192.0.2.1", "TTL 86401"},
		{"free", "www 300 A", "no address"},
		{"free", "www 300 A 2001:db8::1", "2001:db8::1 is no address of type A"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			s, p := start(t, tt.plan, "")
			_, err := p.Write(t.Context(), orgName, []providers.Change{change("", tt.line)})
			wantRefused(t, err, "www", tt.want)
			if n := s.Counts()["batch"]; n != 0 {
				t.Errorf("%d batches", n)
			}
		})
	}
	s, p := start(t, "enterprise", "")
	write(t, p, change("", "www 30 A 192.0.2.1"))
	c := change("", "www 300 A 192.0.2.1")
	c.After.Name = "www.example.net."
	if _, err := p.Write(t.Context(), orgName, []providers.Change{c}); err == nil || !strings.Contains(err.Error(), "outside the zone") {
		t.Errorf("error %v", err)
	}
	_, err := p.Write(t.Context(), orgName, []providers.Change{{}})
	wantError(t, err, nil, "a change needs a before or an after")
	if receipt, err := p.Write(t.Context(), orgName, nil); err != nil || receipt.Requests != 0 {
		t.Errorf("nothing to do: %+v, %v", receipt, err)
	}
	wantLines(t, stored(s), "2 www 30 A 192.0.2.1")
}

// Somebody else comes between the look and the batch, so that Cloudflare
// refuses it.
func TestOvertaken(t *testing.T) {
	for _, tt := range []struct {
		name          string
		edit          func(*cloudflaretest.Server)
		before, after string
		conflict      bool
		words         string
	}{
		{"the same record was added", func(s *cloudflaretest.Server) {
			s.Put(org, cloudflaretest.Record{Type: "A", Name: "new", Content: "192.0.2.9", TTL: 300})
		}, "", "new 300 A 192.0.2.9", true, "seen nothing, now new.example.org. 300 A 192.0.2.9"},
		{"the record was removed", func(s *cloudflaretest.Server) {
			s.Edit(org, func(r *cloudflaretest.Record) bool { return r.Content != "192.0.2.1" })
		}, "www 300 A 192.0.2.1", "www 300 A 192.0.2.9", true, "now nothing"},
		{"a CNAME record was added", func(s *cloudflaretest.Server) {
			s.Put(org, cloudflaretest.Record{Type: "CNAME", Name: "new", Content: "elsewhere.example.net", TTL: 300})
		}, "", "new 300 A 192.0.2.9", false, "CNAME record to elsewhere.example.net."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, p := wrapped(t, "free", "www 300 IN A 192.0.2.1\n", func(s *cloudflaretest.Server) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/batch") {
						tt.edit(s)
					}
					s.ServeHTTP(w, r)
				}
			})
			receipt, err := p.Write(t.Context(), orgName, []providers.Change{change(tt.before, tt.after)})
			if tt.conflict {
				wantError(t, err, providers.ErrConflict, tt.words)
			} else {
				wantRefused(t, err, "new", tt.words)
			}
			if receipt.Requests != 4 || s.Counts()["batch"] != 1 {
				t.Errorf("%d requests, %v: want zone, list, batch, list", receipt.Requests, s.Counts())
			}
		})
	}
}

// A zone that is deleted and made again has another id: the next write finds it.
func TestZoneMadeAgain(t *testing.T) {
	s, p := start(t, "free", "www 300 IN A 192.0.2.1\n")
	read(t, p)
	s.RemoveZone(org)
	_, err := p.Read(t.Context(), orgName)
	wantError(t, err, providers.ErrZoneNotFound, "deleted or moved to another account")
	_, err = p.Write(t.Context(), orgName, []providers.Change{change("", "www 300 A 192.0.2.2")})
	wantError(t, err, providers.ErrZoneNotFound)
	s.AddZone(cloudflaretest.Zone{Name: org})
	write(t, p, change("", "www 300 A 192.0.2.2"))
}
