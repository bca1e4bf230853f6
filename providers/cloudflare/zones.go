package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/zones"
	"golang.org/x/net/idna"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// zonesPerPage is the most zones in a page
// (https://developers.cloudflare.com/api/resources/zones/methods/list/).
const zonesPerPage = 50

// account is whose a zone is.
type account struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// zoneInfo is what the API tells of a zone.
type zoneInfo struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Status      string   `json:"status"`
	Paused      bool     `json:"paused"`
	Type        string   `json:"type"`
	Account     account  `json:"account"`
	NameServers []string `json:"name_servers"`
	// Permissions are those of whoever asks, as "#dns_records:edit"; Cloudflare
	// calls them a legacy.
	Permissions []string `json:"permissions"`
	Plan        struct {
		LegacyID string `json:"legacy_id"`
	} `json:"plan"`
}

// known returns the zone as it was looked up; nil before that.
func (p *Provider) known(z zone.Name) *zoneInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held[z]
}

// keep remembers what was found of z; nil makes the next call look it up again.
func (p *Provider) keep(z zone.Name, info *zoneInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[z] = info
}

// zone looks z up, once for all who ask at the same time, and keeps what it
// finds when the zone is active.
func (p *Provider) zone(ctx context.Context, n *tally, z zone.Name) (*zoneInfo, error) {
	if info := p.known(z); info != nil {
		return info, nil
	}
	done, err := p.looks.Take(ctx, z)
	if err != nil {
		return nil, err
	}
	defer done()
	if info := p.known(z); info != nil {
		return info, nil
	}
	info, err := p.lookUp(ctx, n, z)
	if err != nil {
		return nil, err
	}
	p.keep(z, info)
	return info, nil
}

// lookUp finds the one active zone of the name. An internationalized name is
// asked for a second time, as a U-label, when its A-label is not found.
func (p *Provider) lookUp(ctx context.Context, n *tally, z zone.Name) (*zoneInfo, error) {
	found, err := p.named(ctx, n, z, z.Display())
	if err != nil {
		return nil, err
	}
	if u, _ := idna.ToUnicode(z.Display()); len(found) == 0 && u != z.Display() {
		if found, err = p.named(ctx, n, z, u); err != nil {
			return nil, err
		}
	}
	switch len(found) {
	case 0:
		return nil, &advice{
			fmt.Errorf("%w among those that the token sees", providers.ErrZoneNotFound),
			"check the name (a zone is the registered domain), and that the token's Zone Resources include it with the permission " + zoneRead + ", or give a zone_token that has it",
		}
	case 1:
		return &found[0], found[0].ready()
	}
	return nil, ambiguous(found)
}

// named lists the zones that are called spelling, and keeps those that are z.
func (p *Provider) named(ctx context.Context, n *tally, z zone.Name, spelling string) ([]zoneInfo, error) {
	var params zones.ZoneListParams
	params.Name.Value, params.Name.Present = spelling, true
	found, err := p.listZones(ctx, n, params)
	return slices.DeleteFunc(found, func(i zoneInfo) bool {
		name, err := zone.ParseName(i.Name)
		return err != nil || name != z
	}), err
}

// ready tells whether Cloudflare serves the zone
// (https://developers.cloudflare.com/dns/zone-setups/reference/domain-status/).
func (i zoneInfo) ready() error {
	cause := fmt.Errorf("the zone is %s at Cloudflare, which does not serve it", i.Status)
	switch i.Status {
	case "active", "":
		return nil
	case "pending", "initializing":
		return &advice{cause, "name " + i.servers() + " as its name servers at the registrar, and wait until the zone is active"}
	case "moved":
		return &advice{cause, "its delegation names other servers: name " + i.servers() + " at the registrar, or change the zone's provider in the inventory"}
	}
	return &advice{cause, "activate it in account " + i.Account.String() + " first"}
}

func (i zoneInfo) servers() string {
	if len(i.NameServers) == 0 {
		return "the servers that its overview shows"
	}
	return strings.Join(i.NameServers, " and ")
}

// String returns the account's name and id.
func (a account) String() string { return fmt.Sprintf("%q (%s)", a.Name, a.ID) }

// ambiguous is the error of a zone that the token sees several times.
func ambiguous(found []zoneInfo) error {
	where := make([]string, len(found))
	for i, f := range found {
		where[i] = fmt.Sprintf("%s, %s, zone id %s", f.Account, f.Status, f.ID)
	}
	cause := fmt.Errorf("the token sees the zone on %d accounts: %s", len(found), strings.Join(where, "; "))
	return &advice{cause, "limit the token to one of them (Zone Resources: all zones from an account)"}
}

// batch is how many records one batch takes, by the zone's plan.
func (i zoneInfo) batch() int {
	switch i.Plan.LegacyID {
	case "pro", "business", "enterprise":
		return 3500
	}
	return freeBatch
}

const freeBatch = 200

// Limits returns what Cloudflare documents
// (https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/).
// Until the zone has been looked up, they are those of the free plan.
func (p *Provider) Limits(z zone.Name) providers.Limits {
	l := providers.Limits{MinTTL: 60, MaxTTL: 86400, Proxy: true, Comments: true, Batch: freeBatch, Atomic: true, Late: providers.LateHTTP}
	if info := p.known(z); info != nil {
		l.Batch = info.batch()
		if info.Plan.LegacyID == "enterprise" {
			l.MinTTL = 30
		}
	}
	return l
}

// ListZones returns the names of all zones that the token sees, active or not.
func (p *Provider) ListZones(ctx context.Context) ([]zone.Name, error) {
	var n tally
	found, err := p.listZones(ctx, &n, zones.ZoneListParams{})
	if err != nil {
		return nil, fmt.Errorf("list zones: %w", err)
	}
	var names []zone.Name
	for _, i := range found {
		if name, err := zone.ParseName(i.Name); err == nil {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, zone.CompareNames)
	return slices.Compact(names), nil
}

func (p *Provider) listZones(ctx context.Context, n *tally, params zones.ZoneListParams) ([]zoneInfo, error) {
	raw, err := whole(func(page int) (envelope, error) {
		params.Page.Value, params.Page.Present = float64(page), true
		params.PerPage.Value, params.PerPage.Present = zonesPerPage, true
		return p.ask(n, p.zoneToken, func(opts ...option.RequestOption) error {
			_, err := p.zones.List(ctx, params, opts...)
			return err
		})
	})
	if err != nil {
		return nil, explain(err, zoneRead)
	}
	found := make([]zoneInfo, len(raw))
	for i, r := range raw {
		if err := json.Unmarshal(r, &found[i]); err != nil {
			return nil, fmt.Errorf("%w: %w", errNotAPI, err)
		}
	}
	return found, nil
}
