package namesilo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// The bounds of a TTL, as the page of dnsAddRecord has them
// (https://www.namesilo.com/api-reference#dns/dns-add-record).
const (
	minTTL zone.TTL = 3600
	maxTTL zone.TTL = 2592000
)

// syncTime is how long NameSilo's servers may take: it publishes every 15
// minutes, and is known to be late.
const syncTime = 30 * time.Minute

// NameSilo states no number. Under /api it answers bursts with the status 503,
// which leaves the outcome of a write open.
const (
	perSecond = 2
	burst     = 10
)

// account is the name of the only turn.
const account zone.Name = ""

// Provider is one NameSilo account. It is a providers.Provider, Looker, Lister,
// Budgeter and Examiner, and safe for concurrent use.
type Provider struct {
	base *url.URL
	// root is where the operations are: base, or /api below it.
	root   atomic.Pointer[url.URL]
	key    string
	chain  *transport.Chain
	client *http.Client
	// turns let one Write at a time work on the account: NameSilo refuses a
	// request while another is still processed (reply code 400).
	turns providers.Turns
}

// New returns the provider of an account. It makes no request.
func New(c Config) (*Provider, error) {
	if c.APIKey == "" {
		return nil, errNoKey
	}
	base, err := parseBase(c.BaseURL)
	if err != nil {
		return nil, err
	}
	o := transport.Options{
		Name: c.Name, Base: c.Base, Secrets: []string{c.APIKey}, Pause: c.Pause, Log: c.Log,
		Writes:    func(r *http.Request) bool { return writes(operationOf(r)) },
		Throttled: isBusy,
	}
	if !isLoopback(base.Hostname()) { // a stand-in on this machine has its own limits
		o.Rate, o.Burst = perSecond, burst
	}
	chain := transport.New(o)
	p := &Provider{base: base, key: c.APIKey, chain: chain, client: chain.Client()}
	p.root.Store(base)
	return p, nil
}

// String names the provider without its key.
func (p *Provider) String() string { return "namesilo at " + p.base.Host }

// GoString is String, so that %#v shows no key either.
func (p *Provider) GoString() string { return p.String() }

// Limits returns NameSilo's bounds, which are the same for every zone.
func (p *Provider) Limits(zone.Name) providers.Limits {
	return providers.Limits{MinTTL: minTTL, MaxTTL: maxTTL, Sync: syncTime, Late: providers.LateHTTP, Batch: 1}
}

// Budget returns how many requests were made. NameSilo tells no limit.
func (p *Provider) Budget() providers.Budget { return p.chain.Budget() }

// Read lists all records of the zone in one request
// (https://www.namesilo.com/api-reference#dns/dns-list-records). NameSilo shows
// neither its SOA record nor its NS records. Records of one RRset that differ in
// their TTL are read with the highest of them.
func (p *Provider) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	records, err := p.list(ctx, z)
	if err != nil {
		return nil, fmt.Errorf("read zone %s: %w", z, err)
	}
	return snapshot(z, records), nil
}

// Look lists the zone, which takes one request however many keys there are, and
// returns keys and the CNAME records at their names.
func (p *Provider) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	s, err := p.Read(ctx, z)
	if err != nil {
		return nil, err
	}
	return providers.Only(s, keys), nil
}

// ListZones returns the active domains of the account in order
// (https://www.namesilo.com/api-reference#domains/list-domains).
func (p *Provider) ListZones(ctx context.Context) ([]zone.Name, error) {
	r, err := p.call(ctx, opListDomains, nil)
	if err != nil {
		return nil, fmt.Errorf("list zones: %w", explain(err))
	}
	var zones []zone.Name
	for _, d := range r.domains {
		zones = append(zones, canonical(d))
	}
	slices.SortFunc(zones, zone.CompareNames)
	return slices.Compact(zones), nil
}

// list returns the records of z as the API has them.
func (p *Provider) list(ctx context.Context, z zone.Name) ([]record, error) {
	r, err := p.call(ctx, opListRecords, url.Values{"domain": {z.Display()}})
	if err != nil {
		return nil, explain(err)
	}
	return r.records, nil
}

// canonical reads a name of the API's, which may hold U-labels.
func canonical(s string) zone.Name {
	if n, err := zone.ParseName(s); err == nil {
		return n
	}
	return zone.Canonical(s)
}
