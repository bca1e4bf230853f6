package execute

import (
	"context"
	"net/netip"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// route tells of the new addresses that this machine has no way to, each once. It
// stops nothing: who plans on a laptop without IPv6 publishes AAAA records all the
// same, and no packet is sent to find out.
func (w *work) route(ctx context.Context) {
	if w.Router == nil {
		return
	}
	var lines []string
	asked := map[netip.Addr]bool{}
	for _, c := range w.changes() {
		for _, a := range c.Add {
			if asked[a] {
				continue
			}
			asked[a] = true
			if err := w.Router.Route(ctx, a); err != nil {
				lines = append(lines, noWay(a, c.Key, err))
			}
		}
	}
	if len(lines) > 0 {
		w.warnf("there is no way from here to %s: check the addresses, or look from elsewhere", listed(lines, ", nor to "))
	}
}

func noWay(a netip.Addr, k zone.Key, err error) string {
	return a.String() + " of " + k.Display() + " (" + err.Error() + ")"
}
