package cloudflaretest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

const token = "token-0123456789"

// ask makes a request and returns the answer's status, the innermost code of its
// error, and its result.
func ask(t *testing.T, s *cloudflaretest.Server, method, path, body string) (status, code int, result json.RawMessage) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.BaseURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	type fault struct {
		Code  int     `json:"code"`
		Chain []fault `json:"error_chain"`
	}
	var a struct {
		Success bool            `json:"success"`
		Errors  []fault         `json:"errors"`
		Result  json.RawMessage `json:"result"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	if a.Success != (resp.StatusCode == http.StatusOK) {
		t.Errorf("success %t with status %d", a.Success, resp.StatusCode)
	}
	for f := a.Errors; len(f) > 0; f = f[0].Chain {
		code = f[0].Code
	}
	return resp.StatusCode, code, a.Result
}

func seeded(t *testing.T, plan string) (*cloudflaretest.Server, string) {
	t.Helper()
	s := cloudflaretest.Start(t)
	s.Unchecked()
	s.AddToken(cloudflaretest.Token{Value: token, All: cloudflaretest.Edit})
	s.AddZone(cloudflaretest.Zone{ID: "z1", Name: "example.org", Plan: plan})
	s.Put("example.org",
		cloudflaretest.Record{ID: "a1", Type: "A", Name: "www", Content: "192.0.2.1", TTL: 300, Comment: "web"},
		cloudflaretest.Record{ID: "a2", Type: "A", Name: "www", Content: "192.0.2.2", TTL: 300},
		cloudflaretest.Record{ID: "c1", Type: "CNAME", Name: "alias", Content: "www.example.org", TTL: 300},
		cloudflaretest.Record{ID: "ro", Type: "A", Name: "ro", Content: "192.0.2.9", TTL: 300, Meta: json.RawMessage(`{"read_only":true}`)})
	return s, "/zones/z1/dns_records"
}

func state(s *cloudflaretest.Server) string {
	var out []string
	for _, r := range s.Records("example.org") {
		out = append(out, fmt.Sprintf("%s %s %d %s %t %q %q", r.ID, r.Name, r.TTL, r.Content, r.Proxied, r.Comment, r.Tags))
	}
	return strings.Join(out, "\n")
}

// Each is refused, and nothing is written, also of what stands before it in the
// batch.
func TestRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, plan, batch string
		code              int
	}{
		{"a TTL that is too low", "free", `{"patches":[{"id":"a1","ttl":59}]}`, 9021},
		{"a TTL that is too low for Enterprise", "enterprise", `{"patches":[{"id":"a1","ttl":29}]}`, 9021},
		{"a TTL that is too high", "free", `{"patches":[{"id":"a1","ttl":86401}]}`, 9021},
		{"no IPv4 address", "free", `{"patches":[{"id":"a1","content":"2001:db8::1"}]}`, 9005},
		{"no IPv6 address", "free", `{"posts":[{"type":"AAAA","name":"new","content":"192.0.2.1"}]}`, 9006},
		{"a type that cannot be proxied", "free", `{"posts":[{"type":"TXT","name":"new","content":"x","proxied":true}]}`, 9004},
		{"a type that does not exist", "free", `{"posts":[{"type":"NOPE","name":"new","content":"x"}]}`, 1004},
		{"no name", "free", `{"posts":[{"type":"A","content":"192.0.2.1"}]}`, 9207},
		{"a bad name", "free", `{"posts":[{"type":"A","name":"a..b","content":"192.0.2.1"}]}`, 9000},
		{"an identical record", "free", `{"posts":[{"type":"A","name":"WWW","content":"192.0.2.1"}]}`, 81058},
		{"a patch into an identical record", "free", `{"patches":[{"id":"a1","content":"192.0.2.2"}]}`, 81058},
		{"an address at a CNAME", "free", `{"posts":[{"type":"A","name":"alias","content":"192.0.2.1"}]}`, 81054},
		{"a CNAME at an address", "free", `{"posts":[{"type":"CNAME","name":"www","content":"x.example.net"}]}`, 81053},
		{"an unknown id", "free", `{"patches":[{"id":"gone","ttl":60}]}`, 81044},
		{"an unknown id to delete", "free", `{"deletes":[{"id":"gone"}]}`, 81044},
		{"an unknown field", "free", `{"patches":[{"id":"a1","tll":60}]}`, 9207},
		{"an unknown operation", "free", `{"patch":[{"id":"a1","ttl":60}]}`, 9207},
		{"a TTL that is no number", "free", `{"patches":[{"id":"a1","ttl":"60"}]}`, 9207},
		{"nothing", "free", `{}`, 9212},
		{"two documents", "free", `{"patches":[{"id":"a1","ttl":60}]}{}`, 9207},
		{"too many operations", "free", `{"deletes":[` + strings.Repeat(`{"id":"a1"},`, 200) + `{"id":"a2"}]}`, 9212},
		{"a long comment", "free", `{"patches":[{"id":"a1","comment":"` + strings.Repeat("x", 101) + `"}]}`, 9313},
		{"a longer comment", "pro", `{"patches":[{"id":"a1","comment":"` + strings.Repeat("x", 501) + `"}]}`, 9313},
		{"tags on a free plan", "free", `{"patches":[{"id":"a1","tags":["owner:ops"]}]}`, 9300},
		{"a record of another product", "free", `{"patches":[{"id":"ro","ttl":60}]}`, 1043},
		{"the last of several", "free", `{"deletes":[{"id":"a2"}],"patches":[{"id":"a1","ttl":60}],"posts":[{"type":"A","name":"new","content":"192.0.2.300"}]}`, 9005},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, path := seeded(t, tt.plan)
			before := state(s)
			if status, code, _ := ask(t, s, http.MethodPost, path+"/batch", tt.batch); status == http.StatusOK || code != tt.code {
				t.Errorf("status %d, code %d, want %d", status, code, tt.code)
			}
			if after := state(s); after != before {
				t.Errorf("written:\n%s\nwas:\n%s", after, before)
			}
		})
	}
}

// A batch executes deletes, patches, puts, posts in that order; a put resets
// what it does not say, a patch does not.
func TestBatch(t *testing.T) {
	s, path := seeded(t, "pro")
	status, code, _ := ask(t, s, http.MethodPost, path+"/batch", `{
		"posts":[{"type":"A","name":"alias","content":"192.0.2.7","tags":["owner:ops"]}],
		"puts":[{"id":"a1","type":"A","name":"www","content":"192.0.2.1"}],
		"patches":[{"id":"a2","content":"192.0.2.3","comment":"two"}],
		"deletes":[{"id":"c1"}]}`)
	if status != http.StatusOK {
		t.Fatalf("status %d, code %d", status, code)
	}
	want := `a1 www.example.org 1 192.0.2.1 false "" []
a2 www.example.org 300 192.0.2.3 false "two" []
ro ro.example.org 300 192.0.2.9 false "" []`
	if got := state(s); !strings.HasPrefix(got, want+"\n") || !strings.HasSuffix(got, ` alias.example.org 1 192.0.2.7 false "" ["owner:ops"]`) {
		t.Errorf("%s", got)
	}
}

// One proxied address makes all of the name proxied, with an automatic TTL.
func TestProxySpreads(t *testing.T) {
	s, path := seeded(t, "free")
	ask(t, s, http.MethodPost, path+"/batch", `{"patches":[{"id":"a1","proxied":true,"ttl":600}]}`)
	if got := state(s); !strings.Contains(got, "a1 www.example.org 1 192.0.2.1 true") || !strings.Contains(got, "a2 www.example.org 1 192.0.2.2 true") {
		t.Errorf("%s", got)
	}
	ask(t, s, http.MethodPatch, path+"/a1", `{"proxied":false}`)
	if got := state(s); !strings.Contains(got, "a1 www.example.org 1 192.0.2.1 true") {
		t.Errorf("one of two is off: %s", got)
	}
}

func TestLists(t *testing.T) {
	s, path := seeded(t, "free")
	for range 30 {
		s.AddZone(cloudflaretest.Zone{Name: "example.net"})
	}
	for _, tt := range []struct {
		path string
		code int
		want int
	}{
		{path, 0, 4},
		{path + "?per_page=3", 0, 3},
		{path + "?per_page=3&page=2", 0, 1},
		{path + "?per_page=3&page=3", 0, 0},
		{path + "?name.exact=WWW.example.org", 0, 2},
		{path + "?name=www.example.org&type=A&content.exact=192.0.2.1", 0, 1},
		{path + "?per_page=5000001", 9208, 0},
		{path + "?per_page=0", 9208, 0},
		{path + "?page=x", 9208, 0},
		{path + "?nme=x", 9207, 0},
		{"/zones", 0, 20},
		{"/zones?page=2", 0, 11},
		{"/zones?per_page=51", 9208, 0},
		{"/zones?name=example.org.", 0, 1},
		{"/zones/none", 7003, 0},
		{"/accounts", 7000, 0},
	} {
		_, code, result := ask(t, s, http.MethodGet, tt.path, "")
		var items []any
		_ = json.Unmarshal(result, &items)
		if code != tt.code || len(items) != tt.want {
			t.Errorf("%s: code %d, %d items, want code %d, %d items", tt.path, code, len(items), tt.code, tt.want)
		}
	}
}

// Beyond the limit, all requests are refused for a whole span.
func TestRate(t *testing.T) {
	now := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	s, path := seeded(t, "free")
	s.Limit, s.Now = 2, func() time.Time { return now }
	for i, tt := range []struct {
		later  time.Duration
		status int
	}{{0, 200}, {0, 200}, {0, 429}, {4 * time.Minute, 429}, {61 * time.Second, 200}} {
		now = now.Add(tt.later)
		if status, _, _ := ask(t, s, http.MethodGet, path, ""); status != tt.status {
			t.Errorf("request %d: %d, want %d", i+1, status, tt.status)
		}
	}
	if n := s.Counts()["record list"]; n != 5 {
		t.Errorf("%d requests in the log", n)
	}
}
