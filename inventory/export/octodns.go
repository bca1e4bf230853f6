package export

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// octodns renders the YAML that octoDNS's YamlProvider reads: names relative to
// the zone, keys in natural order, which it enforces
// (https://github.com/octodns/octodns/blob/main/docs/records.md).
func octodns(z Zone, n *notes) []byte {
	n.onlyAddresses(z)
	n.add("octoDNS deletes what its file does not hold: limit it to A and AAAA with the processor TypeAllowlistFilter")
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s of %s: addresses alone. octoDNS deletes what does not stand here, so\n", Marker, line(z.title()))
	b.WriteString("# give its zone the processor octodns.processor.filter.TypeAllowlistFilter\n# with allowlist: [A, AAAA].\n---\n")
	names := byName(n.addresses(z, true))
	key := func(sets []Set) string {
		if sets[0].Name == z.Name {
			return ""
		}
		return sets[0].Name.Relative(z.Name)
	}
	slices.SortStableFunc(names, func(a, b []Set) int { return compareNatural(key(a), key(b)) })
	if len(names) == 0 {
		b.WriteString("{}\n")
	}
	for _, sets := range names {
		b.WriteString(yamlText(key(sets)) + ":\n")
		for _, s := range sets {
			octoRecord(&b, z, s, len(sets) > 1)
		}
	}
	return b.Bytes()
}

// octoRecord writes one record, as an element of a list where its name has two.
func octoRecord(b *bytes.Buffer, z Zone, s Set, list bool) {
	start := "  "
	add := func(indent, text string) {
		b.WriteString(start + indent + text + "\n")
		if list {
			start = "    "
		}
	}
	if list {
		start = "  - "
	}
	if own := octoCloudflare(z, s); len(own) > 0 {
		add("", "octodns:")
		add("  ", "cloudflare:")
		for _, text := range own {
			add("    ", text)
		}
	}
	add("", "ttl: "+s.TTL.String())
	add("", "type: "+s.Type.String())
	if len(s.Addrs) == 1 {
		add("", "value: "+yamlAddr(s.Addrs[0]))
		return
	}
	add("", "values:")
	for _, a := range s.Addrs {
		add("", "- "+yamlAddr(a))
	}
}

// yamlAddr quotes IPv6: YAML 1.1 reads some as numbers to the base 60.
func yamlAddr(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	return "'" + a.String() + "'"
}

// octoCloudflare is what octodns-cloudflare reads besides
// (https://github.com/octodns/octodns-cloudflare).
func octoCloudflare(z Zone, s Set) []string {
	if !z.proxies() {
		return nil
	}
	var out []string
	if s.Auto && !s.Proxied {
		out = append(out, "auto-ttl: true")
	}
	if c := s.comment(0); c != "" {
		out = append(out, "comment: "+yamlText(c))
	}
	if s.ProxyKnown {
		out = append(out, "proxied: "+strconv.FormatBool(s.Proxied))
	}
	if tags := s.tags(0); len(tags) > 0 {
		out = append(out, "tags:")
		for _, t := range tags {
			out = append(out, "- "+yamlText(t))
		}
	}
	return out
}

var plainYAML = regexp.MustCompile(`^[a-z_][a-z0-9_.-]*$`)

// yamlText writes a string of YAML, in quotes unless every reader takes it for
// a string as it stands.
func yamlText(s string) string {
	words := []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
	if plainYAML.MatchString(s) && !slices.Contains(words, s) {
		return s
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return strconv.QuoteToASCII(strings.ToValidUTF8(s, "\ufffd")) // YAML's double quotes take all escapes of Go
}

// compareNatural orders texts as octoDNS does: runs of digits by their number,
// what is between them by octets.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		x, y := leading(a, false), leading(b, false)
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
		a, b = a[len(x):], b[len(y):]
		x, y = leading(a, true), leading(b, true)
		if c := compareDigits(x, y); c != 0 {
			return c
		}
		a, b = a[len(x):], b[len(y):]
	}
	return cmp.Compare(len(a), len(b))
}

// leading is what s starts with of digits, or of anything else.
func leading(s string, digits bool) string {
	i := 0
	for i < len(s) && ('0' <= s[i] && s[i] <= '9') == digits {
		i++
	}
	return s[:i]
}

// compareDigits compares numbers of any length; none is less than any.
func compareDigits(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(len(a), len(b))
	}
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
