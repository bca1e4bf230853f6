package plan

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// HTTP01 is how a record is marked whose name is validated by HTTP-01 (RFC 8555,
// section 8.3).
const HTTP01 = "http-01"

// Challenge is what the new addresses of a name are asked before the switch, so
// that certificates can be issued behind it, and those behind a proxy once an issuance
// window shows them: the challenge of HTTP-01. It is pure data; package preflight
// asks.
type Challenge struct {
	// Port is where the challenge is fetched, HTTPSPort where a redirect to https
	// leads.
	Port      uint16 `json:"port"`
	HTTPSPort uint16 `json:"https_port"`
	// Planter is the entry of the inventory that says where tokens are placed: a
	// host, or DefaultPlanter. Empty is nowhere: then only a path that nobody has
	// placed anything at can be asked for.
	Planter string `json:"planter,omitempty"`
	// AllowReserved has addresses asked that no public authority connects to.
	AllowReserved bool `json:"allow_reserved,omitempty"`
}

// DefaultPlanter is the Planter that is said of no host but of all.
const DefaultPlanter = "[check]"

// maxPlanter is how many bytes the name of a planter may have.
const maxPlanter = 255

// Counts tells whether the address is asked at all. No public authority connects
// to one in the special-purpose registries.
func (c *Challenge) Counts(a netip.Addr) bool {
	_, special := zone.SpecialOf(a)
	return c.AllowReserved || !special
}

// check tells what the inventory would not have let through.
func (c *Challenge) check() error {
	switch {
	case c.Port == 0 || c.HTTPSPort == 0:
		return errors.New("no port")
	case len(c.Planter) > maxPlanter || strings.ContainsFunc(c.Planter, unicode.IsControl):
		return fmt.Errorf("planter %q", c.Planter)
	}
	return nil
}

// moves tells whether the change brings new addresses to a name that an authority
// validates by HTTP-01 there, and not at a proxy.
func (c *Change) moves() bool {
	return c.ACME == HTTP01 && (c.Action == Create || c.Action == Update) && len(c.Add) > 0 && !c.After.Proxied && isProbeHost(c.Name)
}

// Challenged are the addresses that have to answer a challenge: the new ones before
// the switch, or, in an issuance window, those behind the proxy before the command;
// none without one.
func (c *Change) Challenged() (out []netip.Addr) {
	var all []netip.Addr
	switch {
	case c.Challenge == nil:
	case c.moves():
		all = c.Add
	case c.opens():
		all = c.Before.Values
	}
	for _, a := range all {
		if c.Challenge.Counts(a) {
			out = append(out, a)
		}
	}
	return out
}

// Bridging are the old addresses that an authority may still ask behind the
// switch, as long as it holds the old answer.
func (c *Change) Bridging() (out []netip.Addr) {
	if c.Challenge == nil || c.Before == nil || c.Before.Proxied {
		return nil
	}
	for _, a := range c.Remove {
		if c.Challenge.Counts(a) {
			out = append(out, a)
		}
	}
	return out
}

// keepChecks leaves of the record's checks those that the change has something to
// ask for. It returns the new addresses that no challenge is asked at, although
// the record has one.
func (c *Change) keepChecks() (unasked []netip.Addr) {
	if !c.probed() || len(c.Add) == 0 {
		c.Certificate = nil
	}
	if c.Challenge == nil || !c.moves() {
		c.Challenge = nil
		return nil
	}
	unasked = slices.DeleteFunc(slices.Clone(c.Add), c.Challenge.Counts)
	if len(unasked) == len(c.Add) {
		c.Challenge = nil
	}
	return unasked
}

// checkAsked checks that a challenge and a certificate stand only where they are
// asked for.
func (c *Change) checkAsked() error {
	if c.Challenge != nil {
		if err := c.Challenge.check(); err != nil {
			return fmt.Errorf("challenge: %w", err)
		}
		if len(c.Challenged()) == 0 {
			return fmt.Errorf("a %s with a challenge that nobody is asked for", c.Action)
		}
	}
	if c.Certificate == nil {
		return nil
	}
	switch err := c.Certificate.check(); {
	case err != nil:
		return fmt.Errorf("certificate: %w", err)
	case c.Certificate.Type != ProbeTLS || c.Certificate.Host != c.Name.Display():
		return errors.New("certificate: it is not the name's")
	case !c.probed() || len(c.Add) == 0:
		return fmt.Errorf("a %s with a certificate that nobody is asked for", c.Action)
	}
	return nil
}

// asksChallenges says "203.0.113.11 answers a challenge on port 80" of one
// address, "3 new addresses answer challenges" of more; empty of none.
func (s *steps) asksChallenges(ids []string) string {
	var all []netip.Addr
	port := uint16(0)
	for _, id := range ids {
		c := &s.plan.Changes[index(id)]
		if asked := c.Challenged(); len(asked) > 0 {
			all, port = append(all, asked...), c.Challenge.Port
		}
	}
	switch len(all) {
	case 0:
		return ""
	case 1:
		return all[0].String() + " answers a challenge on port " + strconv.Itoa(int(port))
	}
	if s.plan.Window != nil {
		return strconv.Itoa(len(all)) + " addresses behind the proxy answer challenges"
	}
	return strconv.Itoa(len(all)) + " new addresses answer challenges"
}
