package powerdns

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Write reads the zone, compares, and sends one PATCH with all changes, which
// PowerDNS applies whole or not at all: PATCH /servers/{id}/zones/{zone}
// (https://doc.powerdns.com/authoritative/http-api/zone.html). Changes that are
// live already take no PATCH. Receipt.Requests counts both requests.
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	receipt, err := p.write(ctx, z, changes)
	if err != nil {
		return receipt, fmt.Errorf("write %s to %s: %w", z, p.base.Host, err)
	}
	return receipt, nil
}

func (p *Provider) write(ctx context.Context, z zone.Name, changes []providers.Change) (receipt providers.Receipt, err error) {
	b, err := providers.NewBatch(z, changes, providers.Rules{Mapped: true})
	if err != nil || len(changes) == 0 {
		return receipt, err
	}
	done, err := p.turns.Take(ctx, z)
	if err != nil {
		return receipt, err
	}
	defer done()
	h, err := p.getZone(ctx, z)
	receipt.Requests++
	if err != nil {
		return receipt, err
	}
	if err := h.check(b); err != nil {
		return receipt, err
	}
	sets := h.patch(b)
	if len(sets) == 0 {
		receipt.Accepted = time.Now()
		return receipt, nil
	}
	receipt.Requests++
	if err := p.patchZone(ctx, b, sets); err != nil {
		return receipt, err
	}
	receipt.Accepted = time.Now()
	return receipt, nil
}

func (p *Provider) patchZone(ctx context.Context, b *providers.Batch, sets []patchSet) error {
	body, err := json.Marshal(map[string][]patchSet{"rrsets": sets})
	if err != nil {
		return err
	}
	a, err := p.do(ctx, http.MethodPatch, body, nil, p.id, "zones", zoneID(b.Zone))
	switch {
	case err != nil:
		return tooLarge(err, len(body))
	case a.status == http.StatusNoContent:
		return nil
	case a.ok():
		return fmt.Errorf("%w: the change was sent, and %s answers %d, which is not PowerDNS's way", providers.ErrUnknown, p.base.Host, a.status)
	case a.status == http.StatusNotFound:
		return p.notGot(ctx, b.Zone, a)
	}
	reason := a.said()
	if a.status != http.StatusUnprocessableEntity {
		reason = fmt.Sprintf("%d %s", a.status, reason)
	}
	return tooLarge(b.Refuse(culprit(reason, b.Keys()), reason), len(body))
}

// largeBody is the default of webserver-max-bodysize, in octets.
const largeBody = 2 << 20

// tooLarge adds to an error what it may come from: PowerDNS hangs up on a body
// that is too long, mostly before its answer can be read.
func tooLarge(err error, size int) error {
	if size <= largeBody {
		return err
	}
	return fmt.Errorf("%w (the request has %d octets, more than the 2 MB that PowerDNS takes unless webserver-max-bodysize says otherwise)", err, size)
}

// The forms in which PowerDNS names a set: "RRset www.example.org. IN A:
// Conflicts with pre-existing RRset", "Record www.example.org./A '300': Parsing
// record content ...", "Name 'a\032b.example.org.' contains unsupported
// characters".
var (
	inSet      = regexp.MustCompile(`(?:^|\s)(\S+) IN (A|AAAA)\b`)
	slashType  = regexp.MustCompile(`(?:^|\s)(\S+)/(A|AAAA)\s`)
	quotedName = regexp.MustCompile(`Name '(.+)' contains`)
)

// culprit finds the one of keys that PowerDNS named; zero if none.
func culprit(reason string, keys []zone.Key) zone.Key {
	for _, form := range []*regexp.Regexp{inSet, slashType, quotedName} {
		m := form.FindStringSubmatch(reason)
		if m == nil {
			continue
		}
		name := zone.Canonical(m[1])
		for _, k := range keys {
			if k.Name == name && (len(m) == 2 || strings.EqualFold(m[2], k.Type.String())) {
				return k
			}
		}
	}
	return zone.Key{}
}

// copied tells the kinds of zones that a server only has from another one. The
// words changed with PowerDNS 4.5 and its catalog zones.
func copied(kind string) bool {
	return slices.Contains([]string{"slave", "secondary", "consumer"}, strings.ToLower(kind))
}

func kindReason(z zone.Name, doc zoneDoc) string {
	from := "another server"
	if len(doc.Masters) > 0 {
		from = strings.Join(doc.Masters, ", ")
	}
	return fmt.Sprintf("%s is of kind %s on this server, which transfers it from %s and would lose the change: change it there", z, doc.Kind, from)
}
