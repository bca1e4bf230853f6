// Package inventory loads, validates and writes the TOML file in which people
// say what they want: the zones, their address records, and who may be asked.
//
//	inv, err := inventory.Load("inventory.toml")
//	if errs, ok := errors.AsType[inventory.Errors](err); ok {
//		// every mistake of the file, with its line and column
//	}
//	for _, z := range inv.Zones {
//		for _, r := range z.Records { // one a RRset, in canonical order
//			use(z.Name, r.Key, r.TTL, r.Addrs)
//		}
//	}
//
// Load does three things that can also be done apart: Decode reads the text
// strictly, File.Override lays settings of the environment over it, and
// File.Resolve checks what the text means and turns it into an Inventory, in
// which names are absolute, addresses parsed and hosts looked up.
//
// All mistakes are told in one run. An unknown key, a value of the wrong type
// and a name outside its zone stand side by side in Errors; only broken syntax
// hides the rest. Nothing here uses the network, and no secret is read before
// SecretRef.Resolve: the file holds references only.
package inventory
