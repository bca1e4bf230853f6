// Package execute takes a plan through its steps. Next is the step machine: a
// pure function from what has happened to what to do now. Runner does one step.
// An engine is a loop over the two that writes an event before it acts and
// after:
//
//	for {
//		switch a := execute.Next(p, state, clock.Now()); a.Kind {
//		case execute.Run:
//			events = runner.Run(ctx, a, state)
//		case execute.Sleep:
//			err = clock.SleepUntil(ctx, a.Until)
//		...
//		}
//	}
//
// The unit of success is one step in one zone: a zone that fails is taken back
// at once, and the others go on. Every step looks before it writes: already as
// wanted, done; as expected, act; else stop and say what moved. So a step may
// run again whenever its outcome is not known.
package execute
