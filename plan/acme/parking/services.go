package parking

import (
	"net/netip"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// nameServers are suffixes of name servers that serve parked names and nothing
// else. Those that registrars give to every customer are left out, whatever they
// are called: domaincontrol.com, registrar-servers.com, dns-parking.com,
// namebrightdns.com and the like serve sites as well.
func nameServers() map[zone.Name]string {
	return map[zone.Name]string{
		"above.com.":       "Above.com",
		"afternic.com.":    "Afternic",
		"bodis.com.":       "Bodis",
		"cashparking.com.": "GoDaddy CashParking",
		"dan.com.":         "Dan.com",
		"hugedomains.com.": "HugeDomains",
		"parkingcrew.net.": "ParkingCrew",
		"parklogic.com.":   "ParkLogic",
		"sedoparking.com.": "Sedo",
		"undeveloped.com.": "Dan.com",
		"voodoo.com.":      "Voodoo",
	}
}

// markets are sites that sell names, and to which parked names lead.
func markets() map[zone.Name]string {
	return map[zone.Name]string{
		"afternic.com.":    "Afternic",
		"atom.com.":        "Atom",
		"bodis.com.":       "Bodis",
		"brandbucket.com.": "BrandBucket",
		"buydomains.com.":  "BuyDomains",
		"dan.com.":         "Dan.com",
		"hugedomains.com.": "HugeDomains",
		"sedo.com.":        "Sedo",
		"sedoparking.com.": "Sedo",
		"parkingcrew.net.": "ParkingCrew",
		"parklogic.com.":   "ParkLogic",
		"squadhelp.com.":   "Atom",
		"undeveloped.com.": "Dan.com",
	}
}

// network is a range of addresses.
type network struct {
	prefix  netip.Prefix
	service string
}

// networks are ranges of services that do nothing else; those in clouds, which
// change hands, are left out.
func networks() []network {
	return []network{
		{netip.MustParsePrefix("64.190.62.0/23"), "Sedo"},
		{netip.MustParsePrefix("91.195.240.0/23"), "Sedo"},
		{netip.MustParsePrefix("103.224.182.0/23"), "Above.com"},
		{netip.MustParsePrefix("103.224.212.0/23"), "Above.com"},
		{netip.MustParsePrefix("185.53.176.0/22"), "ParkingCrew"},
		{netip.MustParsePrefix("199.59.240.0/22"), "Bodis"},
	}
}

// mark is a text that parking pages hold, in lower case.
type mark struct{ text, service string }

// marks come from the services' own pages; the last ones are words that many of
// them have.
func marks() []mark {
	return []mark{
		{"sedoparking.com/", "Sedo"},
		{"sedoparkingurl", "Sedo"},
		{"sedo.com/services/parking", "Sedo"},
		{"img1.wsimg.com/parking-lander", "GoDaddy"},
		{`window.location.href="/lander"`, "GoDaddy"},
		{`window.park = "ey`, "Bodis"},
		{"parkingcrew.net/", "ParkingCrew"},
		{"hugedomains.com/domain_profile", "HugeDomains"},
		{"dan.com/buy-domain/", "Dan.com"},
		{"afternic.com/forsale/", "Afternic"},
		{"parklogic.com/", "ParkLogic"},
		{"domain is for sale", ""},
		{"domain name is for sale", ""},
		{"this domain may be for sale", ""},
		{"domain has been parked", ""},
		{"this domain is parked", ""},
		{"domain is parked free", ""},
	}
}
