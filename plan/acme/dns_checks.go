package acme

// dnsChecks are the rows of the table about dns.
func dnsChecks() []check { return nil }
