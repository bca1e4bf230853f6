// Package verify judges what DNS servers answered: who gives the new answer,
// who the old one, with how much of its TTL left, and who said nothing. It asks
// nobody and knows no clock; plan/resolver asks.
//
//	line := verify.Judge(verify.Want{Key: key, Values: addrs}, answer)
//	if line.Verdict.Good() { ... }
//
// Authoritative servers must all agree. Of the resolvers as many as Quorum says,
// out of those that answered the baseline: a silent one never counts as good.
package verify
