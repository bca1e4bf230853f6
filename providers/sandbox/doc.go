// Package sandbox is the provider that needs no account: zone files in a
// folder, two authoritative servers that serve them, and three caching
// recursive resolvers, all inside the process and on loopback ports that the
// kernel picks. The DNS in it is real, over UDP and TCP, so every wait that a
// plan asks for is a real one.
//
//	sb, err := sandbox.Open(ctx, sandbox.Options{Dir: "sandbox"})
//	if err != nil {
//		return err
//	}
//	defer sb.Close()
//	live, err := sb.Read(ctx, "example.org.")
//	servers, resolvers := sb.NameServers(), sb.Resolvers()
//
// The second authoritative server lags behind the first, as a secondary does.
// A resolver caches as Unbound does: whole seconds, no cap, negative answers
// for the negative TTL (RFC 2308).
//
// The parts start alone too, with switches for what goes wrong in the field:
//
//	store := sandbox.NewStore(nil)
//	err := store.Put("example.org.", "@ 60 SOA ns1 host 1 1h 1h 1h 60\nwww 60 A 192.0.2.1")
//	auth, err := sandbox.StartAuthority(ctx, sandbox.AuthorityOptions{Name: "ns1", Store: store})
//	defer auth.Close()
//	auth.SetFaults(sandbox.Faults{Silent: true})
package sandbox
