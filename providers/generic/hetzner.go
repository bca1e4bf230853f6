package generic

import (
	"context"
	"net/http"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"

	"github.com/libdns/hetzner/v2"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// hetznerEntry follows https://docs.hetzner.cloud/reference/cloud#zones.
func hetznerEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 60, MaxTTL: zone.MaxTTL}, DefaultTTL: 3600,
		TTL: TTLHook, TTLFirst: true, NeverEmpty: true, Status: statusHetzner, NoZone: []string{"not found at Hetzner"},
		Rate: 5, Burst: 30,
		Notes: []string{
			"SetRecords deletes the RRset and creates it anew, so it is never called; the TTL is changed by the API's own action.",
			"AppendRecords is refused where the TTL is not that of the values there, so the TTL goes first.",
			"A record that libdns cannot parse, such as an SRV record whose name lacks its two labels, fails the read of the zone.",
			"The SDK inside makes a request again that the vendor refused for a conflict, up to five times.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		// The libdns provider panics, later, over an empty token.
		token := s.Secret("api_token")
		return hetzner.New(token), Hooks{SetTTL: hetznerTTL(token, s.Client())}, s.Err()
	}}
}

// hetznerTTL changes the TTL of an RRset by its own action
// (https://docs.hetzner.cloud/reference/cloud#zone-rrset-actions-change-an-rrsets-ttl),
// and waits for it.
func hetznerTTL(token string, client *http.Client, more ...hcloud.ClientOption) func(context.Context, zone.Name, string, zone.Type, zone.TTL) error {
	options := append([]hcloud.ClientOption{
		hcloud.WithToken(token), hcloud.WithHTTPClient(client), hcloud.WithRetryOpts(hcloud.RetryOpts{MaxRetries: 0}),
	}, more...)
	api := hcloud.NewClient(options...)
	return func(ctx context.Context, z zone.Name, name string, typ zone.Type, ttl zone.TTL) error {
		set := &hcloud.ZoneRRSet{Zone: &hcloud.Zone{Name: z.Display()}, Name: name, Type: hcloud.ZoneRRSetType(typ.String())}
		seconds := int(ttl)
		action, _, err := api.Zone.ChangeRRSetTTL(ctx, set, hcloud.ZoneRRSetChangeTTLOpts{TTL: &seconds})
		if err != nil {
			return err
		}
		return api.Action.WaitFor(ctx, action)
	}
}
