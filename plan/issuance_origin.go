package plan

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// OriginCertificate is the certificate that an address behind the proxy serves for a
// name. It tells one certificate from another.
type OriginCertificate struct {
	Name    zone.Name  `json:"name"`
	Address netip.Addr `json:"address"`
	// Serial is in hexadecimal; empty where no certificate is served.
	Serial    string    `json:"serial,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
}

// Renews tells whether c is another certificate than before, and no older one: a
// server of a pool that still has the one of last time renews nothing.
func (c OriginCertificate) Renews(before OriginCertificate) bool {
	switch {
	case c.Serial == "":
		return false
	case before.Serial == "":
		return true
	}
	return (c.Serial != before.Serial || !c.NotBefore.Equal(before.NotBefore)) && !c.NotBefore.Before(before.NotBefore)
}

func compareOrigins(a, b OriginCertificate) int {
	return cmp.Or(zone.CompareNames(a.Name, b.Name), a.Address.Compare(b.Address))
}

// behind tells whether the address is behind the proxy that the change turns off.
func (c *Change) behind(o OriginCertificate) bool {
	return c.Name == o.Name && c.opens() && slices.Contains(c.Before.Values, o.Address)
}

// keepOrigins leaves of the window's certificates those behind proxies that the plan
// turns off, in order, each once.
func (p *Plan) keepOrigins() {
	all := slices.Clone(p.Window.Certificates)
	slices.SortFunc(all, compareOrigins)
	all = slices.CompactFunc(all, func(a, b OriginCertificate) bool { return compareOrigins(a, b) == 0 })
	p.Window.Certificates = slices.DeleteFunc(all, func(o OriginCertificate) bool { return len(p.comparing(o)) == 0 })
}

// comparing are the ids of the changes that the certificate is behind.
func (p *Plan) comparing(o OriginCertificate) (ids []string) {
	for i := range p.Changes {
		if p.Changes[i].behind(o) {
			ids = append(ids, p.Changes[i].ID)
		}
	}
	return ids
}

// maxSerial is how many hexadecimal digits a serial number may have: more than its
// 20 octets (RFC 5280, section 4.1.2.2), which not all keep to.
const maxSerial = 128

// checkOrigins checks that the certificates of a window are such that keepOrigins
// leaves them.
func (p *Plan) checkOrigins() error {
	all := p.Window.Certificates
	for i, o := range all {
		switch {
		case i > 0 && compareOrigins(all[i-1], o) >= 0:
			return errors.New("certificates are out of order, or one stands twice")
		case len(p.comparing(o)) == 0:
			return fmt.Errorf("a certificate of %s at %s, which no proxy hides", o.Name, o.Address)
		case len(o.Serial) > maxSerial || strings.Trim(o.Serial, "0123456789abcdef") != "":
			return fmt.Errorf("the serial number %q", o.Serial)
		}
	}
	return nil
}

// certified adds the step that compares certificates with those of before, where any
// was asked for.
func (s *steps) certified() {
	var ids []string
	for i := range s.plan.Changes {
		c := &s.plan.Changes[i]
		if slices.ContainsFunc(s.plan.Window.Certificates, c.behind) {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) > 0 {
		s.add(Step{Kind: StepIssued, Changes: ids, Detail: "compare the certificates that are served with those of before"})
	}
}
