package acme

import (
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Item is one item of the operational checklist.
type Item struct {
	Number int    `json:"number"`
	Text   string `json:"item"`
	// Checks are those that decide it.
	Checks []ID `json:"checks"`
}

// Checklist returns the sixteen items of a name that is to have certificates.
func Checklist() []Item {
	return []Item{
		{1, "The bare domain has an address", []ID{"D-APEX"}},
		{2, "www, and each other name of the certificate, has one too", []ID{"D-WWW"}},
		{3, "Name servers and public resolvers give the same answer", []ID{"D-RESOLV", "D-AUTH"}},
		{4, "The address is that of the server with the ACME client", []ID{"D-EXPECT", "H-TOKEN"}},
		{5, "Port 80 is open on that server", []ID{"H-PORT80"}},
		{6, "Port 80 can be reached from outside", []ID{"H-PORT80", "H-VANTAGE"}},
		{7, "No CDN proxy stands in the way", []ID{"H-CDN", "X-ORIGIN", "X-TLS", "X-BACK"}},
		{8, "There is one address of a family, and IPv6 leads to the same server", []ID{"D-SINGLE", "D-AAAA"}},
		{9, "The TTL fits what is planned", []ID{"D-TTL"}},
		{10, "Server, purpose and owner are written down", []ID{"O-INV"}},
		{11, "The challenge path is served", []ID{"H-TOKEN", "H-PATH"}},
		{12, "A load balancer sends challenges to the ACME client", []ID{"H-LB"}},
		{13, "Inside and outside see the same address", []ID{"D-SPLIT"}},
		{14, "Changes are noticed", []ID{"O-MON"}},
		{15, "There is a way back", []ID{"O-ROLL"}},
		{16, "There is a backup that can be restored", []ID{"O-BACKUP"}},
	}
}

// Decide decides an item for a name: it fails where a check fails with at least
// the severity Warning, is unknown where one is unknown or was not made, or none
// had anything to say, fails where all fail with less, and passes else. The
// findings are those that decided.
func (f Found) Decide(i Item, name zone.Name) (Outcome, []Finding) {
	all := f.Of(name, i.Checks...)
	for _, o := range []Outcome{Fail, Unknown} {
		var with []Finding
		for _, x := range all {
			if x.Outcome == o && (o != Fail || x.Severity >= Warning) {
				with = append(with, x)
			}
		}
		if len(with) > 0 {
			return o, with
		}
	}
	if len(all) == 0 || len(f.Missing(i.Checks)) > 0 {
		return Unknown, nil
	}
	if !slices.ContainsFunc(all, func(x Finding) bool { return x.Outcome != Fail }) {
		return Fail, all
	}
	return Pass, all
}
