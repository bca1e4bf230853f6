package providers

import (
	"context"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// SetProxied turns the CDN proxy of a provider with Limits.Proxy on or off at
// each name, for all of its A and AAAA records in one write: a name is proxied
// as soon as one of its addresses is
// (https://developers.cloudflare.com/dns/proxy-status/). It returns the changes
// that restore what was there, in the order of their names; none where every name
// was so already, which takes no write. With ErrUnknown and ErrPartial they are
// returned too. A name without an address, or with a foreign one, is an error.
func SetProxied(ctx context.Context, p Provider, z zone.Name, names []zone.Name, on bool) (restore []Change, err error) {
	if !p.Limits(z).Proxy {
		return nil, fmt.Errorf("set the proxy in %s: the provider has none", z)
	}
	live, err := Look(ctx, p, z, addressKeys(names))
	if err != nil {
		return nil, err
	}
	var toggles []Change
	for _, name := range slices.Compact(slices.SortedFunc(slices.Values(names), zone.CompareNames)) {
		sets, err := togglable(live, name)
		if err != nil {
			return nil, fmt.Errorf("set the proxy in %s: %w", z, err)
		}
		for _, before := range sets {
			if before.Proxied == on {
				continue
			}
			after := before.Clone()
			after.Proxied, after.Auto, after.TTL = on, true, zone.AutoTTL
			toggles = append(toggles, Change{Before: &before, After: &after})
			restore = append(restore, Change{Before: &after, After: &before})
		}
	}
	if len(toggles) == 0 {
		return nil, nil
	}
	_, err = p.Write(ctx, z, toggles)
	if err != nil && !uncertain(err) {
		return nil, err
	}
	return restore, err
}

func addressKeys(names []zone.Name) []zone.Key {
	var keys []zone.Key
	for _, n := range names {
		keys = append(keys, zone.Key{Name: n, Type: zone.A}, zone.Key{Name: n, Type: zone.AAAA})
	}
	return keys
}

// togglable returns the address sets at name.
func togglable(live *zone.Snapshot, name zone.Name) ([]zone.RRset, error) {
	var sets []zone.RRset
	for _, k := range addressKeys([]zone.Name{name}) {
		r, ok := live.Find(k)
		if ok && r.Foreign != "" {
			return nil, fmt.Errorf("%s (%s): %w", k, r.Foreign, ErrForeign)
		}
		if ok {
			sets = append(sets, r)
		}
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("%s: no address there", name)
	}
	return slices.Clip(sets), nil
}
