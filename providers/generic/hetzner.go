package generic

import (
	"context"
	"net/http"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

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
