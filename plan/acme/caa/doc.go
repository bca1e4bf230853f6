// Package caa tells whether the CAA records of a name let a certificate
// authority issue for it (RFC 8659) by HTTP-01 (RFC 8657), and what to change
// where they do not:
//
//	r := caa.Check(ctx, caa.DNS{Client: client, Route: route}, caa.Request{
//		Name: "www.example.org.", Issuers: []string{"letsencrypt.org"},
//	})
//	if r.Outcome != caa.Allowed {
//		fmt.Fprintln(w, r)         // CAA at example.org permits only digicert.com
//		fmt.Fprintln(w, r.Fix.Add) // [0 issue "letsencrypt.org"]
//	}
//
// All labels up to the top-level domain are asked about at once. The nearest
// set that is not empty decides alone, whatever is above it; a failure that is
// nearer than it hides what may be there, so then nobody may issue. Where the
// RFCs leave room the rules are those of Let's Encrypt, which are strict:
// issuers are compared letter by letter, the flag 1 is as critical as 128, and
// a value that does not parse permits nothing.
//
// Wildcards are not judged: HTTP-01 cannot prove them, so issuewild records
// have no say.
package caa
