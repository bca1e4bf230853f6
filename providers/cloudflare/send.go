package cloudflare

import (
	"context"

	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/dnsplan/dnsplan/inventory/zone"
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

func (o op) patchParam() dns.BatchPatchUnionParam {
	if o.key.Type == zone.AAAA {
		r := dns.BatchPatchAAAARecordParam{AAAARecordParam: o.aaaa()}
		r.ID.Value, r.ID.Present = o.id, true
		return r
	}
	r := dns.BatchPatchARecordParam{ARecordParam: o.a()}
	r.ID.Value, r.ID.Present = o.id, true
	return r
}

func (o op) postParam() dns.RecordBatchParamsPostUnion {
	if o.key.Type == zone.AAAA {
		r := o.aaaa()
		r.Name.Value, r.Name.Present = o.key.Name.Display(), true
		r.Type.Value, r.Type.Present = dns.AAAARecordTypeAAAA, true
		return r
	}
	r := o.a()
	r.Name.Value, r.Name.Present = o.key.Name.Display(), true
	r.Type.Value, r.Type.Present = dns.ARecordTypeA, true
	return r
}

// a holds what the operation sets of an A record.
func (o op) a() (r dns.ARecordParam) {
	if o.content.IsValid() {
		r.Content.Value, r.Content.Present = o.content.String(), true
	}
	if o.ttl != 0 {
		r.TTL.Value, r.TTL.Present = dns.TTL(o.ttl), true
	}
	if o.proxied != nil {
		r.Proxied.Value, r.Proxied.Present = *o.proxied, true
	}
	if o.beside.Comment != "" {
		r.Comment.Value, r.Comment.Present = o.beside.Comment, true
	}
	if len(o.beside.Tags) > 0 {
		r.Tags.Value, r.Tags.Present = tags(o.beside), true
	}
	return r
}

// aaaa is a for an AAAA record: the SDK has a type for each.
func (o op) aaaa() (r dns.AAAARecordParam) {
	if o.content.IsValid() {
		r.Content.Value, r.Content.Present = o.content.String(), true
	}
	if o.ttl != 0 {
		r.TTL.Value, r.TTL.Present = dns.TTL(o.ttl), true
	}
	if o.proxied != nil {
		r.Proxied.Value, r.Proxied.Present = *o.proxied, true
	}
	if o.beside.Comment != "" {
		r.Comment.Value, r.Comment.Present = o.beside.Comment, true
	}
	if len(o.beside.Tags) > 0 {
		r.Tags.Value, r.Tags.Present = tags(o.beside), true
	}
	return r
}

func tags(m zone.Member) []dns.RecordTagsParam {
	out := make([]dns.RecordTagsParam, len(m.Tags))
	for i, t := range m.Tags {
		out[i] = dns.RecordTagsParam(t)
	}
	return out
}
