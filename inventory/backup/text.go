package backup

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// appendZone writes the zone file (RFC 1035, section 5): the SOA record, the
// other records in the provider's order, then the address sets. Names are
// absolute, so no line depends on the one before it.
func appendZone(b []byte, info Info, s *zone.Snapshot) []byte {
	c := info.Counts
	b = slices.Grow(b, 1024+64*(c.Addresses+c.RRsets)+128*c.Others)
	b = appendHead(b, info, s.Blind)
	for _, first := range []bool{true, false} {
		for i := range s.Others {
			if r := &s.Others[i]; isSOA(r, s.Zone) == first {
				b = appendRecord(b, r)
			}
		}
	}
	for i := range s.RRsets {
		b = appendSet(b, &s.RRsets[i])
	}
	return b
}

func appendHead(b []byte, info Info, blind string) []byte {
	b = append(b, "; dnsplan backup of "...)
	b = appendComment(b, string(info.Zone))
	for _, part := range []struct{ word, value string }{
		{", view ", info.View},
		{", taken ", info.Taken.Format(time.RFC3339)},
		{", provider ", info.Provider},
		{", run ", info.Run},
	} {
		if part.value != "" {
			b = appendComment(append(b, part.word...), part.value)
		}
	}
	if blind != "" {
		b = appendComment(append(b, "\n; It is not the whole zone, only names that were asked for: "...), blind)
	}
	b = append(b, "\n; The JSON file beside this one holds what a zone file cannot.\n$ORIGIN "...)
	return append(appendName(b, info.Zone), '\n')
}

func isSOA(r *zone.Record, apex zone.Name) bool { return r.Type == "SOA" && r.Name == apex }

// appendRecord writes a record of another type, as a comment where a server
// would not load it.
func appendRecord(b []byte, r *zone.Record) []byte {
	if !isStandard(r) {
		b = append(b, "; not standard: "...)
	}
	b = append(appendName(b, r.Name), ' ')
	b = strconv.AppendUint(b, uint64(r.TTL), 10)
	b = append(b, " IN "...)
	b = append(appendComment(b, r.Type), ' ')
	return append(appendData(b, r.Data), '\n')
}

// isStandard tells whether a server reads the record: its type is registered
// or written as TYPEnnn (RFC 3597, section 5), and its data ends where it seems
// to end. Providers have types of their own, such as ALIAS.
func isStandard(r *zone.Record) bool {
	if _, ok := dns.StringToType[r.Type]; !ok {
		n, isNumber := strings.CutPrefix(r.Type, "TYPE")
		if _, err := strconv.ParseUint(n, 10, 16); !isNumber || err != nil {
			return false
		}
	}
	return isWhole(r.Data)
}

// isWhole tells whether data has no open quote or parenthesis and no comment,
// any of which would swallow what follows.
func isWhole(data string) bool {
	if !strings.ContainsAny(data, "\"();\\") {
		return data != ""
	}
	quoted, depth := false, 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\\':
			if i++; i == len(data) {
				return false
			}
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ';':
			return false
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return !quoted && depth == 0
}

// isServed tells whether the addresses of a set are records of the zone. Those
// of an alias, a policy or a disabled set are not.
func isServed(r *zone.RRset) bool {
	switch r.Foreign {
	case "alias", "traffic-policy", "disabled":
		return false
	}
	return len(r.Addrs) > 0
}

// appendSet writes a line for each address; for a set that is not served they
// are comments, one at least.
func appendSet(b []byte, r *zone.RRset) []byte {
	if len(r.Addrs) == 0 {
		b = appendOwner(append(b, "; "...), r)
		return append(appendNotes(b, r, -1), '\n')
	}
	served := isServed(r)
	for i, addr := range r.Addrs {
		if !served {
			b = append(b, "; "...)
		}
		b = addr.AppendTo(append(appendOwner(b, r), ' '))
		b = append(appendNotes(b, r, i), '\n')
	}
	return b
}

func appendOwner(b []byte, r *zone.RRset) []byte {
	b = append(appendName(b, r.Name), ' ')
	b = strconv.AppendUint(b, uint64(r.TTL), 10)
	return append(append(b, " IN "...), r.Type.String()...)
}

// appendNotes writes what is known beside an address, as a comment; i is the
// address's index, or -1.
func appendNotes(b []byte, r *zone.RRset, i int) []byte {
	start := len(b)
	note := func(word, value string) {
		sep := ", "
		if len(b) == start {
			sep = " ; "
		}
		b = appendComment(append(append(b, sep...), word...), value)
	}
	if r.Proxied {
		note("proxied", "")
	}
	if r.Auto {
		note("automatic TTL", "")
	}
	if r.Foreign != "" {
		note("foreign: ", r.Foreign)
	}
	if r.Detail != "" {
		note("", r.Detail)
	}
	if i < 0 || i >= len(r.Members) {
		return b
	}
	if c := r.Members[i].Comment; c != "" {
		note("comment: ", c)
	}
	for _, tag := range r.Members[i].Tags {
		note("tag: ", tag)
	}
	return b
}

// appendComment writes s without the bytes that would end a comment or hide it.
func appendComment(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			b = append(b, ' ')
		} else {
			b = append(b, s[i])
		}
	}
	return b
}

// appendName writes n so that each byte is read back as it is (RFC 1035,
// section 5.1). Escapes that n holds are kept.
func appendName(b []byte, n zone.Name) []byte {
	for i := 0; i < len(n); i++ {
		switch c := n[i]; {
		case isPlain(c):
			b = append(b, c)
		case c == '\\' && i+1 < len(n) && ' ' < n[i+1] && n[i+1] < 0x7f:
			b = append(b, c, n[i+1])
			i++
		case c == '\\' && i+1 < len(n): // an escaped byte that cannot stand there
		default:
			b = appendDDD(b, c)
		}
	}
	if len(n) == 0 {
		b = append(b, '.')
	}
	return b
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' ||
		c == '.' || c == '-' || c == '_' || c == '*' || c == '/'
}

// appendData writes data, already in presentation form, on one line of ASCII.
func appendData(b []byte, data string) []byte {
	quoted, escaped := false, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case ' ' <= c && c < 0x7f:
			b = append(b, c)
			if c == '"' && !escaped {
				quoted = !quoted
			}
		case escaped:
			b = appendDigits(b, c)
		case !quoted && (c == '\n' || c == '\r' || c == '\t'):
			b = append(b, ' ')
		default:
			b = appendDDD(b, c)
		}
		escaped = c == '\\' && !escaped
	}
	return b
}

func appendDDD(b []byte, c byte) []byte { return appendDigits(append(b, '\\'), c) }

func appendDigits(b []byte, c byte) []byte {
	return append(b, '0'+c/100, '0'+c/10%10, '0'+c%10)
}

// zoneRecords is how many records the zone file of s must hold.
func zoneRecords(s *zone.Snapshot) int {
	n := 0
	for i := range s.RRsets {
		if isServed(&s.RRsets[i]) {
			n += len(s.RRsets[i].Addrs)
		}
	}
	for i := range s.Others {
		if isStandard(&s.Others[i]) {
			n++
		}
	}
	return n
}

// countZone counts the lines of a zone file that are neither comments nor
// directives.
func countZone(b []byte) int {
	return countLines(b, func(line []byte) bool { return line[0] != ';' && line[0] != '$' && line[0] != '\n' })
}
