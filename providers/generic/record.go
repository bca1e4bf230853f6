package generic

import (
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// absolute makes the owner name of a libdns record absolute. libdns's own
// AbsoluteName and RelativeName mind neither case nor the bounds of labels.
func (p *Provider) absolute(z zone.Name, s string) (zone.Name, error) {
	if s == "" || s == "@" {
		return z, nil
	}
	name, err := zone.ParseName(s)
	if err != nil {
		return "", err
	}
	if strings.HasSuffix(s, ".") || p.quirks.AbsoluteNames && name.IsSubdomainOf(z) {
		if !name.IsSubdomainOf(z) {
			return "", fmt.Errorf("outside of the zone %s", z)
		}
		return name, nil
	}
	return zone.ParseName(string(name) + strings.TrimPrefix(string(z), "."))
}

// rdata brings the data of a record into presentation form, as far as libdns
// lets it: absolute targets, and texts in quotes.
func (p *Provider) rdata(z zone.Name, kind, data string) string {
	switch kind {
	case "CNAME", "NS", "PTR", "DNAME":
		return p.target(z, data)
	case "MX":
		return p.lastTarget(z, data, 2)
	case "SRV":
		return p.lastTarget(z, data, 4)
	case "TXT", "SPF":
		return quoted(data)
	}
	return data
}

// lastTarget makes the last of n fields absolute. Data of another form stays.
func (p *Provider) lastTarget(z zone.Name, data string, n int) string {
	f := strings.Fields(data)
	if len(f) != n {
		return data
	}
	f[n-1] = p.target(z, f[n-1])
	return strings.Join(f, " ")
}

// target makes a name in record data absolute (RFC 1035, section 5.1).
func (p *Provider) target(z zone.Name, s string) string {
	name := zone.Canonical(s)
	switch {
	case s == "":
		return s
	case s == "@":
		return string(z)
	case strings.HasSuffix(s, ".") || p.quirks.AbsoluteTargets:
		return string(name)
	}
	return string(name) + strings.TrimPrefix(string(z), ".")
}

// maxString is the longest character string of a TXT record (RFC 1035, 3.3.14).
const maxString = 255

// quoted writes a text as quoted character strings, unless it is in quotes
// already: some libdns providers return what the vendor's zone file holds.
func quoted(s string) string {
	if len(s) >= 2 && strings.HasPrefix(s, `"`) && strings.HasSuffix(s, `"`) {
		return s
	}
	var b strings.Builder
	for first := true; first || s != ""; first = false {
		if !first {
			b.WriteByte(' ')
		}
		part := s[:min(len(s), maxString)]
		s = s[len(part):]
		b.WriteByte('"')
		for i := range len(part) {
			writeOctet(&b, part[i])
		}
		b.WriteByte('"')
	}
	return b.String()
}

func writeOctet(b *strings.Builder, c byte) {
	switch {
	case c == '"' || c == '\\':
		b.WriteByte('\\')
		b.WriteByte(c)
	case c < ' ' || c > '~':
		fmt.Fprintf(b, `\%03d`, c)
	default:
		b.WriteByte(c)
	}
}
