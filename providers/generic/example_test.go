package generic_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dnsplan/dnsplan/providers/generic"
)

// The types that go through libdns, and how the TTL of a value that stays is
// changed at each.
func ExampleCatalogue() {
	catalogue := generic.Catalogue()
	for _, kind := range slices.Sorted(maps.Keys(catalogue)) {
		fmt.Printf("%s: %s\n", kind, catalogue[kind].Quirks.TTL)
	}
	// Output:
	// bunny: the vendor's own API
	// cloudns: SetRecords changes the record
	// desec: SetRecords replaces the set
	// digitalocean: SetRecords changes the record
	// gandi: append sets it
	// glesys: the vendor's own API
	// hetzner: the vendor's own API
	// luadns: SetRecords replaces the set
	// ovh: the vendor's own API
	// transip: append, then delete
}
