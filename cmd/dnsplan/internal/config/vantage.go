package config

import (
	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
)

// Vantages are the machines of [[vantage]], in the inventory's order. Nobody is
// asked, and no secret is read, before one of them is.
func (s *Session) Vantages() []vantage.Probe {
	out := make([]vantage.Probe, len(s.Inventory.Vantages))
	for i, v := range s.Inventory.Vantages {
		out[i] = s.vantage(v)
	}
	return out
}

func (s *Session) vantage(v inventory.Vantage) vantage.Probe {
	if len(v.Command) > 0 {
		return vantage.NewCommand(vantage.CommandOptions{Name: v.Name, Argv: v.Command, Dir: s.Inventory.Dir, Timeout: v.Timeout})
	}
	o := vantage.HTTPOptions{Name: v.Name, URL: v.URL, Timeout: v.Timeout}
	if v.Token != "" {
		o.Token = func() (string, error) {
			secret, err := v.Token.Resolve(s.secretSources())
			return secret.Reveal(), err
		}
	}
	return vantage.NewHTTP(o)
}
