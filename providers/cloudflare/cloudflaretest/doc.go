// Package cloudflaretest is a fake of the part of Cloudflare's API version 4 that
// deals with DNS records, as strict as the original is known to be.
//
//	s := cloudflaretest.Start(t)
//	s.AddToken(cloudflaretest.Token{Value: "secret", All: cloudflaretest.Edit})
//	s.AddZone(cloudflaretest.Zone{Name: "example.org", Plan: "free"})
//	s.Put("example.org", cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.1", TTL: 300})
//	p, err := cloudflare.New(cloudflare.Config{APIToken: "secret", BaseURL: s.BaseURL()})
//
// It refuses what Cloudflare refuses, with its codes where they are known:
// TTLs from 2 to 59, a CNAME record beside an address, a second identical
// record, tags on a free plan, fields that do not exist. A batch is one
// transaction. DNS is what the world sees of the records: of a proxied name, the
// addresses of the edge. Put and Edit are somebody else at work: they are not
// checked and not counted. Log holds the requests. Each is also held against what
// Cloudflare's SDK, made from the API's OpenAPI document, says of it: a test whose
// requests break that fails.
package cloudflaretest
