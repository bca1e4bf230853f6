// Package acme predicts whether a certificate authority can validate HTTP-01
// (RFC 8555, section 8.3) through a name, and says what to do where it cannot.
//
// Checks are a table: each has an id, a severity and what it proves, and gives
// findings with one of three outcomes. What nobody can know from where dnsplan
// runs is Unknown, and never a pass.
//
//	e := acme.New(acme.Options{DNS: client, Now: time.Now})
//	found := e.Examine(ctx, subjects, acme.Selection{})
//	for _, f := range found.Findings {
//		fmt.Fprintln(w, f.Check, f.Name, f.Outcome, f.Summary)
//	}
//	if found.Worst() >= acme.Error { ... }
//
// A check asks through the evidence that the names of a zone, and the checks of a
// name, share: what two of them need is asked once.
//
// Files are called by what they ask: dns, http, tls; window is about what stands
// behind a proxy while an issuance window is open, operation about how a name is
// kept. The rows of the table are in X_checks.go, what its checks ask in
// X_evidence.go, and each check is in a file of its subject: D-CAA in dns_caa.go.
package acme
