package cloudflare

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// op is one operation of a batch. A patch holds what changes alone.
type op struct {
	key     zone.Key
	id      string // empty for a post
	content netip.Addr
	ttl     int64     // 0 is left as it is
	proxied *bool     // nil is left as it is
	comment *string   // nil is left as it is
	tags    *[]string // nil is left as it is
}

// batch is what one request does, in Cloudflare's order: deletes, patches,
// posts.
type batch struct {
	*providers.Batch
	deletes, patches, posts []op
}

func (b *batch) size() int { return len(b.deletes) + len(b.patches) + len(b.posts) }

func (b *batch) join(o batch) {
	for _, g := range o.Groups {
		b.Add(g)
	}
	b.deletes = append(b.deletes, o.deletes...)
	b.patches = append(b.patches, o.patches...)
	b.posts = append(b.posts, o.posts...)
}

// compile makes batches of at most limit operations out of the groups, in their
// order and without parting one. Groups that are as wanted take none.
func compile(v *view, all *providers.Batch, limit int) ([]batch, error) {
	var batches []batch
	for _, g := range all.Groups {
		b := operations(v, all.Part(g))
		switch last := len(batches) - 1; {
		case b.size() == 0:
		case b.size() > limit:
			return nil, all.Refuse(g.Changes[0].Key(), fmt.Sprintf("%s takes %d operations at once, the zone's plan allows %d", g.Name, b.size(), limit))
		case last >= 0 && batches[last].size()+b.size() <= limit:
			batches[last].join(b)
		default:
			batches = append(batches, b)
		}
	}
	return batches, nil
}

// operations returns what makes one name as wanted.
func operations(v *view, name *providers.Batch) batch {
	b := batch{Batch: name}
	if g := name.Groups[0]; g.Replaces != "" {
		for _, r := range v.cnames[g.Name] {
			b.deletes = append(b.deletes, op{key: g.Changes[0].Key(), id: r.ID})
		}
	}
	for _, c := range name.Changes {
		live, _ := v.snapshot.Find(c.Key())
		if c.After == nil || !same(*c.After, live) {
			b.change(v.sets[c.Key()], c)
		}
	}
	return b
}

// same tells whether both sets are alike in all that can be written.
func same(after, live zone.RRset) bool {
	return live.Meets(after) && (after.Auto == live.Auto || after.TTL == live.TTL && !after.Auto) &&
		(after.Members == nil || after.SameBeside(live))
}

// change turns the live records of a set into those wanted: addresses that go
// are patched into those that come, so that the records keep what is beside the
// address; what is left over is deleted or posted.
func (b *batch) change(live []record, c providers.Change) {
	var come []netip.Addr
	if c.After != nil {
		come = slices.Clone(c.After.Addrs)
	}
	var free []record
	for _, r := range live {
		i := slices.Index(come, r.addr)
		if i < 0 {
			free = append(free, r)
			continue
		}
		come = slices.Delete(come, i, i+1)
		b.patch(r, r.addr, *c.After)
	}
	for _, r := range free {
		if len(come) == 0 {
			b.deletes = append(b.deletes, op{key: c.Key(), id: r.ID})
			continue
		}
		b.patch(r, come[0], *c.After)
		come = come[1:]
	}
	for _, a := range come {
		o := op{key: c.Key(), content: a, ttl: wire(*c.After), proxied: &c.After.Proxied}
		o.annotate(record{}, a, *c.After)
		b.posts = append(b.posts, o)
	}
}

// annotate sets comment and tags where after says what they are, as a set from a
// backup does, and r has others.
func (o *op) annotate(r record, addr netip.Addr, after zone.RRset) {
	i := slices.Index(after.Addrs, addr)
	if i < 0 || len(after.Members) != len(after.Addrs) {
		return
	}
	m := &after.Members[i]
	if m.Comment != r.Comment {
		o.comment = &m.Comment
	}
	if !slices.Equal(slices.Sorted(slices.Values(m.Tags)), slices.Sorted(slices.Values(r.Tags))) {
		tags := append([]string{}, m.Tags...)
		o.tags = &tags
	}
}

// patch makes r one of after's, with the given address, unless it is.
func (b *batch) patch(r record, addr netip.Addr, after zone.RRset) {
	o := op{key: after.Key, id: r.ID}
	if addr != r.addr {
		o.content = addr
	}
	if r.Proxied != after.Proxied {
		o.proxied = &after.Proxied
	}
	// An automatic TTL of an unproxied record is 300 seconds, so that one
	// stays where 300 is wanted.
	stays := r.TTL == autoTTL && !r.Proxied && !after.Proxied && after.TTL == zone.AutoTTL
	if ttl := wire(after); ttl != r.TTL && !stays {
		o.ttl = ttl
	}
	o.annotate(r, addr, after)
	if o.content.IsValid() || o.proxied != nil || o.ttl != 0 || o.comment != nil || o.tags != nil {
		b.patches = append(b.patches, o)
	}
}

// wire is a set's TTL as the API takes it.
func wire(r zone.RRset) int64 {
	if r.Auto || r.Proxied {
		return autoTTL
	}
	return int64(r.TTL)
}

var pointer = regexp.MustCompile(`\b(deletes|patches|posts)\W+(\d+)`)

// culprit is the set that a refusal is about: the one that its pointer leads to,
// the only one of the batch, or the only one whose name it mentions.
func (b *batch) culprit(e *apiError) zone.Key {
	for _, f := range e.faults {
		if m := pointer.FindStringSubmatch(f.Source.Pointer); m != nil {
			ops := map[string][]op{"deletes": b.deletes, "patches": b.patches, "posts": b.posts}[m[1]]
			if i, err := strconv.Atoi(m[2]); err == nil && i < len(ops) {
				return ops[i].key
			}
		}
	}
	keys := b.Keys()
	if len(keys) == 1 {
		return keys[0]
	}
	var named []zone.Key
	for _, word := range strings.FieldsFunc(e.Error(), func(r rune) bool { return strings.ContainsRune(` "'(),;`, r) }) {
		for _, k := range keys {
			if strings.TrimRight(word, ".:") == k.Name.Display() && !slices.Contains(named, k) {
				named = append(named, k)
			}
		}
	}
	if len(named) == 1 {
		return named[0]
	}
	return zone.Key{}
}
