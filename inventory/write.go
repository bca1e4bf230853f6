package inventory

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Write writes inv as the text of an inventory. Loading that text gives inv
// again, but for its path, its digest and its warnings. The order is fixed and
// defaults are written out, so equal inventories give equal bytes. Comments of
// a file that inv was loaded from are lost, so never write over a person's file.
func Write(w io.Writer, inv *Inventory) error {
	return writeTo(w, inv, remarks{})
}

// remarks are the comments of a text.
type remarks struct {
	head []string
	// at stand above the table of the RRset.
	at map[zone.Key][]string
	// tail stands at the end.
	tail []string
}

func writeTo(w io.Writer, inv *Inventory, r remarks) error {
	out := &writer{w: bufio.NewWriter(w), remarks: r}
	out.comments(r.head)
	if len(r.head) > 0 {
		out.line("")
	}
	out.line("version = 1")
	out.settings(inv)
	out.providers(inv.Providers)
	out.hosts(inv.Hosts)
	for _, z := range inv.Zones {
		out.zone(inv, z)
	}
	out.windows(inv.Windows)
	out.failovers(inv.Failovers)
	out.vantages(inv.Vantages)
	for _, n := range inv.Notifies {
		out.table("[[notify]]")
		out.text("url", string(n.URL))
		out.list("on", n.On)
	}
	if len(r.tail) > 0 {
		out.line("")
		out.comments(r.tail)
	}
	if err := out.w.Flush(); err != nil {
		return fmt.Errorf("write inventory: %w", err)
	}
	return nil
}

// writer writes TOML. Errors stay in the bufio.Writer until the last Flush.
type writer struct {
	w       *bufio.Writer
	remarks remarks
}

func (w *writer) line(s string) { _, _ = w.w.WriteString(s + "\n") }

// table starts a table, with comments above its header.
func (w *writer) table(header string, above ...string) {
	w.line("")
	w.comments(above)
	w.line(header)
}

// comments writes a line for each text. What would end the line, or may not
// stand in TOML, becomes a blank.
func (w *writer) comments(texts []string) {
	for _, s := range texts {
		s = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, strings.ToValidUTF8(s, "\ufffd"))
		w.line(strings.TrimRight("# "+s, " "))
	}
}

func (w *writer) text(key, value string) { w.line(key + " = " + quote(value)) }

// some writes a text that is left out when it is empty.
func (w *writer) some(key, value string) {
	if value != "" {
		w.text(key, value)
	}
}

func (w *writer) number(key string, n int) { w.line(key + " = " + strconv.Itoa(n)) }

// flag writes a boolean that is left out when it is false.
func (w *writer) flag(key string, b bool) {
	if b {
		w.line(key + " = true")
	}
}

func (w *writer) span(key string, d time.Duration) { w.text(key, zone.FormatDuration(d)) }

func (w *writer) list(key string, values []string) {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	w.line(key + " = [" + strings.Join(quoted, ", ") + "]")
}

// quote writes a basic string of TOML.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range strings.ToValidUTF8(s, "\ufffd") {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < 0x20 || c == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func texts[T fmt.Stringer](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return out
}

func (w *writer) settings(inv *Inventory) {
	w.table("[defaults]")
	w.span("ttl", inv.Defaults.TTL.Duration())
	w.span("change_ttl", inv.Defaults.ChangeTTL.Duration())
	w.span("settle", inv.Defaults.Settle)
	w.text("strategy", inv.Defaults.Strategy)
	if inv.Defaults.OnFailure == Hold {
		w.text("on_failure", Hold)
	}
	if inv.Defaults.MaxPlanAge > 0 {
		w.span("max_plan_age", inv.Defaults.MaxPlanAge)
	}
	w.table("[verify]")
	w.text("require", inv.Verify.Require)
	w.span("timeout", inv.Verify.Timeout)
	if inv.Verify.Rate > 0 {
		w.number("rate", inv.Verify.Rate)
	}
	for _, r := range inv.Verify.Resolvers {
		w.table("[[verify.resolver]]")
		w.text("name", r.Name)
		w.text("address", shortAddress(r))
		w.text("protocol", r.Protocol)
	}
	w.check(inv.Check)
	if inv.Backup.Keep > 0 {
		w.table("[backup]")
		w.span("keep", inv.Backup.Keep)
	}
}

// shortAddress leaves out the port of DNS, as people do.
func shortAddress(r Resolver) string {
	at, err := netip.ParseAddrPort(r.Address)
	if err != nil || at.Port() != 53 || r.Protocol != "udp" && r.Protocol != "tcp" {
		return r.Address
	}
	return at.Addr().String()
}

func (w *writer) providers(list []Provider) {
	for _, p := range list {
		w.table("[[provider]]")
		w.text("name", p.Name)
		w.text("type", p.Type)
		for _, key := range slices.Sorted(maps.Keys(p.Settings)) {
			w.text(key, p.Settings[key])
		}
	}
}

func (w *writer) hosts(list []Host) {
	for _, h := range list {
		w.table("[[host]]")
		w.text("name", h.Name)
		if len(h.IPv4) > 0 {
			w.list("ipv4", texts(h.IPv4))
		}
		if len(h.IPv6) > 0 {
			w.list("ipv6", texts(h.IPv6))
		}
		w.flag("acme_client", h.ACMEClient)
		w.challenge("[host.challenge]", h.Challenge)
	}
}

func (w *writer) zone(inv *Inventory, z Zone) {
	w.table("[[zone]]")
	w.text("name", nameText(z.Name.Display()))
	w.text("provider", z.Provider)
	w.some("view", z.View)
	if z.ServersGiven {
		w.list("servers", servers(z.Servers))
	}
	w.flag("prune", z.Prune)
	if len(z.Ignore) > 0 {
		w.list("ignore", texts(z.Ignore))
	}
	if len(z.Protect) > 0 {
		w.list("protect", texts(z.Protect))
	}
	for i := 0; i < len(z.Records); i++ {
		sets := z.Records[i : i+1]
		if i+1 < len(z.Records) && oneTable(z.Records[i], z.Records[i+1]) {
			sets = z.Records[i : i+2]
			i++
		}
		w.record(inv, z, sets)
	}
}

// servers leaves out the port of DNS, as people do.
func servers(list []netip.AddrPort) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.String()
		if s.Port() == 53 {
			out[i] = s.Addr().String()
		}
	}
	return out
}

// oneTable tells whether two sets fit into one table: A and AAAA of one name
// that differ in nothing but their addresses.
func oneTable(a, b Record) bool {
	return a.Name == b.Name && a.Type != b.Type && a.TTL == b.TTL && a.ACME == b.ACME && a.TLSRequired == b.TLSRequired &&
		a.Group == b.Group && a.Owner == b.Owner && a.Comment == b.Comment &&
		a.RoundRobin == b.RoundRobin && a.ReplaceCNAME == b.ReplaceCNAME && sameFlag(a.Proxied, b.Proxied) &&
		sameProbe(a.Probe, b.Probe)
}

func sameFlag(a, b *bool) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// record writes one table. Hosts are named where they give exactly the
// addresses that are wanted; otherwise the addresses stand there.
func (w *writer) record(inv *Inventory, z Zone, sets []Record) {
	r := sets[0]
	var above []string
	for _, s := range sets {
		for _, text := range w.remarks.at[s.Key] {
			if !slices.Contains(above, text) {
				above = append(above, text)
			}
		}
	}
	w.table("[[zone.record]]", above...)
	w.text("name", ownerText(r.Name, z.Name))
	hosts, literal := split(inv, sets)
	if len(hosts) > 0 {
		w.list("hosts", hosts)
	}
	for _, s := range literal {
		w.list(strings.ToLower(s.Type.String()), texts(s.Addrs))
	}
	if r.TTL != inv.Defaults.TTL {
		w.span("ttl", r.TTL.Duration())
	}
	if r.Proxied != nil {
		w.line("proxied = " + strconv.FormatBool(*r.Proxied))
	}
	w.some("acme", r.ACME)
	if r.TLSRequired {
		w.text("tls", "required")
	}
	w.some("group", r.Group)
	many := slices.ContainsFunc(sets, func(s Record) bool { return len(s.Addrs) > 1 })
	w.flag("round_robin", r.RoundRobin || many)
	w.flag("replace_cname", r.ReplaceCNAME)
	w.some("owner", r.Owner)
	w.some("comment", r.Comment)
	w.probe(r.Probe, r.Name)
}

// ownerText writes a name relative to its zone, or absolute where the relative
// form would read like a forgotten final dot, or ends in a dot that is escaped.
func ownerText(n, z zone.Name) string {
	relative := n.Relative(z)
	if n != z && (zone.Canonical(relative).IsSubdomainOf(z) || strings.HasSuffix(relative, ".")) {
		return nameText(string(n))
	}
	return nameText(relative)
}

// nameText escapes what badChar takes for a typing mistake.
func nameText(s string) string {
	if s == "@" || badChar(s) == "" {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			b.WriteString(s[i : i+2])
			i++
		case badChar(s[i:i+1]) == "" && (c != '*' || isWildcardAt(s, i)):
			b.WriteByte(c)
		default:
			b.Write([]byte{'\\', c})
		}
	}
	return b.String()
}

// split returns the hosts to name for sets, and the sets to write literally.
func split(inv *Inventory, sets []Record) (hosts []string, literal []Record) {
	for _, s := range sets {
		for _, h := range s.Hosts {
			if !slices.Contains(hosts, h) {
				hosts = append(hosts, h)
			}
		}
	}
	v4, v6 := hostUnion(inv, hosts)
	rest := map[zone.Type][]netip.Addr{zone.A: v4, zone.AAAA: v6}
	for _, s := range sets {
		if len(s.Hosts) == 0 {
			literal = append(literal, s)
			continue
		}
		if !slices.Equal(rest[s.Type], s.Addrs) {
			return nil, sets
		}
		delete(rest, s.Type)
	}
	if len(rest[zone.A])+len(rest[zone.AAAA]) > 0 {
		return nil, sets
	}
	return hosts, literal
}

func hostUnion(inv *Inventory, names []string) (v4, v6 []netip.Addr) {
	for _, name := range names {
		h, _ := inv.Host(name)
		v4, v6 = append(v4, h.IPv4...), append(v6, h.IPv6...)
	}
	return sortedSet(v4), sortedSet(v6)
}

func (w *writer) windows(list []Window) {
	for _, x := range list {
		w.table("[[window]]")
		w.text("name", x.Name)
		w.text("kind", x.Kind)
		w.text("cron", x.Cron)
		w.span("duration", x.Duration)
		w.text("timezone", x.Timezone)
		w.list("zones", x.Zones)
	}
}

func (w *writer) failovers(list []Failover) {
	for _, f := range list {
		w.table("[[failover]]")
		w.text("name", f.Name)
		w.some("group", f.Group)
		if len(f.Records) > 0 {
			names := make([]string, len(f.Records))
			for i, n := range f.Records {
				names[i] = n.Display()
			}
			w.list("records", names)
		}
		w.text("primary", f.Primary)
		w.list("standby", f.Standby)
		if f.TTL > 0 {
			w.span("ttl", f.TTL.Duration())
		}
		w.text("failback", f.Failback)
		if p := f.Probe; p != nil {
			w.table("[failover.probe]")
			w.text("url", p.URL)
			w.span("every", p.Every)
			w.number("failures", p.Failures)
			w.number("successes", p.Successes)
		}
	}
}
