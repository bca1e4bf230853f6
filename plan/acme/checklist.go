package acme

import "github.com/dnsplan/dnsplan/inventory/zone"

// Item is one item of the operational checklist.
type Item struct {
	Number int    `json:"number"`
	Text   string `json:"item"`
	// Checks are those that decide it.
	Checks []ID `json:"checks"`
	// presence says that the item asks for something to be there, so that also a
	// finding of severity Info decides against it.
	presence bool
}

// Checklist returns the sixteen items of a name that is to have certificates.
func Checklist() []Item {
	return []Item{
		{1, "The bare domain has an address", []ID{"D-APEX"}, true},
		{2, "www, and each other name of the certificate, has one too", []ID{"D-WWW"}, true},
		{3, "Name servers and public resolvers give the same answer", []ID{"D-RESOLV", "D-AUTH"}, false},
		{4, "The address is that of the server with the ACME client", []ID{"D-EXPECT", "H-TOKEN"}, false},
		{5, "Port 80 is open on that server", []ID{"H-PORT80"}, false},
		{6, "Port 80 can be reached from outside", []ID{"H-PORT80", "H-VANTAGE"}, false},
		{7, "No CDN proxy stands in the way", []ID{"H-CDN", "X-ORIGIN", "X-TLS", "X-BACK"}, false},
		{8, "There is one address of a family, and IPv6 leads to the same server", []ID{"D-SINGLE", "D-AAAA"}, false},
		{9, "The TTL fits what is planned", []ID{"D-TTL"}, false},
		{10, "Server, purpose and owner are written down", []ID{"O-INV"}, false},
		{11, "The challenge path is served", []ID{"H-TOKEN", "H-PATH"}, false},
		{12, "A load balancer sends challenges to the ACME client", []ID{"H-LB"}, true},
		{13, "Inside and outside see the same address", []ID{"D-SPLIT"}, false},
		{14, "Changes are noticed", []ID{"O-MON"}, false},
		{15, "There is a way back", []ID{"O-ROLL"}, false},
		{16, "There is a backup that can be restored", []ID{"O-BACKUP"}, false},
	}
}

// Decide decides an item for a name: it fails where a check fails with at least
// the severity Warning, or, where the item asks for something to be there, at all; it
// is unknown where one is unknown or was not made, or none had anything to say, and
// passes else. The findings are those that decided.
func (f Found) Decide(i Item, name zone.Name) (Outcome, []Finding) {
	all := f.Of(name, i.Checks...)
	for _, o := range []Outcome{Fail, Unknown} {
		var with []Finding
		for _, x := range all {
			if x.Outcome == o && (o != Fail || x.Severity >= Warning || i.presence) {
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
	return Pass, all
}
