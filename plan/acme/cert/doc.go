// Package cert asks which certificate a server has for a name, at an address of
// the caller's choosing, and judges it: whether clients will take it, when it is
// due for renewal, and whether it has become another.
//
//	c := cert.New(cert.Options{})
//	s := c.Ask(ctx, "www.example.org", netip.MustParseAddr("203.0.113.11"))
//	if s.Err != nil {
//		return s.Err // nothing was served
//	}
//	for _, p := range cert.Judge(s, now, roots) {
//		fmt.Fprintln(w, p.Text) // "it is signed by Cloudflare for its own proxy alone"
//	}
//	due := c.Due(ctx, s.Leaf(), cert.DirectoryOf(s.Leaf(), directory))
//
// Asking accepts any certificate: what is served is a fact, and whether it is
// good is a judgement, which is pure. Package probe asks the other way round, for
// a certificate that is good.
package cert
