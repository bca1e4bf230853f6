package namesilo

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// snapshot makes RRsets of records. An address that cannot be read is kept as
// it is, among the others.
func snapshot(z zone.Name, records []record) *zone.Snapshot {
	s := &zone.Snapshot{Zone: z}
	at := make(map[zone.Key]int)
	var ttls [][]zone.TTL // of each set
	for _, r := range records {
		key, addr, ok := r.address(z)
		if !ok {
			s.Others = append(s.Others, zone.Record{Name: r.owner(z), Type: r.typ, TTL: r.seconds(), Data: r.data()})
			continue
		}
		i, seen := at[key]
		if !seen {
			i = len(s.RRsets)
			at[key] = i
			s.RRsets, ttls = append(s.RRsets, zone.RRset{Key: key}), append(ttls, nil)
		}
		set := &s.RRsets[i]
		ttls[i] = append(ttls[i], r.seconds())
		set.SetTTLs(ttls[i]...)
		set.Addrs = append(set.Addrs, addr)
		set.Members = append(set.Members, zone.Member{ID: r.id})
	}
	s.Sort()
	return s
}

// address reads an A or AAAA record; ok is false for every other, and for one
// whose value is no address of its type.
func (r record) address(z zone.Name) (key zone.Key, addr netip.Addr, ok bool) {
	typ, err := zone.ParseType(r.typ)
	if err != nil {
		return key, addr, false
	}
	addr, err = netip.ParseAddr(strings.TrimSpace(r.value))
	if err != nil || addr.Zone() != "" || addr.Is4In6() || zone.TypeOf(addr) != typ {
		return key, addr, false
	}
	return zone.Key{Name: r.owner(z), Type: typ}, addr, true
}

// owner returns the owner name. The API lists absolute ones without the final
// dot; what does not end in the zone's name is taken as relative to it.
func (r record) owner(z zone.Name) zone.Name {
	if r.host == "" || r.host == "@" {
		return z
	}
	if n := canonical(r.host); n.IsSubdomainOf(z) {
		return n
	}
	return canonical(strings.TrimSuffix(r.host, ".") + "." + string(z))
}

// hostOf returns name as a request has it: relative to the zone, and empty for
// the apex.
func hostOf(name, z zone.Name) string {
	if name == z {
		return ""
	}
	return name.Relative(z)
}

// seconds reads the TTL; one that cannot be read is 0.
func (r record) seconds() zone.TTL {
	n, err := strconv.ParseUint(r.ttl, 10, 31)
	if err != nil {
		return 0
	}
	return zone.TTL(n)
}

// data returns the data in presentation form (RFC 1035, section 5.1). What is
// not of the form that its type asks for is returned as the API has it.
func (r record) data() string {
	switch r.typ {
	case "CNAME", "NS", "PTR", "DNAME":
		return absolute(r.value)
	case "MX":
		return r.preference() + " " + absolute(r.value)
	case "TXT", "SPF":
		return quote(r.value)
	case "SRV":
		return r.service()
	}
	return r.value
}

func (r record) preference() string {
	if r.distance == "" {
		return "0"
	}
	return r.distance
}

// service returns an SRV record's data. The API has its priority as distance
// unless the value holds all four fields.
func (r record) service() string {
	f := strings.Fields(r.value)
	switch len(f) {
	case 3:
		f = append([]string{r.preference()}, f...)
	case 4:
	default:
		return r.value
	}
	f[3] = absolute(f[3])
	return strings.Join(f, " ")
}

// absolute returns a name with its final dot: the API's names have none. The
// root alone, which says that there is no service, stays as it is.
func absolute(s string) string {
	s = strings.TrimSpace(s)
	if _, err := zone.ParseName(s); err != nil || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// quote returns text as character strings of at most 255 octets each.
func quote(s string) string {
	const most = 255
	if strings.HasPrefix(s, `"`) && isText(s) {
		return s // it was entered in quotes
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		if i > 0 && i%most == 0 {
			b.WriteString(`" "`)
		}
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.Write([]byte{'\\', c})
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// isText tells whether s is the data of a TXT record as a zone file has it.
func isText(s string) bool {
	if strings.ContainsAny(s, "\n\r") {
		return false
	}
	rr, err := dns.NewRR(". 0 IN TXT " + s)
	return err == nil && rr != nil
}
