// Package providertest is the suite that every adapter passes: what the
// provider contract promises, tried on a live zone.
//
//	func TestSuite(t *testing.T) {
//		providertest.Run(t, providertest.Harness{
//			Open: func(t *testing.T, text string) providertest.Zone {
//				return newZone(t, "example.org.", text)
//			},
//		})
//	}
//
// The harness seeds each zone from master file text and lists, from behind the
// provider's back, all records that are not addresses, so that a provider
// cannot hide what it broke.
package providertest
