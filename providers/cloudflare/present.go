package cloudflare

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// presentation is a record's data in presentation form, with absolute names.
// Cloudflare keeps a priority apart from the content, and leaves the final dot
// off. What does not parse as its type is returned as Cloudflare holds it.
func presentation(r record) string {
	text := strings.Join(strings.Fields(content(r)), " ")
	if r.Type == "TXT" || r.Type == "SPF" {
		text = quoted(r.Content)
	}
	kind, known := dns.StringToType[r.Type]
	if !known || dns.TypeToRR[kind] == nil || !bare(text) {
		return text
	}
	rr, err := dns.NewRR(". 0 IN " + r.Type + " " + text)
	if err != nil || rr == nil || rr.Header().Rrtype != kind {
		return text
	}
	return strings.TrimPrefix(rr.String(), rr.Header().String())
}

// content puts together what Cloudflare keeps apart.
func content(r record) string {
	var priority int
	if r.Priority != nil {
		priority = int(*r.Priority)
	}
	switch r.Type {
	case "MX", "URI":
		return fmt.Sprintf("%d %s", priority, r.Content)
	case "SRV":
		var data struct {
			Priority, Weight, Port int
			Target                 string
		}
		if json.Unmarshal(r.Data, &data) == nil && data.Target != "" {
			return fmt.Sprintf("%d %d %d %s", data.Priority, data.Weight, data.Port, data.Target)
		}
		return fmt.Sprintf("%d %s", priority, r.Content)
	}
	return r.Content
}

// quoted is the text of a TXT record as character strings of at most 255 octets.
// Cloudflare returns it with quotes or, as people often typed it, without.
func quoted(text string) string {
	if strings.HasPrefix(text, `"`) && strings.HasSuffix(text, `"`) && len(text) > 1 {
		return strings.NewReplacer("\n", `\010`, "\r", `\013`).Replace(text)
	}
	var b strings.Builder
	for i := range len(text) {
		if i%255 == 0 {
			if i > 0 {
				b.WriteString(`" `)
			}
			b.WriteByte('"')
		}
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	if text == "" {
		b.WriteByte('"')
	}
	return b.String() + `"`
}

// bare tells whether text holds nothing outside quotes that a zone file gives a
// meaning of its own: comments, brackets, a second line.
func bare(text string) bool {
	inside := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"':
			inside = !inside
		case c == '\n' || c == '\r', !inside && strings.IndexByte(";()$@", c) >= 0:
			return false
		}
	}
	return !inside
}
