package export

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The bounds of NameSilo's TTLs (https://www.namesilo.com/api-reference#dns/dns-add-record).
const (
	namesiloMin zone.TTL = 3600
	namesiloMax zone.TTL = 2592000
)

// namesilo renders one call of the API a line, without the key, which goes to
// the end: https://www.namesilo.com/api/LINE&key=KEY. The API has no call for
// more than one record.
func namesilo(d Document, n *notes) ([]byte, error) {
	var b bytes.Buffer
	n.add("dnsAddRecord only adds: what stands at a name already stays beside it")
	fmt.Fprintf(&b, "# %s: one call a line, to be put between https://www.namesilo.com/api/ and &key=\n", Marker)
	for _, z := range d.Zones {
		n.onlyAddresses(z)
		for _, s := range n.addresses(z, true) {
			ttl := min(max(s.TTL, namesiloMin), namesiloMax)
			if ttl != s.TTL {
				n.add("%s: TTLs outside %d to %d seconds are written as the nearest that NameSilo takes", z.title(), namesiloMin, namesiloMax)
			}
			for _, a := range s.Addrs {
				b.WriteString(addRecord(z.Name, s, a.String(), ttl) + "\n")
			}
		}
	}
	return b.Bytes(), nil
}

func addRecord(z zone.Name, s Set, value string, ttl zone.TTL) string {
	host := s.Name.Relative(z)
	if s.Name == z {
		host = ""
	}
	words := []string{"dnsAddRecord?version=1", "type=xml"}
	for _, p := range [][2]string{
		{"domain", z.Display()},
		{"rrtype", s.Type.String()},
		{"rrhost", host},
		{"rrvalue", value},
		{"rrttl", strconv.FormatUint(uint64(ttl), 10)},
	} {
		words = append(words, p[0]+"="+url.QueryEscape(p[1]))
	}
	return strings.Join(words, "&")
}
