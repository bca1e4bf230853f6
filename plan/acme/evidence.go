package acme

// zoneEvidence is what has been asked about a zone, once for all its names.
type zoneEvidence struct {
	dnsZone
	httpZone
	operationZone
	tlsZone
}

// nameEvidence is what has been asked about one name, once for all its checks.
type nameEvidence struct {
	dnsName
	httpName
	tlsName
}
