// Package preflight asks a server, before a name is switched to its address,
// whether a certificate can be issued for the name there by HTTP-01 (RFC 8555,
// section 8.3):
//
//	c := preflight.New(preflight.Options{Lookup: lookup, Planter: planter})
//	r := c.Ask(ctx, preflight.Question{
//		Name: "www.example.org.", Addr: netip.MustParseAddr("203.0.113.11"),
//		Challenge: plan.Challenge{Port: 80, HTTPSPort: 443, Planter: "web-02"},
//	})
//	if !r.Good() {
//		return r.Err // nothing is switched
//	}
//
// Where the plan says who places tokens, one is placed and asked for, at the new
// address and at the old ones: an authority that still holds the old answer asks
// there. Else a path is asked for that nobody has placed anything at, which shows
// that a web server answers, and no more.
package preflight
