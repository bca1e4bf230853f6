// Package memory is a provider that keeps its zones in memory, with faults on
// demand: for tests, and for examples that must not need a network.
//
//	p := memory.New(memory.Options{})
//	p.Put(snapshot)
//	p.Inject(memory.LoseReply())
//	_, err := p.Write(ctx, "example.org.", changes) // written, yet ErrUnknown
//	len(p.Writes())                                 // 1
//
// It keeps the contract to the letter: a batch is checked whole, then written
// whole. What stands in the zones is read and changed from behind the
// provider's back with Snapshot and Edit, which are no calls and see no faults.
package memory
