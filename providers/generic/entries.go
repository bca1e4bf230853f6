package generic

import (
	"net/http"
	"strings"
	"time"

	"github.com/libdns/cloudns"
	"github.com/libdns/desec"
	"github.com/libdns/gandi"
	"github.com/libdns/transip"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// cloudnsEntry follows https://www.cloudns.net/wiki/article/41/.
func cloudnsEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 60, MaxTTL: 30 * day},
		TTLs:   []zone.TTL{60, 300, 900, 1800, 3600, 21600, 43200, day, 2 * day, 3 * day, 7 * day, 14 * day, 30 * day},
		TTL:    TTLInPlaceSet, AbsoluteTargets: true, NeverEmpty: true, Serial: true,
		Chain: ChainByClient, Writes: cloudnsWrites, Rate: 10, Burst: 10,
		NoZone:   []string{"Missing domain-name", "doesn't exist", "does not exist"},
		NoAccess: []string{"Invalid authentication", "incorrect auth-id", "not authorized"},
		Notes: []string{
			"Only the TTLs of its list are taken; libdns would round another one up, so it is refused.",
			"SetRecords changes records in place, one at a time here.",
			"GeoDNS, failover and disabled records look like ordinary ones.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		p := &cloudns.Provider{
			AuthId: s.Optional("auth_id"), SubAuthId: s.Optional("sub_auth_id"),
			AuthPassword: s.Secret("auth_password"), BaseURL: s.Value("base_url"), OperationRetries: 1,
		}
		p.HTTPClient = s.Client()
		if p.AuthId == "" && p.SubAuthId == "" {
			return p, Hooks{}, errNoID
		}
		return p, Hooks{}, s.Err()
	}}
}

// cloudnsWrites tells calls that change something: all are POST requests.
func cloudnsWrites(r *http.Request) bool {
	return !strings.HasSuffix(r.URL.Path, "/records.json") && !strings.HasSuffix(r.URL.Path, "/list-zones.json")
}

// desecEntry follows https://desec.readthedocs.io/en/latest/dns/rrsets.html.
func desecEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 3600, MaxTTL: day},
		TTL:    TTLReplace, NeverEmpty: true, Redirects: true, Rate: 1, Burst: 5, Timeout: 3 * time.Minute,
		Notes: []string{
			"SetRecords replaces whole RRsets, all in one atomic request.",
			"The lowest TTL is 3600, to which libdns raises a lower one; a staged change waits an hour at least.",
			"A zone of more than 500 RRsets cannot be read, which is an error.",
			"RRsets are asked for without the final slash that the vendor wants, which sends the request on.",
			"A record that libdns cannot parse fails the read of the zone, and its name is printed.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		return &desec.Provider{Token: s.Secret("api_token")}, Hooks{}, s.Err()
	}}
}

// gandiEntry follows https://api.gandi.net/docs/livedns/.
func gandiEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 300, MaxTTL: 30 * day}, DefaultTTL: 10800,
		TTL: TTLAppend, NeverEmpty: true, Serial: true, Rate: 4, Burst: 20,
		Notes: []string{
			"AppendRecords and SetRecords are the same: one value is added to the RRset, which is put back whole with the new TTL.",
			"The address of a zone is kept for the life of the process.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		return &gandi.Provider{BearerToken: s.Secret("api_token")}, Hooks{}, s.Err()
	}}
}

// transipEntry follows https://api.transip.nl/rest/docs.html#domains-dns.
func transipEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 60, MaxTTL: day}, DefaultTTL: 3600,
		TTL: TTLBeside, AbsoluteNames: true, Serial: true, Status: statusTransIP,
		Writes: transipWrites, Rate: 1, Burst: 30,
		Notes: []string{
			"SetRecords loses all but one of several values, so it is never called.",
			"A new TTL is written as a second entry of the same value, before the old entry is deleted; where TransIP refuses that, nothing has changed.",
			"A zone without records reads as empty.",
			"A token for an hour is asked for by POST, which changes nothing in a zone. A request that is refused with it is made once more with a new one.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		p := &transip.Provider{AuthLogin: s.Secret("account_name"), PrivateKey: s.Path("private_key_file"), TokenStorage: "memory"}
		return p, Hooks{}, keyFile(p.PrivateKey)
	}}
}

// transipWrites tells requests that change something.
func transipWrites(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/auth")
}
