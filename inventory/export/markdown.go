package export

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// markdown renders the inventory as a document for people, in GitHub's
// Markdown: the zones, what each host serves, certificates, groups and owners.
func markdown(d Document, _ *notes) ([]byte, error) {
	m := &page{doc: d}
	m.line("<!-- " + Marker + " -->")
	m.line("# DNS inventory")
	m.zones()
	m.hosts()
	m.certificates()
	m.gathered("Groups", "Group", "Names that move together", func(r *inventory.Record) string { return r.Group })
	m.gathered("Owners", "Owner", "Names", func(r *inventory.Record) string { return r.Owner })
	m.unmanaged()
	return m.out.Bytes(), nil
}

type page struct {
	doc Document
	out bytes.Buffer
}

func (m *page) line(s string) { m.out.WriteString(s + "\n") }

// table writes a section with a table; one without rows is left out.
func (m *page) table(title string, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.line("\n" + title + "\n")
	m.row(head)
	m.row(slices.Repeat([]string{"---"}, len(head)))
	for _, r := range rows {
		m.row(r)
	}
}

func (m *page) row(cells []string) { m.line("| " + strings.Join(cells, " | ") + " |") }

// cell makes text safe for a cell of a table.
func cell(s string) string { return cellEscapes.Replace(strings.TrimSpace(line(s))) }

var cellEscapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`,
	"~", `\~`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "#", "&#35;")

// code is a name or an address in a cell. A backslash stands for itself in code.
func code(s string) string {
	return "`" + strings.NewReplacer("|", `\|`, "`", "'").Replace(line(s)) + "`"
}

func codes[T fmt.Stringer](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = code(v.String())
	}
	return strings.Join(out, ", ")
}

func (m *page) zones() {
	var rows [][]string
	for _, z := range m.doc.Zones {
		wanted := 0
		for _, s := range z.Sets {
			if s.Record != nil {
				wanted++
			}
		}
		rows = append(rows, []string{code(z.Name.Display()), cell(z.View), cell(z.Provider.Name), cell(z.Provider.Type), fmt.Sprint(wanted)})
	}
	m.table("## Zones", []string{"Zone", "View", "Provider", "Type", "RRsets"}, rows)
}

// serves are the rows of the records that fit.
func (m *page) serves(fits func(Set) bool) [][]string {
	var rows [][]string
	for _, z := range m.doc.Zones {
		for _, s := range z.Sets {
			if s.Record == nil || !fits(s) {
				continue
			}
			r := s.Record
			rows = append(rows, []string{
				m.name(z, s.Name), s.Type.String(), codes(s.Addrs), ttlText(s), proxyText(s),
				cell(r.ACME), cell(r.Group), cell(r.Owner), cell(r.Comment),
			})
		}
	}
	return rows
}

func serveHead() []string {
	return []string{"Name", "Type", "Addresses", "TTL", "Proxied", "Certificate", "Group", "Owner", "Comment"}
}

// name tells views apart, and shows a name as people write it.
func (m *page) name(z Zone, n zone.Name) string {
	out := code(n.Display())
	if u := n.Unicode(); u != n.Display() {
		out += " (" + cell(u) + ")"
	}
	if z.View != "" {
		out += " in " + cell(z.View)
	}
	return out
}

func ttlText(s Set) string {
	if s.Auto {
		return "auto"
	}
	return zone.FormatDuration(s.TTL.Duration())
}

func proxyText(s Set) string {
	switch {
	case s.Proxied:
		return "yes"
	case s.ProxyKnown && s.Record.Proxied != nil:
		return "no"
	}
	return ""
}

// hosts has a section for each host, and one for records without.
func (m *page) hosts() {
	m.line("\n## Hosts")
	for _, h := range m.doc.Inventory.Hosts {
		rows := m.serves(func(s Set) bool { return slices.Contains(s.Record.Hosts, h.Name) })
		m.line("\n### " + cell(h.Name))
		text := codes(append(slices.Clone(h.IPv4), h.IPv6...))
		if h.ACMEClient {
			text += " · an ACME client runs here"
		}
		m.line("\n" + text)
		if len(rows) == 0 {
			m.line("\nNo record here refers to it.")
		}
		m.records(rows)
	}
	if rows := m.serves(func(s Set) bool { return len(s.Record.Hosts) == 0 }); len(rows) > 0 {
		m.line("\n### Addresses without a host")
		m.records(rows)
	}
}

func (m *page) records(rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.line("")
	m.row(serveHead())
	m.row(slices.Repeat([]string{"---"}, len(serveHead())))
	for _, r := range rows {
		m.row(r)
	}
}

// certificates lists how each name is validated, and where its client runs.
func (m *page) certificates() {
	var rows [][]string
	for _, z := range m.doc.Zones {
		for _, sets := range byName(z.Sets) {
			method, hosts := "", []string{}
			for _, s := range sets {
				if s.Record == nil {
					continue
				}
				method = max(method, s.Record.ACME)
				hosts = append(hosts, s.Record.Hosts...)
			}
			if method == "" || method == "none" {
				continue
			}
			rows = append(rows, []string{m.name(z, sets[0].Name), cell(method), m.clients(method, hosts)})
		}
	}
	m.table("## Certificates", []string{"Name", "Validation", "ACME client"}, rows)
}

// clients are those of hosts on which an ACME client runs. With HTTP-01 the
// challenge is answered where the name points, so one is missed there.
func (m *page) clients(method string, hosts []string) string {
	slices.Sort(hosts)
	var out []string
	for _, name := range slices.Compact(hosts) {
		if h, ok := m.doc.Inventory.Host(name); ok && h.ACMEClient {
			out = append(out, cell(name))
		}
	}
	if len(out) == 0 && method == "http-01" {
		return "none on its hosts"
	}
	return strings.Join(out, ", ")
}

// gathered lists the names under each value of an attribute.
func (m *page) gathered(title, what, names string, of func(*inventory.Record) string) {
	under := map[string][]string{}
	for _, z := range m.doc.Zones {
		for _, s := range z.Sets {
			if s.Record == nil || of(s.Record) == "" {
				continue
			}
			name := m.name(z, s.Name)
			if v := of(s.Record); !slices.Contains(under[v], name) {
				under[v] = append(under[v], name)
			}
		}
	}
	var rows [][]string
	for _, v := range slices.Sorted(maps.Keys(under)) {
		rows = append(rows, []string{cell(v), strings.Join(under[v], ", ")})
	}
	m.table("## "+title, []string{what, names}, rows)
}

// unmanaged lists what is live and not in the inventory.
func (m *page) unmanaged() {
	var rows, others [][]string
	for _, z := range m.doc.Zones {
		for _, s := range z.Sets {
			if s.Record != nil {
				continue
			}
			why := s.Foreign
			if s.Detail != "" {
				why += ": " + s.Detail
			}
			rows = append(rows, []string{m.name(z, s.Name), s.Type.String(), codes(append([]netip.Addr{}, s.Addrs...)), ttlText(s), cell(why)})
		}
		for _, r := range z.Others {
			others = append(others, []string{m.name(z, r.Name), cell(r.Type), zone.FormatDuration(r.TTL.Duration()), code(r.Data)})
		}
	}
	m.table("## Live and not in the inventory", []string{"Name", "Type", "Addresses", "TTL", "Foreign"}, rows)
	m.table("## Records of other types", []string{"Name", "Type", "TTL", "Data"}, others)
}
