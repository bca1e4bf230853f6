// Package parking tells what a name looks like that nobody has put to use yet:
// its registrar, or a market for names, answers in its place.
//
//	signs := parking.Judge(parking.Evidence{NameServers: ns, Addrs: addrs, Path: page})
//	if len(signs) > 0 {
//		fmt.Println(parking.Words(signs)) // looks like parking at Sedo: ns1.sedoparking.com ...
//	}
//
// No sign is proof, and all of them together are none: a page that is answered to
// any path may be an application of one page, and a list of parking services is
// never whole. Use it to explain why a challenge failed, and never to fail a name
// whose challenge is answered well.
package parking
