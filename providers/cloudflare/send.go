package cloudflare

import (
	"context"

	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"
)

// send makes the request.
func (p *Provider) send(ctx context.Context, n *tally, zoneID string, b batch) error {
	var params dns.RecordBatchParams
	params.ZoneID.Value, params.ZoneID.Present = zoneID, true
	for _, o := range b.deletes {
		var d dns.RecordBatchParamsDelete
		d.ID.Value, d.ID.Present = o.id, true
		params.Deletes.Value, params.Deletes.Present = append(params.Deletes.Value, d), true
	}
	for _, o := range b.patches {
		params.Patches.Value, params.Patches.Present = append(params.Patches.Value, o.patchParam()), true
	}
	for _, o := range b.posts {
		params.Posts.Value, params.Posts.Present = append(params.Posts.Value, o.postParam()), true
	}
	_, err := p.ask(n, p.apiToken, func(opts ...option.RequestOption) error {
		_, err := p.records.Batch(ctx, params, opts...)
		return err
	})
	return err
}

// patchParam sets what changes. It says nothing of the type, so the SDK's patch of
// an A record is that of an AAAA record too.
func (o op) patchParam() (r dns.BatchPatchARecordParam) {
	r.ID.Value, r.ID.Present = o.id, true
	if o.content.IsValid() {
		r.Content.Value, r.Content.Present = o.content.String(), true
	}
	if o.ttl != 0 {
		r.TTL.Value, r.TTL.Present = dns.TTL(o.ttl), true
	}
	if o.proxied != nil {
		r.Proxied.Value, r.Proxied.Present = *o.proxied, true
	}
	if o.comment != nil {
		r.Comment.Value, r.Comment.Present = *o.comment, true
	}
	if o.tags != nil {
		r.Tags.Value, r.Tags.Present = *o.tags, true
	}
	return r
}

func (o op) postParam() (r dns.RecordBatchParamsPost) {
	r.Name.Value, r.Name.Present = o.key.Name.Display(), true
	r.Type.Value, r.Type.Present = dns.RecordBatchParamsPostsType(o.key.Type.String()), true
	r.Content.Value, r.Content.Present = o.content.String(), true
	r.TTL.Value, r.TTL.Present = dns.TTL(o.ttl), true
	r.Proxied.Value, r.Proxied.Present = *o.proxied, true
	if o.comment != nil {
		r.Comment.Value, r.Comment.Present = *o.comment, true
	}
	if o.tags != nil {
		r.Tags.Value, r.Tags.Present = *o.tags, true
	}
	return r
}
