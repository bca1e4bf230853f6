package acme

// tlsChecks are the rows of the table about tls.
func tlsChecks() []check { return nil }
