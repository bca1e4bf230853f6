package resolver

import (
	"strings"
	"testing"
)

func TestParseServer(t *testing.T) {
	for _, tt := range []struct {
		address, protocol string
		addr, url, cert   string
	}{
		{"8.8.8.8", "", "8.8.8.8:53", "", ""},
		{"8.8.8.8", "udp", "8.8.8.8:53", "", ""},
		{"8.8.8.8:5353", "TCP", "8.8.8.8:5353", "", ""},
		{"2001:4860:4860::8888", "udp", "[2001:4860:4860::8888]:53", "", ""},
		{"[2001:4860:4860::8888]", "udp", "[2001:4860:4860::8888]:53", "", ""},
		{"[2001:4860:4860::8888]:53", "udp", "[2001:4860:4860::8888]:53", "", ""},
		{"::ffff:192.0.2.1", "udp", "192.0.2.1:53", "", ""},
		{"fe80::1%eth0", "udp", "[fe80::1%eth0]:53", "", ""},
		{"9.9.9.9", "tls", "9.9.9.9:853", "", ""},
		{"9.9.9.9#dns.quad9.net", "tls", "9.9.9.9:853", "", "dns.quad9.net"},
		{"1.1.1.1", "https", "1.1.1.1:443", "https://1.1.1.1/dns-query", ""},
		{"[2606:4700:4700::1111]:443", "https", "[2606:4700:4700::1111]:443", "https://[2606:4700:4700::1111]/dns-query", ""},
		{"1.1.1.1:8443", "https", "1.1.1.1:8443", "https://1.1.1.1:8443/dns-query", ""},
		{"1.1.1.1#one.one.one.one", "https", "1.1.1.1:443", "https://one.one.one.one/dns-query", "one.one.one.one"},
		{"https://dns.google/dns-query", "https", "invalid AddrPort", "https://dns.google/dns-query", ""},
		{"https://dns.google", "https", "invalid AddrPort", "https://dns.google/dns-query", ""},
		{"https://192.0.2.1:444/q{?dns}", "https", "192.0.2.1:444", "https://192.0.2.1:444/q", ""},
		{"https://[2001:db8::1]/q", "https", "[2001:db8::1]:443", "https://[2001:db8::1]/q", ""},
	} {
		s, err := ParseServer("name", tt.address, tt.protocol)
		if err != nil {
			t.Errorf("%s %s: %v", tt.protocol, tt.address, err)
			continue
		}
		if s.Name != "name" || s.Addr.String() != tt.addr || s.URL != tt.url || s.ServerName != tt.cert {
			t.Errorf("%s %s: %+v", tt.protocol, tt.address, s)
		}
	}
}

func TestParseServerRefuses(t *testing.T) {
	for _, tt := range []struct{ address, protocol string }{
		{"", "udp"},
		{"dns.google", "udp"},
		{"8.8.8.8:0", "udp"},
		{"8.8.8.8:65536", "udp"},
		{"8.8.8.8:domain", "udp"},
		{"0.0.0.0", "udp"},
		{"[::]:53", "udp"},
		{"224.0.0.251", "udp"},
		{"255.255.255.255", "udp"},
		{"8.8.8.8#dns.google", "udp"},
		{"8.8.8.8#", "tls"},
		{"8.8.8.8", "quic"},
		{"http://dns.google/dns-query", "https"},
		{"https:///dns-query", "https"},
		{"https://user:pw@dns.google/", "https"},
		{"https://192.0.2.1:0/", "https"},
		{"https://%zz/", "https"},
		{"https://dns.google/dns-query", "udp"},
	} {
		if s, err := ParseServer("n", tt.address, tt.protocol); err == nil {
			t.Errorf("%s %q gives %+v", tt.protocol, tt.address, s)
		}
	}
}

func TestServerString(t *testing.T) {
	for _, tt := range []struct{ name, address, protocol, want string }{
		{"google", "8.8.8.8", "udp", "google (8.8.8.8:53)"},
		{"", "2001:db8::1", "udp", "[2001:db8::1]:53"},
		{"quad9", "9.9.9.9", "tls", "quad9 (tls 9.9.9.9:853)"},
		{"cf", "1.1.1.1", "https", "cf (https://1.1.1.1/dns-query)"},
	} {
		s, err := ParseServer(tt.name, tt.address, tt.protocol)
		if err != nil || s.String() != tt.want {
			t.Errorf("%q, %v; want %q", s, err, tt.want)
		}
	}
}

func FuzzParseServer(f *testing.F) {
	for _, s := range []string{"8.8.8.8", "[2001:db8::1]:53", "https://dns.google/dns-query", "1.1.1.1#one", "fe80::1%lo"} {
		for _, p := range []string{"udp", "tls", "https"} {
			f.Add(s, p)
		}
	}
	f.Fuzz(func(t *testing.T, address, protocol string) {
		s, err := ParseServer("n", address, protocol)
		if err != nil {
			return
		}
		if s.Protocol != HTTPS && (!s.Addr.IsValid() || s.Addr.Port() == 0) {
			t.Errorf("%+v cannot be asked", s)
		}
		if s.Protocol == HTTPS && !strings.HasPrefix(s.URL, "https://") {
			t.Errorf("%+v cannot be posted to", s)
		}
	})
}
