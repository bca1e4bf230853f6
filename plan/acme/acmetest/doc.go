// Package acmetest runs a certificate authority in a test: Pebble, in process,
// which validates over the network and DNS of the test alone, and web servers
// that share a port on several loopback addresses, so that a moved name is a
// changed A record.
//
//	web := acmetest.Listen(t, "127.0.0.11", "127.0.0.12") // old and new server
//	site := &acmetest.Site{} // or http.FileServer(http.Dir(webroot))
//	acmetest.Serve(t, web[1], site)
//	zone := resolvertest.NewZone(t,
//		"example.org.     300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60",
//		"www.example.org. 300 IN A 127.0.0.11")
//	ca := acmetest.NewCA(t, acmetest.Config{
//		DNS:      resolvertest.Serve(t, zone),
//		HTTPPort: acmetest.Port(web[0]),
//	})
//	chain, err := ca.Order(t.Context(), site, "www.example.org")
//
// What Pebble is not: it asks DNS over TCP alone, connects to the first AAAA
// address or else to the first A address and never falls back, and knows
// neither CAA nor DNSSEC nor bounds of redirects and bodies. An AAAA record of
// ::ffff:127.0.0.12 takes it to 127.0.0.12, on a machine without IPv6 too.
package acmetest
