package powerdns_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/powerdns"
)

func TestNew(t *testing.T) {
	for _, tt := range []struct{ url, key, want string }{
		{"http://127.0.0.1:8081", "k", "http://127.0.0.1:8081/api/v1/servers"},
		{"http://127.0.0.1:8081/", "k", "http://127.0.0.1:8081/api/v1/servers"},
		{"https://dns.example.org/api/v1", "k", "https://dns.example.org/api/v1/servers"},
		{"https://dns.example.org/api/v1/", "k", "https://dns.example.org/api/v1/servers"},
		{"https://dns.example.org/pdns/", "k", "https://dns.example.org/pdns/api/v1/servers"},
		{"https://[2001:db8::1]:8081/pdns/api/v1", "k", "https://[2001:db8::1]:8081/pdns/api/v1/servers"},
		{" HTTPS://dns.example.org ", " k\n", "https://dns.example.org/api/v1/servers"},
		{"", "k", "server_url is missing"},
		{"dns.example.org", "k", "does not begin with http:// or https://"},
		{"dns.example.org:8081", "k", `"https://dns.example.org:8081"`},
		{"127.0.0.1:8081", "k", "is no URL"},
		{"localhost:8081", "k", "does not begin with http://"},
		{"ftp://dns.example.org", "k", "does not begin with http://"},
		{"http://", "k", "names no host"},
		{"http:///api/v1", "k", "names no host"},
		{"http://admin:canary-5c1e@dns.example.org", "k", "a user or a password"},
		{"http://admin:canary-5c1e@dns.example.org:port", "k", "is no URL"},
		{"http://dns.example.org/?key=1", "k", "a query"},
		{"http://dns.example.org", "", "api_key is missing"},
		{"http://dns.example.org", "canary-5c1e\r\nX: y", "a control character"},
	} {
		p, err := powerdns.New(powerdns.Config{ServerURL: tt.url, APIKey: tt.key})
		got := fmt.Sprint(err)
		if err == nil {
			got = p.String()
		}
		if !strings.Contains(got, tt.want) || strings.Contains(got, "canary") {
			t.Errorf("%q: %s, want %s", tt.url, got, tt.want)
		}
	}
}

func TestKeyIsNotShown(t *testing.T) {
	const canary = "canary-5c1e"
	c := powerdns.Config{Name: "pdns", ServerURL: "http://127.0.0.1:8081", APIKey: canary}
	p, err := powerdns.New(c)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{c, &c, p} {
		text = fmt.Appendf(text, "%v %+v %#v", v, v, v)
	}
	if strings.Contains(string(text), canary) {
		t.Errorf("%s", text)
	}
}
