// Package resolver asks DNS servers, authoritative ones and resolvers, and
// tells what each said. It is the only place outside the providers that speaks
// the wire, and it judges nothing: that is for plan/verify.
//
// Many questions are asked at once. Each gets exactly one answer, in the order
// of the questions, also when a server is silent or the context ends:
//
//	c := resolver.New(resolver.Options{})
//	defer c.Close()
//	google, err := resolver.ParseServer("google", "8.8.8.8", "udp")
//	key := zone.Key{Name: "www.example.org.", Type: zone.A}
//	for _, a := range c.Ask(ctx, []resolver.Query{{Server: google, Key: key, Recurse: true}}) {
//		fmt.Fprintln(w, a.Server, a.Key, a.Status, a.Addrs, a.TTL)
//	}
//
// An authoritative server is asked without Recurse. One that then answers
// without the AA bit is Lame, whatever else it says.
//
// Ask, SOA and CAA ask the servers they are given. Lookup and LookupCAA ask
// whoever a Route knows for each name, and follow CNAMEs from zone to zone.
// Conduct tries how a server takes the questions of strict resolvers, and
// Secure what a validating one makes of a name's DNSSEC.
//
// All queries to one server share one socket, matched by id, with a window of
// queries in flight. Each try has a socket of its own, so that a repeated query
// has a fresh source port beside its fresh id (RFC 5452, section 9.2).
package resolver
