package acme

// dnsChecks are the rows of the table about the DNS.
func dnsChecks() []check {
	return []check{
		{"D-APEX", Error, "the bare domain has an address", checkApex},
		{"D-WWW", Error, "the name exists at every name server", checkExists},
		{"D-AUTH", Error, "all name servers give the same answer", checkAgree},
		{"D-RESOLV", Warning, "public resolvers give the answer of the name servers", checkResolvers},
		{"D-EXPECT", Error, "the addresses are those of the inventory", checkExpected},
		{"D-SINGLE", Error, "each family has one address", checkSingle},
		{"D-AAAA", Error, "no IPv6 address takes the challenge elsewhere", checkIPv6},
		{"D-RESERVED", Fatal, "the addresses are public", checkReserved},
		{"D-CNAME", Error, "the alias leads to an address", checkAlias},
		{"D-TTL", Warning, "the TTL fits what is planned", checkTTL},
		{"D-WAIT", Error, "resolvers have forgotten what stood before", checkWait},
		{"D-NEG", Warning, "no resolver remembers that the name was missing", checkNegative},
		{"D-DNSSEC", Fatal, "DNSSEC does not fail", checkSecure},
		{"D-NSOK", Error, "strict resolvers can ask each name server", checkConduct},
		{"D-CAA", Fatal, "CAA records let the authority issue by HTTP-01", checkCAA},
		{"D-SPLIT", Warning, "inside and outside see the same addresses", checkSplit},
	}
}
