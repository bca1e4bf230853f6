package export

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// lowTTL is the lowest TTL that every Cloudflare plan takes
// (https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/).
const lowTTL = 60

// cloudflare renders a zone file for Cloudflare's import: what BIND has no word
// for stands in the comment behind a record, TTL 1 is automatic
// (https://developers.cloudflare.com/dns/manage-dns-records/how-to/import-and-export/).
// SOA and the apex's NS are Cloudflare's own.
func cloudflare(z Zone, n *notes) []byte {
	var b bytes.Buffer
	n.add("Cloudflare's import only adds records: it changes none and deletes none")
	fmt.Fprintf(&b, "; %s of %s, for Cloudflare's import\n", Marker, line(z.title()))
	for _, s := range n.addresses(z, false) {
		ttl := s.TTL
		switch {
		case s.Auto:
			ttl = 1
		case ttl < lowTTL:
			ttl = lowTTL
			n.add("%s: TTLs below %d are written as %d, which every plan of Cloudflare takes", z.title(), lowTTL, lowTTL)
		}
		for i, a := range s.Addrs {
			fmt.Fprintf(&b, "%s\t%d\tIN\t%s\t%s%s\n", masterName(string(s.Name)), ttl, s.Type, a, inlineComment(s, i))
		}
	}
	for _, r := range z.Others {
		if r.Name == z.Name && (r.Type == "SOA" || r.Type == "NS") {
			continue
		}
		otherLine(&b, r)
	}
	return b.Bytes()
}

// inlineComment is the comment behind an address: its text, and its attributes
// after "cf_tags=". A text that holds those words itself gets empty attributes.
func inlineComment(s Set, i int) string {
	var tags []string
	if s.ProxyKnown {
		tags = append(tags, "cf-proxied:"+strconv.FormatBool(s.Proxied))
	}
	for _, t := range s.tags(i) {
		tags = append(tags, quotedTag(t))
	}
	text := strings.TrimSpace(line(s.comment(i)))
	if len(tags) > 0 || strings.Contains(text, "cf_tags=") {
		text = strings.TrimSpace(text + " cf_tags=" + strings.Join(tags, ","))
	}
	if text == "" {
		return ""
	}
	return " ; " + text
}

// quotedTag quotes the value of a tag where a sign in it means something.
func quotedTag(t string) string {
	name, value, _ := strings.Cut(line(t), ":")
	if strings.ContainsAny(value, `"=,\ `) {
		value = strconv.Quote(value)
	}
	if value == "" {
		return name
	}
	return name + ":" + value
}

// octets are the octets of a name's label, which may hold \X and \DDD.
func octets(label string) []byte {
	var out []byte
	for i := 0; i < len(label); i++ {
		c := label[i]
		if c == '\\' && i+3 < len(label) && '0' <= label[i+1] && label[i+1] <= '9' {
			n, _ := strconv.Atoi(label[i+1 : i+4]) // a Name holds digits here
			c = byte(n)
			i += 3
		} else if c == '\\' && i+1 < len(label) {
			i++
			c = label[i]
		}
		out = append(out, c)
	}
	return out
}
