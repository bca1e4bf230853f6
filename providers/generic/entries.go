package generic

import (
	"net/http"
	"strings"
	"time"

	"github.com/libdns/cloudns"
	"github.com/libdns/desec"
	"github.com/libdns/digitalocean"
	"github.com/libdns/gandi"
	"github.com/libdns/libdns"
	"github.com/libdns/luadns"
	"github.com/libdns/transip"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// cloudnsEntry follows https://www.cloudns.net/wiki/article/41/.
func cloudnsEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 60, MaxTTL: 30 * day},
		TTLs:   []zone.TTL{60, 300, 900, 1800, 3600, 21600, 43200, day, 2 * day, 3 * day, 7 * day, 14 * day, 30 * day},
		TTL:    TTLInPlaceSet, AbsoluteTargets: true, NeverEmpty: true, Serial: true, Rate: 10, Burst: 10,
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
		p.HTTPClient = s.Client(func(r *http.Request) bool {
			return !strings.HasSuffix(r.URL.Path, "/records.json") && !strings.HasSuffix(r.URL.Path, "/list-zones.json")
		})
		if p.AuthId == "" && p.SubAuthId == "" {
			return p, Hooks{}, errNoID
		}
		return p, Hooks{}, s.Err()
	}}
}

// desecEntry follows https://desec.readthedocs.io/en/latest/dns/rrsets.html.
func desecEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 3600, MaxTTL: day},
		TTL:    TTLReplace, NeverEmpty: true, Rate: 1, Burst: 5, Timeout: 3 * time.Minute,
		Notes: []string{
			"SetRecords replaces whole RRsets, all in one atomic request.",
			"The lowest TTL is 3600, to which libdns raises a lower one; a staged change waits an hour at least.",
			"A zone of more than 500 RRsets cannot be read, which is an error.",
			"When the vendor says too many requests, the libdns provider waits as long as it is told, three minutes at most.",
			"A record that libdns cannot parse fails the read of the zone, and its name is printed.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		return &desec.Provider{Token: s.Secret("api_token")}, Hooks{}, s.Err()
	}}
}

// digitaloceanEntry follows https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records.
func digitaloceanEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 30}, DefaultTTL: 1800,
		TTL: TTLInPlace, Retime: retimeDigitalOcean, ByID: true,
		AbsoluteTargets: true, NeverEmpty: true, Serial: true, Status: statusDigitalOcean,
		Rate: 4, Burst: 20,
		Notes: []string{
			"Records are changed and deleted by the id that the read brought.",
			"The SDK repeats a failed POST up to four times; duplicates of a written value are deleted behind it.",
			"Priorities and ports of MX and SRV records do not come through libdns, so a backup lacks them.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		return &digitalocean.Provider{APIToken: s.Secret("api_token")}, Hooks{}, s.Err()
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

// luadnsEntry follows https://luadns.com/api.html.
func luadnsEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 60, MaxTTL: zone.MaxTTL}, DefaultTTL: 3600,
		TTL: TTLReplace, AbsoluteNames: true, NeverEmpty: true, Serial: true, Status: statusLuaDNS, Rate: 2, Burst: 10,
		NoZone: []string{" not found"},
		Notes: []string{
			"SetRecords replaces the RRsets that it is given, in one request.",
			"Records and zones are read without paging.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		return &luadns.Provider{Email: s.Secret("api_user"), APIKey: s.Secret("api_token")}, Hooks{}, s.Err()
	}}
}

// transipEntry follows https://api.transip.nl/rest/docs.html#domains-dns.
func transipEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 60, MaxTTL: day}, DefaultTTL: 3600,
		TTL: TTLBeside, AbsoluteNames: true, Serial: true, Status: statusTransIP, Rate: 2, Burst: 10,
		Notes: []string{
			"SetRecords loses all but one of several values, so it is never called.",
			"A new TTL is written as a second entry of the same value, before the old entry is deleted; where TransIP refuses that, nothing has changed.",
			"A zone without records reads as empty.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		p := &transip.Provider{AuthLogin: s.Secret("account_name"), PrivateKey: s.Path("private_key_file"), TokenStorage: "memory"}
		return p, Hooks{}, keyFile(p.PrivateKey)
	}}
}

// retimeDigitalOcean keeps the id of the record.
func retimeDigitalOcean(r libdns.Record, ttl time.Duration) libdns.Record {
	d, ok := r.(digitalocean.DNS)
	if !ok {
		return r
	}
	d.Record.TTL = ttl
	return d
}
