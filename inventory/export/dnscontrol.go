package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// dnscontrol renders a dnsconfig.js (https://docs.dnscontrol.org/language-reference).
// A zone says NO_PURGE: only its addresses are known here, and DNSControl would
// delete the rest. There is no comma behind the last argument, which its
// interpreter does not read.
func dnscontrol(d Document, n *notes) ([]byte, error) {
	var b bytes.Buffer
	n.add("DNSControl finds the providers by name in creds.json; with NO_PURGE it deletes no record")
	fmt.Fprintf(&b, "// %s: addresses alone, so that no zone is purged of what does not stand here.\n", Marker)
	b.WriteString("var REG_NONE = NewRegistrar(\"none\");\n")
	vars := map[string]string{}
	taken := map[string]bool{}
	for _, z := range d.Zones {
		if _, done := vars[z.Provider.Name]; !done {
			vars[z.Provider.Name] = variable(z.Provider.Name, taken)
			fmt.Fprintf(&b, "var %s = NewDnsProvider(%s);\n", vars[z.Provider.Name], script(z.Provider.Name))
		}
	}
	rest := d.Inventory.Defaults.TTL
	for _, z := range d.Zones {
		n.onlyAddresses(z)
		name := z.Name.Display()
		if z.View != "" {
			name += "!" + z.View // https://docs.dnscontrol.org/language-reference/top-level-functions/d
		}
		args := []string{script(name), "REG_NONE", "DnsProvider(" + vars[z.Provider.Name] + ")", "DefaultTTL(" + rest.String() + ")", "NO_PURGE"}
		b.WriteString("\nD(" + strings.Join(args, ", "))
		for _, s := range n.addresses(z, true) {
			for _, a := range s.Addrs {
				b.WriteString(",\n\t" + call(z, s, a.String(), rest))
			}
		}
		b.WriteString("\n);\n")
	}
	return b.Bytes(), nil
}

// call is one record. A label that ends like the zone's name is taken for a
// forgotten final dot unless it says otherwise.
func call(z Zone, s Set, value string, rest zone.TTL) string {
	label := s.Name.Relative(z.Name)
	args := []string{script(label), script(value)}
	if z.proxies() && s.ProxyKnown {
		args = append(args, map[bool]string{true: "CF_PROXY_ON", false: "CF_PROXY_OFF"}[s.Proxied])
	}
	switch {
	case s.Auto && z.proxies():
		args = append(args, "TTL(1)")
	case s.TTL != rest:
		args = append(args, "TTL("+s.TTL.String()+")")
	}
	if strings.HasSuffix(label, z.Name.Display()) {
		args = append(args, `{"skip_fqdn_check": "true"}`)
	}
	return s.Type.String() + "(" + strings.Join(args, ", ") + ")"
}

// script writes a string of JavaScript.
func script(s string) string {
	b, _ := json.Marshal(s) // a string has a JSON form
	return string(b)
}

// variable makes an identifier that is not taken yet out of a provider's name.
func variable(name string, taken map[string]bool) string {
	word := "DSP_" + strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	try := word
	for i := 2; taken[try]; i++ {
		try = word + "_" + strconv.Itoa(i)
	}
	taken[try] = true
	return try
}
