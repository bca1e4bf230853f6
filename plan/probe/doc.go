// Package probe asks a service whether it is well, at one address, as a
// record's probe says:
//
//	c := probe.New(probe.Options{Folder: inv.InFolder})
//	r := c.Probe(ctx, probe.Target{Addr: addr, Probe: *change.Probe})
//	if !r.Good() {
//		fmt.Println(r.Asked, r.Err)
//	}
//
// It connects to the address under test and to no other: no DNS, no proxy of
// the environment, no redirect. What it reads is bounded in bytes and in time.
package probe
