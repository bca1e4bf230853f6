package generic_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dnsplan/dnsplan/providers/generic"
)

// The types that go through libdns: how the TTL of a value that stays is changed
// at each, and how its requests come to the chain.
func ExampleCatalogue() {
	catalogue := generic.Catalogue()
	for _, kind := range slices.Sorted(maps.Keys(catalogue)) {
		fmt.Printf("%s: %s; %s\n", kind, catalogue[kind].Quirks.TTL, catalogue[kind].Quirks.Chain)
	}
	// Output:
	// bunny: the vendor's own API; by its context
	// cloudns: SetRecords changes the record; by the client that it takes
	// desec: SetRecords replaces the set; by its context
	// digitalocean: SetRecords changes the record; by the client that it takes
	// gandi: append sets it; by its context
	// glesys: the vendor's own API; by its context
	// hetzner: the vendor's own API; by its context
	// ovh: the vendor's own API; by its context, or by what the request carries
	// transip: append, then delete; by its context
}
