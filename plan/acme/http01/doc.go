// Package http01 asks for an ACME challenge as a certificate authority's
// validation server does (RFC 8555, section 8.3), so that its verdict is the
// authority's, before the authority is asked:
//
//	v := http01.New(http01.Options{
//		Lookup:   http01.DNS{Client: client, Route: resolver.Route{Resolvers: resolvers}},
//		Reserved: http01.Reserved,
//	})
//	r := v.Validate(ctx, http01.Request{Host: "www.example.org", Token: token, Want: keyAuth})
//	if r.Err != nil {
//		fmt.Fprintln(w, r.Verdict, r.Err.Kind, r.Err)
//	}
//
// The rules are those that Let's Encrypt's authority is measured to follow, and
// are stricter than RFC 8555:
//
//   - A and AAAA are looked up side by side; one family is enough. Addresses in
//     the special-purpose registries do not count.
//   - The first IPv6 address is asked, or the first IPv4 address where there is
//     none. Only where the very first connection cannot be made is the first
//     IPv4 address asked next. No other address is ever asked.
//   - At most eleven redirects are followed, of status 301, 302, 307 and 308, to
//     http and https on ports 80 and 443, never to a URL that was fetched before
//     and never to a name below no public top-level domain. The certificate of
//     an https target does not matter.
//   - The answer has status 200 and the key authorization as its body, with
//     nothing but white space behind it, in fewer than 128 octets.
//
// Let's Encrypt's own code also turns to IPv4 where the target of a redirect
// cannot be connected to, and asks the host itself once more. That saves only
// servers that answer otherwise over IPv4; its documentation does not promise
// it, and nothing is built on it here.
//
// One verdict is that of one place at one time: which address is "first" is up
// to the authority's resolver. Ask every address of a name by Request.Pin, and
// judge addresses that are not in the DNS yet by Pin or an Overlay.
package http01
