package namesilo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// tolerable is how far a clock may be off. No request depends on it; the times
// in journals and change windows do.
const tolerable = time.Minute

// Examine lists the account's domains, and the records of each zone.
func (p *Provider) Examine(ctx context.Context, zones []zone.Name) []providers.Finding {
	held, err := p.ListZones(ctx)
	if err != nil {
		f := providers.Finding{Topic: "credentials", Verdict: providers.Bad, Detail: err.Error(), Err: err}
		if errors.Is(err, providers.ErrCredentials) {
			f.Remedy = "make or check the key, and the addresses that may use it, at " + keyPage
		}
		return []providers.Finding{f}
	}
	out := []providers.Finding{
		{Topic: "credentials", Detail: "the key is accepted"},
		{
			Topic: "permissions", Verdict: providers.Unclear,
			Detail: "NameSilo tells only by a write whether a key may write",
		},
	}
	for _, z := range zones {
		out = append(out, p.examineZone(ctx, z, held))
	}
	return append(out, p.examineClock()...)
}

func (p *Provider) examineZone(ctx context.Context, z zone.Name, held []zone.Name) providers.Finding {
	f := providers.Finding{Topic: "zone", Zone: z}
	if !slices.Contains(held, z) {
		f.Verdict, f.Detail = providers.Bad, "not among the active domains of the account"
		f.Remedy = "check the zone's name, and that the key is of the account that holds the domain"
		return f
	}
	if _, err := p.Read(ctx, z); err != nil {
		f.Verdict, f.Detail, f.Err = providers.Bad, err.Error(), err
		if _, refused := errors.AsType[*refusal](err); refused {
			f.Remedy = "see whether the domain's DNS records can be opened on NameSilo's pages"
		}
		return f
	}
	f.Detail = "an active domain of the account"
	return f
}

func (p *Provider) examineClock() []providers.Finding {
	ahead, known := p.chain.Skew()
	if !known {
		return nil
	}
	f := providers.Finding{Topic: "clock", Detail: fmt.Sprintf("%s ahead of NameSilo's", ahead)}
	if ahead.Abs() > tolerable {
		f.Verdict, f.Remedy = providers.Unclear, "set this machine's clock by NTP"
	}
	return []providers.Finding{f}
}
