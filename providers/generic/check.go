package generic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// cannot tells why the provider cannot make a change; empty when it can.
func (p *Provider) cannot(c providers.Change) string {
	e := edit{c}
	switch {
	case strings.ContainsRune(string(e.Key().Name), '\\'):
		return "names with escapes are not written through libdns"
	case e.retimes() && p.quirks.TTL == TTLFixed:
		return fmt.Sprintf("the TTL of values that stay cannot be changed from %d to %d through libdns without a moment in which they are missing", e.Before.TTL, e.After.TTL)
	case (e.Before == nil || e.retimed()) && p.quirks.TTLs != nil && !slices.Contains(p.quirks.TTLs, e.After.TTL):
		return fmt.Sprintf("TTL %d is none of those that the provider takes: %v", e.After.TTL, p.quirks.TTLs)
	}
	return ""
}

// answering are types of records that answer in place of addresses, at vendors
// that have them.
func answering(kind string) bool {
	return slices.Contains([]string{"ALIAS", "ANAME", "FLATTEN", "PULLZONE", "REDIRECT", "SCRIPT", "FORWARD", "WR"}, kind)
}

// check looks whether what is live is what the caller saw.
func (w *writing) check() error {
	if err := w.all.Check(w.seen.snap, nil); err != nil {
		return err
	}
	for _, c := range w.all.Changes {
		for _, r := range w.seen.snap.Others {
			if c.Before == nil && r.Name == c.Key().Name && answering(r.Type) {
				return w.all.Refuse(c.Key(), fmt.Sprintf("there is a record of type %s, which answers in place of addresses", r.Type))
			}
		}
	}
	return nil
}

// find returns the live set of key; nil when there is none.
func find(l *listing, key zone.Key) *zone.RRset { return providers.Live(l.snap, key) }
