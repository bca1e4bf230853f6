package cdn_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

// header reads "Name: value" lines.
func header(lines ...string) http.Header {
	h := http.Header{}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		h.Add(name, value)
	}
	return h
}

func addrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func names(list ...string) (out []zone.Name) {
	for _, s := range list {
		out = append(out, zone.MustParseName(s))
	}
	return out
}

func TestJudge(t *testing.T) {
	yes, no := true, false
	tests := map[string]struct {
		e      cdn.Evidence
		vendor cdn.Vendor
		basis  cdn.Basis
		why    string
	}{
		"nothing asked": {cdn.Evidence{}, "", 0, ""},
		"the API": {
			cdn.Evidence{Proxied: &yes, Proxy: cdn.Cloudflare, Addrs: addrs("151.101.1.1"), CNAMEs: names("d1.cloudfront.net")},
			cdn.Cloudflare, cdn.ByAPI, "the record is proxied, says the API of Cloudflare",
		},
		"a range": {
			cdn.Evidence{Addrs: addrs("104.16.132.229"), CNAMEs: names("d1.cloudfront.net"), Header: header("Server: AkamaiGHost")},
			cdn.Cloudflare, cdn.ByRange, "104.16.132.229 is in 104.16.0.0/13, which Cloudflare publishes (list of 2026-08-22)",
		},
		"a range of IPv6": {cdn.Evidence{Addrs: addrs("2a04:4e42:200::313")}, cdn.Fastly, cdn.ByRange, "2a04:4e42:200::313 is in 2a04:4e42::/32"},
		"IPv4 as IPv6":    {cdn.Evidence{Addrs: addrs("::ffff:151.101.1.1")}, cdn.Fastly, cdn.ByRange, "151.101.1.1 is in 151.101.0.0/16"},
		"DNS-only, but an address of the vendor": {
			cdn.Evidence{Proxied: &no, Proxy: cdn.Cloudflare, Addrs: addrs("104.16.1.1")},
			cdn.Cloudflare, cdn.ByRange, "104.16.1.1 is in",
		},
		"a CNAME":                {cdn.Evidence{CNAMEs: names("www.example.org.edgekey.net", "e1.a.akamaiedge.net")}, cdn.Akamai, cdn.ByCNAME, "its CNAME leads to www.example.org.edgekey.net, a name of Akamai"},
		"a CNAME to a partner":   {cdn.Evidence{CNAMEs: names("www.example.org.cdn.cloudflare.net")}, cdn.Cloudflare, cdn.ByCNAME, ""},
		"a CNAME to Azure":       {cdn.Evidence{CNAMEs: names("x.z01.azurefd.net"), Header: header("X-Azure-Ref: 1")}, cdn.Azure, cdn.ByCNAME, ""},
		"a CNAME that looks so":  {cdn.Evidence{CNAMEs: names("www.notcloudfront.net", "fastly.net.example.org")}, "", 0, ""},
		"the vendor's own name":  {cdn.Evidence{CNAMEs: names("cloudfront.net")}, "", 0, ""},
		"Cloudflare's answer":    {cdn.Evidence{Header: header("CF-Ray: 8f00-FRA", "Server: cloudflare")}, cdn.Cloudflare, cdn.ByHeader, `it answers with Cf-Ray: "8f00-FRA"`},
		"CloudFront's answer":    {cdn.Evidence{Header: header("Via: 1.1 abc.cloudfront.net (CloudFront)")}, cdn.CloudFront, cdn.ByHeader, ""},
		"CloudFront's id":        {cdn.Evidence{Header: header("X-Amz-Cf-Id: abc==")}, cdn.CloudFront, cdn.ByHeader, ""},
		"Fastly's answer":        {cdn.Evidence{Header: header("X-Served-By: cache-fra-eddf8230065-FRA", "Via: 1.1 varnish")}, cdn.Fastly, cdn.ByHeader, ""},
		"a Varnish of one's own": {cdn.Evidence{Header: header("X-Served-By: web-02", "Via: 1.1 varnish")}, "", 0, ""},
		"Fastly's cache alone":   {cdn.Evidence{Header: header("X-Served-By: cache-fra-eddf8230065-FRA")}, "", 0, ""},
		"Akamai's answer":        {cdn.Evidence{Header: header("Server: AkamaiGHost")}, cdn.Akamai, cdn.ByHeader, ""},
		"bunny.net's answer":     {cdn.Evidence{Header: header("Server: BunnyCDN-DE1-1082")}, cdn.Bunny, cdn.ByHeader, ""},
		"Imperva's answer":       {cdn.Evidence{Header: header("X-CDN: Imperva", "X-Iinfo: 1-2")}, cdn.Imperva, cdn.ByHeader, ""},
		"Google's answer":        {cdn.Evidence{Header: header("Via: 1.1 google")}, cdn.Google, cdn.ByHeader, ""},
		"a server of one's own":  {cdn.Evidence{Addrs: addrs("203.0.113.10", "2001:db8::10"), Header: header("Server: nginx")}, "", 0, ""},
	}
	ranges, damage := cdn.Load(nil)
	if damage != nil {
		t.Fatal(damage)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := ranges.Judge(tt.e)
			if v.Vendor != tt.vendor || v.Basis != tt.basis || !strings.HasPrefix(v.Why, tt.why) {
				t.Errorf("%q by %s: %q; want %q by %s: %q", v.Vendor, v.Basis, v.Why, tt.vendor, tt.basis, tt.why)
			}
			if dns := tt.e.Proxied != nil && !*tt.e.Proxied; v.DNSOnly != dns {
				t.Errorf("DNS-only: %v, want %v", v.DNSOnly, dns)
			}
		})
	}
}

// TestSigns: all signs are kept, in the order of their weight.
func TestSigns(t *testing.T) {
	ranges, _ := cdn.Load(nil)
	yes := true
	v := ranges.Judge(cdn.Evidence{
		Proxied: &yes, Proxy: cdn.Cloudflare, Addrs: addrs("104.16.1.1", "203.0.113.1", "151.101.1.1"),
		CNAMEs: names("a.azureedge.net"), Header: header("Server: keycdn-engine", "Cf-Ray: 1", "Cf-Mitigated: challenge"),
	})
	var got []string
	for _, s := range v.Signs {
		b, err := s.Basis.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b)+" "+string(s.Vendor))
	}
	want := "api cloudflare, range cloudflare, range fastly, cname azure, header cloudflare, header keycdn"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("%s, want %s", text, want)
	}
	if !v.Challenged {
		t.Error("the challenge for browsers was not seen")
	}
}
