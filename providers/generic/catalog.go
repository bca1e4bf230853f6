package generic

import (
	"net/http"
	"strings"
	"time"

	"github.com/libdns/bunny"
	"github.com/libdns/cloudns"
	"github.com/libdns/desec"
	"github.com/libdns/digitalocean"
	"github.com/libdns/gandi"
	"github.com/libdns/glesys"
	"github.com/libdns/hetzner/v2"
	"github.com/libdns/libdns"
	"github.com/libdns/luadns"
	"github.com/libdns/ovh"
	"github.com/libdns/transip"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

const day = 86400

// Catalogue returns the types of providers that go through this package, each
// with what its libdns provider (the version in go.mod) and its vendor do.
func Catalogue() map[string]Entry {
	return map[string]Entry{
		// https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records
		"digitalocean": {Quirks{
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
		}},

		// https://api.gandi.net/docs/livedns/
		"gandi": {Quirks{
			Limits: providers.Limits{MinTTL: 300, MaxTTL: 30 * day}, DefaultTTL: 10800,
			TTL: TTLAppend, NeverEmpty: true, Serial: true, Rate: 4, Burst: 20,
			Notes: []string{
				"AppendRecords and SetRecords are the same: one value is added to the RRset, which is put back whole with the new TTL.",
				"The address of a zone is kept for the life of the process.",
			},
		}, func(s *Setup) (Libdns, Hooks, error) {
			return &gandi.Provider{BearerToken: s.Secret("api_token")}, Hooks{}, s.Err()
		}},

		// https://docs.hetzner.cloud/reference/cloud#zones
		"hetzner": {Quirks{
			Limits: providers.Limits{MinTTL: 60, MaxTTL: zone.MaxTTL}, DefaultTTL: 3600,
			TTL: TTLHook, TTLFirst: true, NeverEmpty: true, Status: statusHetzner, NoZone: []string{"not found at Hetzner"},
			Rate: 1, Burst: 30,
			Notes: []string{
				"SetRecords deletes the RRset and creates it anew, so it is never called; the TTL is changed by the API's own action.",
				"AppendRecords is refused where the TTL is not that of the values there, so the TTL goes first.",
				"A record that libdns cannot parse, such as an SRV record whose name lacks its two labels, fails the read of the zone.",
			},
		}, func(s *Setup) (Libdns, Hooks, error) {
			// The libdns provider panics, later, over an empty token.
			token := s.Secret("api_token")
			return hetzner.New(token), Hooks{SetTTL: hetznerTTL(token, s.Client(nil))}, s.Err()
		}},

		// https://desec.readthedocs.io/en/latest/dns/rrsets.html
		"desec": {Quirks{
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
		}},

		// https://api.ovh.com/console/#/domain
		"ovh": {Quirks{
			Limits: providers.Limits{MinTTL: 60, MaxTTL: zone.MaxTTL}, DefaultTTL: 3600,
			TTL: TTLHook, NeverEmpty: true, Serial: true, Status: statusOVH,
			Timeout: 10 * time.Minute,
			Notes: []string{
				"A read takes one request for each record.",
				"The TTL is changed by the record's id over the API itself: SetRecords takes values with another TTL for the same.",
				"A call that fails midway leaves records that are listed and not served; the zone is then refreshed.",
				"The first request asks for the server's clock and heeds no cancellation, only its own limit of three minutes.",
			},
		}, func(s *Setup) (Libdns, Hooks, error) {
			p := &ovh.Provider{
				Endpoint: s.Value("endpoint"), ApplicationKey: s.Secret("application_key"),
				ApplicationSecret: s.Secret("application_secret"), ConsumerKey: s.Secret("consumer_key"),
			}
			return p, ovhHooks(p, s.Client(nil)), s.Err()
		}},

		// https://www.cloudns.net/wiki/article/41/
		"cloudns": {Quirks{
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
		}},

		// https://docs.bunny.net/reference/dnszonepublic_index
		"bunny": {Quirks{
			Limits: providers.Limits{MinTTL: 15, MaxTTL: zone.MaxTTL}, DefaultTTL: 300,
			TTL: TTLHook, AbsoluteTargets: true, ExactZone: true, Serial: true, Rate: 5, Burst: 20,
			NoZone: []string{"zone not found for domain"},
			Notes: []string{
				"A zone that is not there is taken for a part of its parent, so it must be in the list of zones, whose first thousand are read.",
				"SetRecords deletes first and ignores errors, so it is never called; the TTL is changed over the API itself.",
				"Disabled, weighted and smart records look like ordinary ones.",
				"A value of an HTTPS record without parameters crashes the libdns provider, which fails the read.",
			},
		}, func(s *Setup) (Libdns, Hooks, error) {
			key := s.Secret("api_key")
			hook := bunnyAPI{base: "https://api.bunny.net", key: key, client: s.Client(nil)}
			return &bunny.Provider{AccessKey: key}, Hooks{SetTTL: hook.setTTL}, s.Err()
		}},

		// https://luadns.com/api.html
		"luadns": {Quirks{
			Limits: providers.Limits{MinTTL: 60, MaxTTL: zone.MaxTTL}, DefaultTTL: 3600,
			TTL: TTLReplace, AbsoluteNames: true, NeverEmpty: true, Serial: true, Status: statusLuaDNS, Rate: 2, Burst: 10,
			NoZone: []string{" not found"},
			Notes: []string{
				"SetRecords replaces the RRsets that it is given, in one request.",
				"Records and zones are read without paging.",
			},
		}, func(s *Setup) (Libdns, Hooks, error) {
			return &luadns.Provider{Email: s.Secret("api_user"), APIKey: s.Secret("api_token")}, Hooks{}, s.Err()
		}},

		// https://api.transip.nl/rest/docs.html#domains-dns
		"transip": {Quirks{
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
		}},

		// https://github.com/glesys/API/wiki/API-Documentation
		"glesys": {Quirks{
			Limits: providers.Limits{MinTTL: 60, MaxTTL: zone.MaxTTL}, DefaultTTL: 3600,
			TTL: TTLHook, NeverEmpty: true, Serial: true, Rate: 2, Burst: 10,
			Notes: []string{
				"SetRecords only ever adds, so it is never called; the TTL is changed over the API itself.",
				"DeleteRecords without a name matches everything, so it is never called like that.",
			},
		}, func(s *Setup) (Libdns, Hooks, error) {
			user, key := s.Secret("api_user"), s.Secret("api_key")
			hook := glesysAPI{base: "https://api.glesys.com", user: user, key: key, client: s.Client(glesysWrites)}
			return &glesys.Provider{Project: user, APIKey: key}, Hooks{SetTTL: hook.setTTL}, s.Err()
		}},
	}
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
