package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

const (
	// mostSkew is how wrong this machine's clock may be: deadlines and change
	// windows go by it.
	mostSkew = 30 * time.Second
	// soon is when a token's end is told: a staged run can take days.
	soon = 7 * 24 * time.Hour
)

// Examine has each token verified, and looks at each zone and at what the token
// may do there. It takes a request for each token and one or two for each zone.
func (p *Provider) Examine(ctx context.Context, zones []zone.Name) []providers.Finding {
	var n tally
	var found []providers.Finding
	var seen, read bool // a zone by the zone token, its records by the API token
	for _, z := range zones {
		info, err := p.zone(ctx, &n, z)
		if err != nil {
			found = append(found, failed("zone", z, err))
			continue
		}
		may := p.permission(ctx, &n, z, info)
		seen, read = true, read || may.Err == nil
		found = append(found, info.finding(z), may)
	}
	tokens := []providers.Finding{p.verify(ctx, &n, "api_token", p.apiToken, dnsEdit, read)}
	if p.split {
		tokens = append(tokens, p.verify(ctx, &n, "zone_token", p.zoneToken, zoneRead, seen))
	}
	return append(append(tokens, found...), p.clock())
}

// failed is a finding about a request that failed, with its advice.
func failed(topic string, z zone.Name, err error) providers.Finding {
	f := providers.Finding{Topic: topic, Zone: z, Verdict: providers.Bad, Detail: err.Error(), Err: err}
	if a, ok := errors.AsType[*advice](err); ok {
		f.Detail, f.Remedy = strings.TrimSuffix(f.Detail, ": "+a.remedy), a.remedy
	}
	return f
}

// verify asks about a token, which needs a permission
// (https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/).
// A token of an account is verified elsewhere; that it works shows in zones.
func (p *Provider) verify(ctx context.Context, n *tally, which, token, needed string, works bool) providers.Finding {
	f := providers.Finding{Topic: "credentials"}
	var state struct {
		Status    string    `json:"status"`
		ExpiresOn time.Time `json:"expires_on"`
		NotBefore time.Time `json:"not_before"`
	}
	err := p.getToken(ctx, n, token, &state)
	_, refused := errors.AsType[*apiError](err)
	switch {
	case refused && works:
		f.Verdict, f.Detail = providers.Unclear, which+": Cloudflare does not verify it as a user's token, as with one of an account; it works all the same"
		return f
	case err != nil:
		f := failed("credentials", "", explain(err, needed))
		f.Detail = which + ": " + f.Detail
		return f
	case state.Status != "active":
		f.Verdict, f.Detail, f.Remedy = providers.Bad, which+" is "+state.Status, "roll or renew it at dash.cloudflare.com, My Profile, API Tokens"
		return f
	}
	f.Detail = which + " is active"
	now := time.Now()
	if state.NotBefore.After(now) {
		f.Verdict, f.Remedy = providers.Bad, "wait, or make another token"
		f.Detail += ", but not before " + state.NotBefore.UTC().Format(time.RFC3339)
	}
	if !state.ExpiresOn.IsZero() {
		f.Detail += " until " + state.ExpiresOn.UTC().Format(time.RFC3339)
		if state.ExpiresOn.Sub(now) < soon {
			f.Verdict, f.Remedy = providers.Unclear, "renew it before a run that lasts longer"
		}
	}
	return f
}

// getToken leaves out the SDK, whose package for this is large.
func (p *Provider) getToken(ctx context.Context, n *tally, token string, into any) error {
	answer, err := p.askPlain(ctx, n, token, "/user/tokens/verify")
	if err != nil {
		return err
	}
	return json.Unmarshal(answer.Result, into)
}

// finding is what the look-up told.
func (i zoneInfo) finding(z zone.Name) providers.Finding {
	f := providers.Finding{Topic: "zone", Zone: z}
	f.Detail = fmt.Sprintf("%s, plan %s, account %s, %d records in a batch", orUnknown(i.Status), orUnknown(i.Plan.LegacyID), i.Account, i.batch())
	switch {
	case i.Type == "secondary":
		f.Verdict, f.Remedy = providers.Bad, "change the records at the primary"
		f.Detail += "; a secondary zone takes its records from its primary"
	case i.Type == "partial":
		f.Verdict, f.Remedy = providers.Unclear, "list the servers to ask under servers in the inventory"
		f.Detail += "; a partial zone is delegated elsewhere, and Cloudflare serves the names that point to it"
	case i.Paused:
		f.Verdict, f.Remedy = providers.Unclear, "resume Cloudflare on the zone's overview, if its proxy is wanted"
		f.Detail += "; Cloudflare is paused: proxied names answer with their own addresses"
	}
	return f
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// permission tells what the API token may do in the zone. The permissions in a
// zone are those of whoever asked, so they say nothing where that was the zone
// token; then a read is tried.
func (p *Provider) permission(ctx context.Context, n *tally, z zone.Name, info *zoneInfo) providers.Finding {
	f := providers.Finding{Topic: "permissions", Zone: z}
	switch {
	case !p.split && slices.Contains(info.Permissions, "#dns_records:edit"):
		f.Detail = "may edit DNS records"
		return f
	case !p.split && slices.Contains(info.Permissions, "#dns_records:read"):
		f.Verdict, f.Detail = providers.Bad, "may read DNS records, but not edit them"
		f.Remedy = "add the permission " + dnsEdit + " to the token"
		return f
	}
	if _, err := p.list(ctx, n, info.ID, z); err != nil {
		return failed("permissions", z, explain(err, dnsRead))
	}
	f.Verdict, f.Detail = providers.Unclear, "reads DNS records; whether it may edit them cannot be told without writing"
	f.Remedy = "make sure that the token has the permission " + dnsEdit
	return f
}

// clock compares this machine's clock with Cloudflare's.
func (p *Provider) clock() providers.Finding {
	f := providers.Finding{Topic: "clock", Verdict: providers.Unclear, Detail: "no answer told the time"}
	ahead, known := p.chain.Skew()
	switch {
	case !known:
		return f
	case ahead.Abs() <= mostSkew:
		f.Verdict, f.Detail = providers.Good, fmt.Sprintf("within %s of Cloudflare's", max(ahead.Abs(), time.Second))
		return f
	case ahead > 0:
		f.Detail = fmt.Sprintf("%s ahead of Cloudflare's", ahead)
	default:
		f.Detail = fmt.Sprintf("%s behind Cloudflare's", ahead.Abs())
	}
	f.Verdict, f.Remedy = providers.Bad, "set this machine's clock (NTP): change windows and deadlines go by it"
	return f
}
