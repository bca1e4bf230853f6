// Package zone holds dnsplan's words as types: an owner name, a TTL, an RRset
// and the snapshot of a zone that a provider returned. It imports nothing of
// the module, so that every other package can speak in these words.
//
// Strings from outside are parsed once, at the edge:
//
//	n, err := zone.ParseName("WWW.Example.org") // www.example.org.
//	ttl, err := zone.ParseTTL("1h")             // 3600
//
// Inside the program a Name is absolute, lower case, made of A-labels and ends
// in a dot, and a TTL is whole seconds (RFC 2181, section 8).
package zone
