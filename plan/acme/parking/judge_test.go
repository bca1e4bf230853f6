package parking_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/parking"
)

func page(status int, kind, location, body string) *parking.Page {
	h := http.Header{}
	h.Set("Content-Type", kind)
	if location != "" {
		h.Set("Location", location)
	}
	return &parking.Page{Status: status, Header: h, Body: []byte(body)}
}

func names(list ...string) (out []zone.Name) {
	for _, s := range list {
		out = append(out, zone.MustParseName(s))
	}
	return out
}

const html = "text/html; charset=utf-8"

func TestJudge(t *testing.T) {
	tests := map[string]struct {
		e    parking.Evidence
		want string
	}{
		"nothing asked": {parking.Evidence{}, ""},
		"a name server": {
			parking.Evidence{NameServers: names("ns1.sedoparking.com", "ns2.sedoparking.com")},
			"looks like parking at Sedo: its name server is ns1.sedoparking.com",
		},
		"name servers of two services": {
			parking.Evidence{NameServers: names("ns1.bodis.com", "1107.ns1.above.com")},
			"looks like parking at Bodis: its name server is ns1.bodis.com; its name server is 1107.ns1.above.com",
		},
		"a CNAME": {
			parking.Evidence{CNAMEs: names("traff-1.hugedomains.com")},
			"looks like parking at HugeDomains: its CNAME leads to traff-1.hugedomains.com",
		},
		"an address": {
			parking.Evidence{Addrs: []netip.Addr{netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("::ffff:185.53.177.31")}},
			"looks like parking at ParkingCrew: 185.53.177.31 is in 185.53.176.0/22 of ParkingCrew",
		},
		"past the edge of a range": {parking.Evidence{Addrs: []netip.Addr{netip.MustParseAddr("185.53.180.0")}}, ""},
		"a redirect to a market": {
			parking.Evidence{Path: page(302, html, "https://www.hugedomains.com/domain_profile.cfm?d=example", "")},
			"looks like parking at HugeDomains: any path leads to www.hugedomains.com",
		},
		"a redirect of one's own":        {parking.Evidence{Path: page(301, html, "https://www.example.org/x", "")}, ""},
		"a redirect without a host":      {parking.Evidence{Path: page(301, html, "/elsewhere", "")}, ""},
		"a redirect that cannot be read": {parking.Evidence{Path: page(301, html, "http://[::1", "")}, ""},
		"the words of a service": {
			parking.Evidence{Path: page(404, html, "", `<script>window.park = "eyJ1dWlk"</script>`)},
			`looks like parking at Bodis: its page holds "window.park = \"ey"`,
		},
		"words that many have": {
			parking.Evidence{Path: page(200, "text/plain", "", "THIS DOMAIN IS FOR SALE")},
			`looks like parking: its page holds "domain is for sale"`,
		},
		"any path": {
			parking.Evidence{Path: page(200, html, "", "<p>hello"), Host: page(404, html, "", "")},
			"looks like a catch-all or parking page: any path gives 200 with a page of HTML",
		},
		"any path of any host": {
			parking.Evidence{Path: page(200, html, "", ""), Host: page(200, "TEXT/HTML", "", "")},
			"looks like a catch-all or parking page: any path of any name gives 200 with a page of HTML",
		},
		"a catch-all with a name server": {
			parking.Evidence{NameServers: names("ns3.afternic.com"), Path: page(200, html, "", "")},
			"looks like parking at Afternic: its name server is ns3.afternic.com; any path gives 200 with a page of HTML",
		},
		"not found":           {parking.Evidence{Path: page(404, html, "", "not found"), Host: page(200, html, "", "")}, ""},
		"a file for any path": {parking.Evidence{Path: page(200, "application/octet-stream", "", "")}, ""},
		"no type":             {parking.Evidence{Path: page(200, "", "", "")}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := parking.Words(parking.Judge(tt.e)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestRegistrars: what a registrar gives to every customer says nothing.
func TestRegistrars(t *testing.T) {
	for _, n := range []string{
		"ns59.domaincontrol.com", "dns1.registrar-servers.com", "ns1.dns-parking.com", "nsg1.namebrightdns.com",
		"ns1.dnsowl.com", "ada.ns.cloudflare.com", "ns-1.awsdns-00.com", "ns1.notbodis.com", "bodis.com.example.org",
	} {
		if signs := parking.Judge(parking.Evidence{NameServers: names(n)}); len(signs) > 0 {
			t.Errorf("%s: %s", n, parking.Words(signs))
		}
	}
}

// TestOrder: what weighs more comes first, and each kind has a word of its own.
func TestOrder(t *testing.T) {
	signs := parking.Judge(parking.Evidence{
		NameServers: names("ns1.dan.com"), CNAMEs: names("park.parklogic.com"), Addrs: []netip.Addr{netip.MustParseAddr("199.59.243.1")},
		Path: page(200, html, "", "sedoParkingUrl"),
	})
	var kinds []string
	for _, s := range signs {
		kinds = append(kinds, s.Kind.String())
	}
	if got, want := strings.Join(kinds, " "), "name-server cname address body catch-all"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
