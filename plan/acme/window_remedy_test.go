package acme

import (
	"testing"

	"github.com/dnsplan/dnsplan/plan/journal"
)

// What turns a proxy on again is several steps, each of which is offered.
func TestStepsBackToTheProxy(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.proxy("127.0.0.11", false)
	s.opts.Past.Windows = func() ([]journal.OpenWindow, error) { return nil, nil }
	s.opts.Past.Changes = func() ([]journal.Change, error) {
		return []journal.Change{{At: day0, Zone: "example.org.", Name: "www.example.org.", Type: "A", Run: "01K", NewProxied: true}}, nil
	}
	Offers(t, s.only("X-BACK", Fail, "run 01K has left it proxied"),
		"If that was not meant, write into its record in the inventory:\nproxied = true\n",
		"and turn the proxy on again:\ndnsplan plan -o www.example.org.plan www.example.org\n")
	s.proxy("127.0.0.11", true)
	s.answer("127.0.0.11")
	Offers(t, s.only("X-BACK", Fail, "still gives the address behind it"),
		"Wait until the provider's servers have taken the proxy over", "dnsplan check www.example.org --only X-BACK")
}
