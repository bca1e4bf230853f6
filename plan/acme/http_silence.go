package acme

import (
	"cmp"
	"context"
	"net/netip"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// httpZone is HTTP's part of a zone's evidence.
type httpZone struct {
	// dropped tells of each address that was asked why no connection stood in time;
	// nil where one did.
	dropped lazies[netip.Addr, *http01.Error]
}

// validate asks the address of r.Pin, and remembers for the zone whether connections
// to it are dropped: what drops them does so for each name and path. While it is asked
// for the first time others wait, and then have the same answer without asking. So it
// costs its time-out once a zone, not several times a name.
func (e *examination) validate(ctx context.Context, v *http01.Validator, r http01.Request) (out http01.Result) {
	told := false
	dropped := e.zone.dropped.get(r.Pin, func() *http01.Error {
		told, out = true, v.Validate(ctx, r)
		if len(out.Hops) == 1 && out.Err != nil && out.Err.Kind == http01.ConnectTimeout {
			return out.Err
		}
		return nil
	})
	switch {
	case told:
		return out
	case dropped == nil:
		return v.Validate(ctx, r)
	}
	again := *dropped
	again.URL = "http://" + r.Host + cmp.Or(r.Path, http01.Path+r.Token)
	return http01.Result{Verdict: http01.Connection, Err: &again, Hops: []http01.Hop{{
		URL: again.URL, Host: r.Host, Pinned: true, Used: r.Pin, Port: uint16(e.opts.HTTPPort), //nolint:gosec // G115: a port, checked by the inventory
	}}}
}
