package cloudflare_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

func hosts(n int) []cloudflaretest.Record {
	out := make([]cloudflaretest.Record, n)
	for i := range out {
		out[i] = cloudflaretest.Record{Type: "A", Name: fmt.Sprintf("h%d", i), Content: fmt.Sprintf("10.0.%d.%d", i>>8, i&255), TTL: 300}
	}
	return out
}

// Each zone is read whole whatever a page holds, in no more requests than there
// are pages.
func TestPages(t *testing.T) {
	for _, tt := range []struct {
		records, perPage int
		noInfo           bool
		requests         int
	}{
		{records: 0, requests: 1},
		{records: 99, perPage: 100, requests: 1},
		{records: 100, perPage: 100, requests: 1},
		{records: 101, perPage: 100, requests: 2},
		{records: 1200, perPage: 100, requests: 12},
		{records: 1200, requests: 1},
		{records: 5000, requests: 1},
		{records: 5001, requests: 2},
		{records: 100, perPage: 100, noInfo: true, requests: 2},
		{records: 101, perPage: 100, noInfo: true, requests: 3},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			s, p := start(t, "pro", "")
			s.MostPerPage, s.NoInfo = tt.perPage, tt.noInfo
			s.Put(org, hosts(tt.records)...)
			if got := len(read(t, p).RRsets); got != tt.records {
				t.Errorf("%d sets, want %d", got, tt.records)
			}
			if got := s.Counts()["record list"]; got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
		})
	}
}

// meanwhile lets somebody else at work before the requests for page 2, at most
// so many times.
func meanwhile(t *testing.T, times int, edit func(*cloudflaretest.Server)) func(*cloudflaretest.Server) http.HandlerFunc {
	return func(s *cloudflaretest.Server) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("page") == "2" && times > 0 {
				times--
				edit(s)
			}
			s.ServeHTTP(w, r)
		}
	}
}

// A list that changes between its pages is read again, and refused when that
// happens twice.
func TestPagesShift(t *testing.T) {
	added := 0
	remove := func(s *cloudflaretest.Server) {
		first := true
		s.Edit(org, func(*cloudflaretest.Record) bool {
			keep := !first
			first = false
			return keep
		})
	}
	add := func(s *cloudflaretest.Server) {
		added++
		s.Put(org, cloudflaretest.Record{Type: "A", Name: fmt.Sprintf("new%d", added), Content: "192.0.2.1", TTL: 300})
	}
	front := func(s *cloudflaretest.Server) { // one comes twice, and one goes at the end
		var moved []cloudflaretest.Record
		n := 0
		s.Edit(org, func(r *cloudflaretest.Record) bool {
			moved = append(moved, *r)
			n++
			return false
		})
		s.Put(org, moved[n-1])
		s.Put(org, moved[:n-1]...)
	}
	for _, tt := range []struct {
		name  string
		edit  func(*cloudflaretest.Server)
		times int
		want  int // sets; 0 is an error
	}{
		{"one removed", remove, 1, 249},
		{"one added", add, 1, 251},
		{"reordered", front, 1, 250},
		{"one removed, twice", remove, 2, 0},
		{"one added, twice", add, 2, 0},
		{"reordered, twice", front, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, p := wrapped(t, "pro", "", meanwhile(t, tt.times, tt.edit))
			s.MostPerPage = 100
			s.Put(org, hosts(250)...)
			snapshot, err := p.Read(t.Context(), orgName)
			if tt.want == 0 {
				wantError(t, err, nil, "try again")
				return
			}
			if err != nil || len(snapshot.RRsets) != tt.want {
				t.Errorf("%d sets, error %v, want %d", len(snapshot.RRsets), err, tt.want)
			}
		})
	}
}

// A server that ignores the number of the page never makes a read go on for
// ever, nor a record come twice.
func TestPagesIgnored(t *testing.T) {
	s, p := wrapped(t, "pro", "", func(s *cloudflaretest.Server) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			if q.Has("page") {
				q.Set("page", "1")
				r.URL.RawQuery = q.Encode()
			}
			s.ServeHTTP(w, r)
		}
	})
	s.MostPerPage = 100
	s.Put(org, hosts(150)...)
	_, err := p.Read(t.Context(), orgName)
	wantError(t, err, nil, "try again")
	s.NoInfo = true
	_, err = p.Read(t.Context(), orgName)
	if err != nil {
		t.Errorf("without result_info, one page again and again is all there is: %v", err)
	}
}

// Nor does one whose records have no ids, which tell a page from the one before.
// Such records are shown, and not written.
func TestPagesIgnoredWithoutIDs(t *testing.T) {
	lists := 0
	_, p := wrapped(t, "pro", "", func(s *cloudflaretest.Server) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/dns_records") {
				s.ServeHTTP(w, r)
				return
			}
			if lists++; lists > 10 {
				w.WriteHeader(http.StatusBadRequest)
			}
			fmt.Fprint(w, `{"success":true,"result":[{"type":"A","name":"www.example.org","content":"192.0.2.1","ttl":60},`+
				`{"type":"A","name":"www.example.org","content":"192.0.2.1","ttl":60},{"type":"TXT","name":"www.example.org","content":"a"}]}`)
		}
	})
	snapshot := read(t, p)
	if lists != 2 {
		t.Errorf("%d requests, want 2", lists)
	}
	wantLines(t, lines(snapshot), "www.example.org. 60 A 192.0.2.1 (read-only)")
}

// An empty list may come as null where it is counted to be empty.
func TestEmptyListAsNull(t *testing.T) {
	for info, whole := range map[string]bool{`{"count":0,"total_count":0}`: true, `{"total_count":1}`: false, `{}`: false, `null`: false} {
		_, p := wrapped(t, "pro", "", func(s *cloudflaretest.Server) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/dns_records") {
					s.ServeHTTP(w, r)
					return
				}
				fmt.Fprintf(w, `{"success":true,"result":null,"result_info":%s}`, info)
			}
		})
		if s, err := p.Read(t.Context(), orgName); (err == nil) != whole {
			t.Errorf("%s: %v, %v", info, s, err)
		}
	}
}

// The number of pages is told in either of two ways, or not.
func TestLastPageTold(t *testing.T) {
	page := func(from, n int) string {
		items := make([]string, n)
		for i := range items {
			items[i] = fmt.Sprintf(`{"id":"%d","type":"A","name":"h%d.example.org","content":"10.0.0.%d","ttl":60}`, from+i, from+i, from+i)
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	for _, tt := range []struct {
		info     string
		requests int
	}{
		{`{"total_pages":3}`, 3},
		{`{"total_count":25,"per_page":10}`, 3},
		{`{"total_count":25,"per_page":10,"total_pages":3}`, 3},
		{`{"total_count":25,"per_page":10,"total_pages":0}`, 3},
		{`{"total_count":25,"per_page":0}`, 4},
		{`{"count":10}`, 4},
		{`null`, 4},
	} {
		lists := 0
		_, p := wrapped(t, "pro", "", func(s *cloudflaretest.Server) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/dns_records") {
					s.ServeHTTP(w, r)
					return
				}
				items := map[string]string{"1": page(0, 10), "2": page(10, 10), "3": page(20, 5), "4": "[]"}[r.URL.Query().Get("page")]
				lists++
				fmt.Fprintf(w, `{"success":true,"result":%s,"result_info":%s}`, items, tt.info)
			}
		})
		if n := len(read(t, p).RRsets); n != 25 || lists != tt.requests {
			t.Errorf("%s: %d sets in %d requests, want 25 in %d", tt.info, n, lists, tt.requests)
		}
	}
}
