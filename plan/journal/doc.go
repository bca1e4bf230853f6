// Package journal is dnsplan's state on disk: the folder of each run with its
// plan and its append-only journal, the locks of zones, and the change log that
// users read.
//
// A run is claimed, written to, and read again after a crash:
//
//	err := journal.OpenState(dir)
//	release, err := journal.AcquireLocks(dir, []journal.LockName{{Zone: "example.org."}}, holder)
//	w, err := journal.CreateRun(dir, id, planJSON, journal.Event{At: now, Kind: journal.Begin})
//	_, err = w.Append(journal.Event{At: now, Kind: journal.Start, Step: "s1"})
//	// ... the process dies ...
//	run, err := journal.FindRun(dir, "last")
//	events, w, repaired, err := run.Open()
//
// An event is on disk before Append returns, so a step writes its start first,
// acts, and writes its done. A start without a done means that the outcome is
// unknown and that the step must look before it writes.
//
// The journal is JSON lines. The last member of each line is "crc": eight
// lower-case hexadecimal digits of the CRC-32C (Castagnoli; RFC 3720, appendix
// B.4) over the line's bytes from the first brace up to, and without, the comma
// before that member. Every line stays valid JSON for jq and ends in a newline.
//
// The change log is a hash chain, so that an entry that was edited, taken out,
// put in or moved is found by VerifyChanges. The hash has no key: it is there
// against the hand that puts the record right, and not against somebody who may
// write to the whole state folder and makes the log and all journals anew. The
// end of each run keeps the hash of the log's last entry; keeping it elsewhere
// too is the defence against that.
//
// Everything is written with mode 0600 in folders of mode 0700. Keeping secrets
// out of events and changes is the caller's duty.
package journal
