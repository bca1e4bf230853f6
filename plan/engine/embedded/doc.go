// Package embedded runs plans in this process, over a journal on disk. It is a
// loop over execute.Next and execute.Runner that writes down each event before
// it acts on it, and that waits on a timer, never by polling.
//
//	e := embedded.New(embedded.Options{State: dir, Clock: embedded.SystemClock{}, Connect: connect})
//	id, err := e.Start(ctx, p)
//	result, err := e.Wait(ctx, id)
//
// A process that dies leaves its journal; Signal(Resume) and Wait in another
// process go on from there. Deadlines are absolute, so the time that has been
// served counts.
package embedded
