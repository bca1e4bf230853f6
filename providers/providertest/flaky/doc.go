// Package flaky stands between a client and a real server in a test, sees what
// both say, and lets some of it go wrong: a request that never arrives, a reply
// that is lost behind a write that has landed, a datagram that comes twice, late
// or not at all, an error that the server has not given.
//
//	p := flaky.DNS(t, server.Addr, func(m *dns.Msg) flaky.Fate {
//		if m.Opcode == dns.OpcodeUpdate {
//			return flaky.LoseReply
//		}
//		return flaky.Pass
//	})
//	... p.Addr ...
//	p.Exchanges() // what the server was asked, and what it answered
//
// What it has seen is the server's side of the story: a test that compares it
// with what the client believes needs no word of the client's.
package flaky
