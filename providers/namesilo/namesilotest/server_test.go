package namesilotest_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
)

const base = "version=1&type=json&key=k"

// ask makes a request and returns the code and the detail of the reply.
func ask(t *testing.T, s *namesilotest.Server, op, query string) (code int, detail string) {
	t.Helper()
	resp, err := http.Get(s.URL + "/" + op + "?" + query)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		Reply struct {
			Code   int    `json:"code" xml:"code"`
			Detail string `json:"detail" xml:"detail"`
		} `json:"reply" xml:"reply"`
	}
	if strings.HasPrefix(string(body), "<") {
		err = xml.Unmarshal(body, &a)
	} else {
		err = json.Unmarshal(body, &a)
	}
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return a.Reply.Code, a.Reply.Detail
}

// TestStrict is what the fake refuses.
func TestStrict(t *testing.T) {
	const d, add = "&domain=example.org", base + "&domain=example.org&rrtype=A&rrhost=new&rrvalue=192.0.2.9"
	for _, c := range []struct {
		op, query string
		code      int
	}{
		{"dnsListRecords", base + d, 300},
		{"dnsListRecords", "version=1&type=xml&key=k" + d, 300},
		{"listDomains", base, 300},
		{"dnsListRecords", "type=json&key=k" + d, 102},
		{"dnsListRecords", "version=2&type=json&key=k" + d, 103},
		{"dnsListRecords", "version=1&key=k" + d, 104},
		{"dnsListRecords", "version=1&type=yaml&key=k" + d, 105},
		{"dnsPurge", base + d, 107},
		{"dnsListRecords", "version=1&type=json" + d, 109},
		{"dnsListRecords", "version=1&type=json&key=K" + d, 110},
		{"dnsListRecords", base + "&domain=example.net", 200},
		{"dnsListRecords", base + d + "&rrid=1", 210},
		{"dnsListRecords", base + d + d, 210},
		{"dnsAddRecord", add, 300},
		{"dnsAddRecord", add + "&rrttl=3600&rrdistance=0", 300},
		{"dnsAddRecord", add + "&rrttl=2592000", 300},
		{"dnsAddRecord", add + "&rrttl=3599", 280},
		{"dnsAddRecord", add + "&rrttl=2592001", 280},
		{"dnsAddRecord", add + "&rrttl=1h", 280},
		{"dnsAddRecord", add + "&rrdistance=-1", 280},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=new", 108},
		{"dnsAddRecord", base + d + "&rrtype=A&rrvalue=192.0.2.9", 108},
		{"dnsAddRecord", base + d + "&rrtype=SOA&rrhost=&rrvalue=x", 280},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=new&rrvalue=192.0.2.256", 280},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=new&rrvalue=2001:db8::1", 280},
		{"dnsAddRecord", base + d + "&rrtype=AAAA&rrhost=new&rrvalue=192.0.2.1", 280},
		{"dnsAddRecord", base + d + "&rrtype=AAAA&rrhost=new&rrvalue=2001:db8::1", 300},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=*.lab&rrvalue=192.0.2.1", 300},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=&rrvalue=192.0.2.1", 300},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=@&rrvalue=192.0.2.1", 280},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=NEW&rrvalue=192.0.2.1", 280},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=new.&rrvalue=192.0.2.1", 280},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=a.*&rrvalue=192.0.2.1", 280},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=example.org&rrvalue=192.0.2.1", 280},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=new.example.org&rrvalue=192.0.2.1", 280},
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=www&rrvalue=192.0.2.1", 280},   // a duplicate
		{"dnsAddRecord", base + d + "&rrtype=A&rrhost=alias&rrvalue=192.0.2.1", 280}, // beside a CNAME
		{"dnsAddRecord", base + d + "&rrtype=CNAME&rrhost=www&rrvalue=x.example.net", 280},
		{"dnsUpdateRecord", base + d + "&rrid=r1&rrhost=www&rrvalue=192.0.2.1&rrttl=7200", 300},
		{"dnsUpdateRecord", base + d + "&rrid=r1&rrtype=A&rrhost=www&rrvalue=192.0.2.3", 300},
		{"dnsUpdateRecord", base + d + "&rrid=r1&rrtype=MX&rrhost=www&rrvalue=mail", 280},
		{"dnsUpdateRecord", base + d + "&rrid=r1&rrhost=www&rrvalue=192.0.2.2", 280}, // r2's value
		{"dnsUpdateRecord", base + d + "&rrid=r9&rrhost=www&rrvalue=192.0.2.3", 280},
		{"dnsUpdateRecord", base + d + "&rrid=&rrhost=www&rrvalue=192.0.2.3", 280},
		{"dnsDeleteRecord", base + d + "&rrid=r1", 300},
		{"dnsDeleteRecord", base + d + "&rrid=r9", 280},
		{"dnsDeleteRecord", base + d, 280},
	} {
		s := namesilotest.New(t, namesilotest.Options{Key: "k"})
		s.Hold("example.org",
			namesilotest.Record{ID: "r1", Type: "A", Host: "www", Value: "192.0.2.1", TTL: 3600},
			namesilotest.Record{ID: "r2", Type: "A", Host: "www", Value: "192.0.2.2", TTL: 3600},
			namesilotest.Record{ID: "c1", Type: "CNAME", Host: "alias", Value: "x.example.net", TTL: 3600})
		before := s.Records("example.org")
		if code, detail := ask(t, s, c.op, c.query); code != c.code {
			t.Errorf("%s %s: code %d %s, want %d", c.op, c.query, code, detail, c.code)
		}
		if after := s.Records("example.org"); c.code != 300 && !slices.Equal(before, after) {
			t.Errorf("%s %s: refused, and yet done: %v", c.op, c.query, after)
		}
	}
}

// TestFaults has faults strike once, by operation and after others.
func TestFaults(t *testing.T) {
	s := namesilotest.New(t, namesilotest.Options{Key: "k", NewIDs: true})
	s.Hold("example.org", namesilotest.Record{ID: "r1", Type: "A", Host: "www", Value: "192.0.2.1", TTL: 3600})
	s.Inject(namesilotest.Refuse("dnsUpdateRecord", 1, 201, "Internal system error"))
	update := base + "&domain=example.org&rrhost=www&rrvalue=192.0.2.1&rrid="
	for i, want := range []int{300, 201, 300} {
		if code, _ := ask(t, s, "dnsUpdateRecord", update+url.QueryEscape(s.Records("example.org")[0].ID)); code != want {
			t.Errorf("request %d: code %d, want %d", i, code, want)
		}
	}
	log := s.Requests()
	if len(log) != 3 || log[0].Code != 300 || log[1].Code != 0 || log[0].Params.Has("key") || log[0].Params.Get("rrid") != "r1" {
		t.Errorf("%+v", log)
	}
	if id := s.Records("example.org")[0].ID; id == "r1" {
		t.Error("an update has kept the id")
	}
	s.Forget()
	if len(s.Requests()) != 0 {
		t.Error("the log is not empty")
	}
}
