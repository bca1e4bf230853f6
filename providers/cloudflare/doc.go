// Package cloudflare is the provider of type cloudflare: zones held by
// Cloudflare, through its API version 4 and its official Go SDK.
//
//	p, err := cloudflare.New(cloudflare.Config{Name: "cf", APIToken: token})
//	live, err := p.Read(ctx, "example.org.")
//	receipt, err := p.Write(ctx, "example.org.", changes)
//
// A read is one list of the zone's records, in pages of 5,000. A write is such
// a list, or that of one name, and one batch
// (https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/):
// a database transaction of deletes, patches and posts. A record that stays, or
// whose address is replaced, is patched under its id with what changes alone, so
// that its comment, tags, settings and proxy status remain. Records are never
// put, which would reset them, nor deleted and created again. Cloudflare does
// not compare what a batch replaces, so each write looks right before it.
//
// Proxied records and those with an automatic TTL (1 on the wire) read as Auto.
// A name is proxied as soon as one of its addresses is, so all of them are then
// read as proxied (https://developers.cloudflare.com/dns/proxy-status/).
//
// The SDK builds paths, queries and bodies. Answers are decoded here: the SDK's
// page type drops the number of pages, and its client drops the outcome of a
// request whose context has ended. Its retries are off, because package
// transport has its own, which know a read from a write.
package cloudflare
