package plan_test

import (
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

func TestCheckNamesThatArePointedAt(t *testing.T) {
	const stay = "\nwww 300 A 192.0.2.1\n@ 300 A 192.0.2.1"
	used := func(name, by string) []string {
		return []string{"name-still-used --allow-empty " + name + " " + name + " would lose its last address, and records point at it: " + by}
	}
	mail := used("mail.example.org", "MX example.org")
	for _, tt := range []struct {
		name string
		site site
		want []string
	}{
		{"a mail server", site{live: "@ 300 MX 10 mail.example.org.\nmail 300 A 192.0.2.9"}, mail},
		{"in upper case", site{live: "@ 300 MX 10 MAIL.Example.org.\nmail 300 A 192.0.2.9"}, mail},
		{"of both families, once", site{live: "@ 300 MX 10 mail.example.org.\nmail 300 A 192.0.2.9\nmail 300 AAAA 2001:db8::9"}, mail},
		{"one family stays", site{live: "@ 300 MX 10 mail.example.org.\nmail 300 A 192.0.2.9\nmail 300 AAAA 2001:db8::9", want: "mail 300 A 192.0.2.9"}, nil},
		{"it moves to the other family", site{live: "@ 300 MX 10 mail.example.org.\nmail 300 A 192.0.2.9", want: "mail 300 AAAA 2001:db8::9"}, nil},
		{"an alias", site{live: "blog 300 CNAME web.example.org.\nweb 300 A 192.0.2.9"}, used("web.example.org", "CNAME blog.example.org")},
		{"a service", site{live: "_sip._tcp 300 SRV 0 5 5060 sip.example.org.\nsip 300 A 192.0.2.9"}, used("sip.example.org", "SRV _sip._tcp.example.org")},
		{"its own HTTPS record", site{live: "web 300 HTTPS 1 . alpn=h2\nweb 300 A 192.0.2.9"}, used("web.example.org", "HTTPS web.example.org")},
		{
			"many",
			site{live: "a 300 CNAME w.example.org.\nb 300 CNAME w.example.org.\nc 300 CNAME w.example.org.\nd 300 CNAME w.example.org.\nw 300 A 192.0.2.9"},
			used("w.example.org", "CNAME a.example.org, CNAME b.example.org, CNAME c.example.org and 1 more"),
		},
		{"a wildcard answers", site{live: "@ 300 MX 10 mail.example.org.\nmail 300 A 192.0.2.9\n* 300 A 192.0.2.8", want: "* 300 A 192.0.2.8"}, nil},
		{"a wildcard goes too", site{live: "@ 300 MX 10 mail.example.org.\nmail 300 A 192.0.2.9\n* 300 A 192.0.2.8"}, mail},
		{"a text names it", site{live: "@ 300 TXT mail.example.org.\nmail 300 A 192.0.2.9"}, nil},
		{"nobody points", site{live: "mail 300 A 192.0.2.9"}, nil},
		{"a broken record", site{live: "@ 300 MX 10\nx 300 SRV 0\nmail 300 A 192.0.2.9"}, nil},
		{"no mail, RFC 7505", site{live: "@ 300 MX 0 .\nmail 300 A 192.0.2.9"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.site.live, tt.site.want, tt.site.prune = tt.site.live+stay, tt.site.want+stay, true
			d := []plan.ZoneDiff{tt.site.diff(t)}
			got := refusals(plan.Check(d, plan.Allowances{Thresholds: true, Protected: true}))
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if tt.want == nil {
				return
			}
			zones := plan.Allowances{Empty: []zone.Name{"example.org."}}
			if left, lifted := plan.Check(d, zones), plan.Lifted(d, zones); len(left) > 0 || !slices.Equal(refusals(lifted), tt.want) {
				t.Errorf("the zone's --allow-empty leaves %v and lifts %v", left, lifted)
			}
		})
	}
}

// A record of another zone counts, one of another view does not.
func TestCheckNamesThatOtherZonesPointAt(t *testing.T) {
	web := site{live: "web 300 A 192.0.2.9\nwww 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true}
	points := site{zone: "example.net", live: "www 300 CNAME web.example.org."}
	within := points
	within.view = "internal"
	if got := plan.Check([]plan.ZoneDiff{web.diff(t), points.diff(t)}, plan.Allowances{}); len(got) != 1 || got[0].Code != plan.NameStillUsed {
		t.Errorf("another zone: %+v", got)
	}
	if got := plan.Check([]plan.ZoneDiff{web.diff(t), within.diff(t)}, plan.Allowances{}); len(got) > 0 {
		t.Errorf("another view: %+v", got)
	}
	one := plan.Allowances{Empty: []zone.Name{"web.example.org."}}
	if got := plan.Check([]plan.ZoneDiff{web.diff(t), points.diff(t)}, one); len(got) > 0 {
		t.Errorf("the name's --allow-empty leaves %+v", got)
	}
}
