package rfc2136_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
)

func TestNew(t *testing.T) {
	const secret = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWNhbmFyeQ=="
	for _, tt := range []struct {
		config rfc2136.Config
		server string // empty: an error that holds text
		text   string
	}{
		{rfc2136.Config{Server: "192.0.2.53"}, "192.0.2.53:53", ""},
		{rfc2136.Config{Server: "192.0.2.53:5353"}, "192.0.2.53:5353", ""},
		{rfc2136.Config{Server: "2001:db8::53"}, "[2001:db8::53]:53", ""},
		{rfc2136.Config{Server: "[2001:db8::53]"}, "[2001:db8::53]:53", ""},
		{rfc2136.Config{Server: "[2001:db8::53]:5353"}, "[2001:db8::53]:5353", ""},
		{rfc2136.Config{Server: "NS1.example.org."}, "ns1.example.org:53", ""},
		{rfc2136.Config{Server: "ns1.example.org:5353"}, "ns1.example.org:5353", ""},
		{rfc2136.Config{Server: "h", TSIGName: "k", TSIGSecret: secret}, "h:53", ""},
		{rfc2136.Config{Server: "h", TSIGName: "k", TSIGSecret: secret, TSIGAlgorithm: "HMAC-SHA512."}, "h:53", ""},
		{rfc2136.Config{}, "", "server is missing"},
		{rfc2136.Config{Server: "h:0"}, "", "port"},
		{rfc2136.Config{Server: "h:99999"}, "", "port"},
		{rfc2136.Config{Server: "h:"}, "", "port"},
		{rfc2136.Config{Server: "a host/"}, "", "neither a name nor an address"},
		{rfc2136.Config{Server: "https://h/"}, "", "port"},
		{rfc2136.Config{Server: "a..b"}, "", "empty label"},
		{rfc2136.Config{Server: "h", TSIGName: "k"}, "", "belong together"},
		{rfc2136.Config{Server: "h", TSIGSecret: secret}, "", "belong together"},
		{rfc2136.Config{Server: "h", TSIGName: "k", TSIGSecret: secret + "!"}, "", "not base64"},
		{rfc2136.Config{Server: "h", TSIGName: "k..", TSIGSecret: secret}, "", "tsig_name"},
		{rfc2136.Config{Server: "h", TSIGName: "k", TSIGSecret: secret, TSIGAlgorithm: "hmac-sha1"}, "", "want hmac-sha256"},
		{rfc2136.Config{Server: "h", TSIGName: "k", TSIGSecret: secret, TSIGAlgorithm: "gss-tsig"}, "", "GSS-TSIG (Kerberos) is not supported"},
		{rfc2136.Config{Server: "h", TSIGAlgorithm: "GSS-TSIG."}, "", "GSS-TSIG (Kerberos) is not supported"},
		{rfc2136.Config{Server: "h", TSIGAlgorithm: "hmac-md5"}, "", "want hmac-sha256"},
		{rfc2136.Config{Server: "h", Timeout: -1}, "", "negative"},
	} {
		p, err := rfc2136.New(tt.config)
		shown := fmt.Sprintf("%v %+v %#v %v %+v %#v %v", tt.config, tt.config, tt.config, p, p, p, err)
		if strings.Contains(shown, "Y2FuYXJ5") || strings.Contains(shown, "canary") || strings.Contains(shown, "99 97 110 97") {
			t.Errorf("%v: the secret is shown in %s", tt.config, shown)
		}
		switch {
		case tt.server == "" && (err == nil || !strings.Contains(err.Error(), tt.text)):
			t.Errorf("%v: %v, want %q", tt.config, err, tt.text)
		case tt.server != "" && (err != nil || !strings.Contains(p.String(), "server "+tt.server+" ")):
			t.Errorf("%v: %v %v", tt.config, p, err)
		}
	}
}

func TestLimits(t *testing.T) {
	p := provider(t, rfc2136.Config{Server: "192.0.2.53"})
	if l := p.Limits(origin); l.MinTTL != 1 || l.MaxTTL != zone.MaxTTL || l.Proxy || l.Sync != 0 || l.Late != providers.LateServer {
		t.Errorf("%+v", l)
	}
}
