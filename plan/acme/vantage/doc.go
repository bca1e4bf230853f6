// Package vantage asks from elsewhere. A certificate authority fetches an
// HTTP-01 challenge from several places of the network; what a firewall lets
// through, where a name leads, and who is filtered by country cannot be told from
// one machine alone. A vantage is another machine that fetches for us:
//
//	reply, err := probe.Ask(ctx, vantage.Request{
//		URL:    "http://www.example.org/.well-known/acme-challenge/TOKEN",
//		Expect: "TOKEN.THUMBPRINT",
//	})
//	switch {
//	case err != nil: // the vantage itself was of no use: nothing can be said
//	case !reply.OK: // it fetched, and says in reply.Error what it met
//	}
//
// # The form
//
// One JSON object goes out and one comes back, over HTTP(S) by POST, as
// application/json, or on the standard streams of a command. `dnsplan vantage` is
// such a command; anything else that reads and writes this form will do. A request:
//
//	{"version": 1,
//	 "url": "http://www.example.org/.well-known/acme-challenge/TOKEN",
//	 "address": "203.0.113.11",
//	 "expect": "TOKEN.THUMBPRINT",
//	 "timeout_seconds": 20}
//
// The url is plain http and its path lies below /.well-known/acme-challenge/; it
// names no port but the challenge's own. An address, where there is one, is
// connected to in place of what the DNS says. Without expect any answer with
// status 200 is well. A reply:
//
//	{"version": 1, "vantage": "frankfurt", "at": "2026-11-27T12:00:00Z",
//	 "ok": false, "status": 404, "body": "not found",
//	 "addresses": ["203.0.113.11"], "address": "203.0.113.11",
//	 "header": {"Server": "nginx"},
//	 "error": {"kind": "status", "detail": "answered 404"}}
//
// A request that is not carried out, as one without a url, has an error of the
// kind "refused-request", and tells nothing about the name. Nor does one of the
// kind "no-resolver": the vantage could not look the host up.
//
// Either side ignores members that it does not know, and refuses another
// version. What is missing or empty is not known.
package vantage
