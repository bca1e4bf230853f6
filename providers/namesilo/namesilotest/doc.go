// Package namesilotest is a stand-in for NameSilo's API on the loopback, as
// strict as the vendor about what it is asked and stricter about what is asked
// for nothing:
//
//	s := namesilotest.New(t, namesilotest.Options{Key: "key"})
//	s.Hold("example.org", namesilotest.Record{Type: "A", Host: "www", Value: "192.0.2.1", TTL: 3600})
//	p, err := namesilo.New(namesilo.Config{APIKey: "key", BaseURL: s.URL})
//
// It answers in JSON and in XML, lists records as the vendor does, and logs each
// request. Faults are injected by operation.
package namesilotest
