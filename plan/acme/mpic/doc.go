// Package mpic tells how likely it is that a certificate authority issues, when
// only some of the answers to its HTTP-01 requests are the right ones.
//
// An authority asks from several places of the network, its perspectives, and
// corroborates what the first of them has seen (CA/Browser Forum Baseline
// Requirements, section 3.2.2.9). So a name that answers rightly half of the
// time is validated far less often than half of the time:
//
//	q := mpic.Rule(now, mpic.LetsEncrypt)
//	p := q.Chance(1.0 / 3)     // one of three backends has the token
//	fmt.Println(mpic.Words(p)) // about 3.7 % of issuances succeed
package mpic
