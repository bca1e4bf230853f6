// Package rehearse orders a certificate that nobody needs, to see whether the one
// that somebody needs could be issued: a real order (RFC 8555, section 7.4) at a
// staging environment or a private authority, validated afresh by HTTP-01.
//
//	r, err := rehearse.Run(ctx, rehearse.Options{
//		Directory: directory, Keys: keys, Planter: planter, AgreeTerms: true,
//	}, "www.example.org")
//	switch {
//	case err != nil: // it could not be tried
//	case r.Problem != nil: // the authority says why it would issue nothing
//		checks := rehearse.Explain(*r.Problem)
//	}
//
// An authority remembers what it has validated, for up to a month, so that an
// order may go well although nothing works any more. An authorization that is
// valid already is therefore given up, and ordered anew. The certificate is thrown
// away with its key; only the account's key is kept, since authorities limit how
// many accounts one address may have.
package rehearse
