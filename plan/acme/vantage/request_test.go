package vantage

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// TestTarget: a vantage fetches challenges and nothing else.
func TestTarget(t *testing.T) {
	const path = http01.Path + "tok-en_1"
	tests := map[string]struct {
		r    Request
		want string // host and token, or the error
	}{
		"a challenge":            {Request{URL: "http://www.example.org" + path}, "www.example.org tok-en_1"},
		"an address":             {Request{URL: "http://[2001:db8::1]" + path}, "2001:db8::1 tok-en_1"},
		"port 80":                {Request{URL: "http://www.example.org:80" + path}, "www.example.org tok-en_1"},
		"the challenge's port":   {Request{URL: "http://www.example.org:5002" + path}, "www.example.org tok-en_1"},
		"another port":           {Request{URL: "http://www.example.org:22" + path}, "url names port 22, and challenges are fetched from port 5002"},
		"port 443":               {Request{URL: "http://www.example.org:443" + path}, "url names port 443"},
		"https":                  {Request{URL: "https://www.example.org" + path}, "url is no http URL"},
		"a file":                 {Request{URL: "file:///etc/passwd"}, "url is no http URL"},
		"opaque":                 {Request{URL: "http:www.example.org"}, "url is no http URL"},
		"no host":                {Request{URL: "http://" + path}, "url is no http URL"},
		"nothing":                {Request{}, "url is no http URL"},
		"no URL":                 {Request{URL: "http://[::1" + path}, "url is no http URL"},
		"another path":           {Request{URL: "http://www.example.org/admin"}, "url is not http://NAME" + http01.Path + "TOKEN"},
		"below another path":     {Request{URL: "http://www.example.org/x" + path}, "url is not http://NAME"},
		"no token":               {Request{URL: "http://www.example.org" + http01.Path}, "url is not http://NAME"},
		"up and away":            {Request{URL: "http://www.example.org" + http01.Path + ".."}, "url is not http://NAME"},
		"up and away by a slash": {Request{URL: "http://www.example.org" + http01.Path + "../admin"}, "url is not http://NAME"},
		"an escaped slash":       {Request{URL: "http://www.example.org" + http01.Path + "..%2fadmin"}, "url has more than a host and a path"},
		"an escaped line feed":   {Request{URL: "http://www.example.org" + http01.Path + "a%0Ab"}, "url is not http://NAME"},
		"a long token":           {Request{URL: "http://www.example.org" + http01.Path + strings.Repeat("a", 129)}, "url is not http://NAME"},
		"a query":                {Request{URL: "http://www.example.org" + path + "?a=b"}, "url has more than a host and a path"},
		"an empty query":         {Request{URL: "http://www.example.org" + path + "?"}, "url has more than a host and a path"},
		"a fragment":             {Request{URL: "http://www.example.org" + path + "#a"}, "url has more than a host and a path"},
		"a user":                 {Request{URL: "http://me:secret@www.example.org" + path}, "url has more than a host and a path"},
		"a zone":                 {Request{URL: "http://www.example.org" + path, Address: netip.MustParseAddr("fe80::1%eth0")}, "address has a zone"},
		"a long url":             {Request{URL: "http://www.example.org" + path + strings.Repeat("a", 512)}, "url may have 512 bytes"},
		"a long body to expect":  {Request{URL: "http://www.example.org" + path, Expect: strings.Repeat("a", 1025)}, "expect 1024"},
		"a time-out of the past": {Request{URL: "http://www.example.org" + path, Timeout: -1}, "timeout_seconds is not negative"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.r.target(5002)
			text := got.host + " " + got.token
			if err != nil {
				text = err.Error()
			}
			if !strings.HasPrefix(text, tt.want) && (err == nil || !strings.Contains(text, tt.want)) {
				t.Errorf("%q, want %q", text, tt.want)
			}
			if strings.Contains(text, "secret") {
				t.Errorf("a password is shown: %s", text)
			}
		})
	}
}

// FuzzTarget: whatever is taken is a challenge.
func FuzzTarget(f *testing.F) {
	f.Add("http://www.example.org/.well-known/acme-challenge/a", uint16(80))
	f.Add("http://www.example.org:8080/.well-known/acme-challenge/a%2e%2e", uint16(8080))
	f.Fuzz(func(t *testing.T, u string, port uint16) {
		got, err := Request{URL: u}.target(port)
		if err == nil && (got.host == "" || got.token == "" || strings.ContainsAny(got.token, "/\\%?#\r\n \x00") || got.token == "..") {
			t.Errorf("%q: %+v", u, got)
		}
	})
}
