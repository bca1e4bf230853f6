package report

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// maxValues is how many addresses of one RRset are listed, one a line.
const maxValues = 20

// change prints one RRset's change:
//
//	~ update   www.example.org A
//	           192.0.2.1 -> 203.0.113.11
//	           TTL 1d -> 5m -> 1h · staged · group web
func (p *page) change(c *plan.Change) {
	const column = 2 + actionPad + 3
	p.marked(2, actionMark(c.Action), actionPad, p.subject(c.Name, c.Type)...)
	for _, v := range valueLines(c) {
		p.row(column+2, strings.Repeat(" ", column), v...)
	}
	for _, text := range besideLines(c) {
		p.row(column+2, strings.Repeat(" ", column), txt(text))
	}
	line := append(ttlPath(c), p.proxy(c)...)
	if c.Replaces != "" {
		line = append(line, txt(p.o.dot()+"replaces "+c.Replaces+" (TTL "+ttlText(c.ReplacesTTL, false)+")"))
	}
	p.row(column+2, strings.Repeat(" ", column), append(line, in(dim, p.about(c)))...)
}

// besideLines says which comments and tags come back, a line for each value that
// gets others: `comment of 192.0.2.1: "late" -> "web"`.
func besideLines(c *plan.Change) (out []string) {
	if c.After == nil {
		return nil
	}
	for i, m := range c.After.Members {
		if len(out) == maxValues {
			return append(out, "... and "+count(len(c.After.Members)-i, "more address")+" with comments or tags")
		}
		was := memberOf(c.Before, m.Value)
		if was.Comment != m.Comment {
			out = append(out, "comment of "+m.Value.String()+": "+quoted(was.Comment)+" -> "+quoted(m.Comment))
		}
		if !slices.Equal(was.Tags, m.Tags) {
			out = append(out, "tags of "+m.Value.String()+": "+listOf(was.Tags)+" -> "+listOf(m.Tags))
		}
	}
	return out
}

// memberOf is what stands beside a value of s; empty where there is none.
func memberOf(s *plan.State, value netip.Addr) plan.Member {
	if s != nil {
		for _, m := range s.Members {
			if m.Value == value {
				return m
			}
		}
	}
	return plan.Member{Tags: []string{}}
}

func quoted(s string) string {
	if s == "" {
		return "none"
	}
	return strconv.Quote(s)
}

func listOf(tags []string) string {
	if len(tags) == 0 {
		return "none"
	}
	return strings.Join(tags, ", ")
}

// subject is a name and a type. An internationalized name is also shown as it
// is read (RFC 5890), where the terminal can show it.
func (p *page) subject(name zone.Name, typ zone.Type) []span {
	out := []span{in(bold, name.Display()), txt(" " + typ.String())}
	if !p.o.ASCII && strings.Contains(string(name), "xn--") {
		if u, err := idna.Display.ToUnicode(name.Display()); err == nil && u != name.Display() {
			out = append(out, in(dim, " ("+u+")"))
		}
	}
	return out
}

func viewOf(z plan.ZoneRef) []span {
	if z.View == "" {
		return nil
	}
	return []span{in(dim, " in view "+z.View)}
}

// about is what a change says about itself beside its data.
func (p *page) about(c *plan.Change) string {
	parts := []string{""}
	for _, d := range []struct{ name, value string }{
		{"probe: ", probeText(c.Probe)}, {"before the switch: ", probeText(c.Certificate)}, {"challenge: ", challengeText(c)}, {"group ", c.Group}, {"owner ", c.Owner}, {"", c.Comment},
	} {
		if d.value != "" {
			parts = append(parts, d.name+d.value)
		}
	}
	return strings.Join(parts, p.o.dot())
}

// probeText is what the service is asked; empty without a probe.
func probeText(p *plan.Probe) string {
	if p == nil {
		return ""
	}
	return p.String()
}

// challengeText says how the challenge is asked for before the switch; empty
// without one.
func challengeText(c *plan.Change) string {
	switch {
	case c.Challenge == nil:
		return ""
	case c.Challenge.Planter == "":
		return "port " + number(int(c.Challenge.Port)) + ", no token is placed"
	}
	return "port " + number(int(c.Challenge.Port)) + ", a token is placed by " + c.Challenge.Planter
}

// valueLines lists what becomes of the values: one line for one value each way,
// else one for each address.
func valueLines(c *plan.Change) [][]span {
	before, after := values(c.Before), values(c.After)
	switch {
	case len(before) <= 1 && len(after) <= 1:
		return [][]span{oneValue(before, after)}
	case slices.Equal(before, after):
		return [][]span{{txt(joinAddrs(before))}}
	}
	var out [][]span
	for _, a := range merged(before, after) {
		if len(out) == maxValues {
			return append(out, []span{txt("... and " + count(len(merged(before, after))-maxValues, "more address"))})
		}
		out = append(out, []span{signed(a, slices.Contains(before, a), slices.Contains(after, a))})
	}
	return out
}

func oneValue(before, after []netip.Addr) []span {
	switch {
	case len(before) == 0:
		return []span{in(green, joinAddrs(after))}
	case len(after) == 0:
		return []span{in(red, joinAddrs(before))}
	case slices.Equal(before, after):
		return []span{txt(joinAddrs(before))}
	}
	return []span{in(red, joinAddrs(before)), txt(" -> "), in(green, joinAddrs(after))}
}

func signed(a netip.Addr, before, after bool) span {
	switch {
	case before && after:
		return span{keep("  ") + a.String() + " (stays)", dim}
	case before:
		return span{"-" + noBreak + a.String(), red}
	}
	return span{"+" + noBreak + a.String(), green}
}

// merged returns the addresses of both lists in order, each once.
func merged(a, b []netip.Addr) []netip.Addr {
	all := slices.Concat(a, b)
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

func values(s *plan.State) []netip.Addr {
	if s == nil {
		return nil
	}
	return s.Values
}

func joinAddrs(addrs []netip.Addr) string {
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return strings.Join(out, ", ")
}

// ttlPath says what TTLs the RRset goes through: before, while the change is
// under way, after.
func ttlPath(c *plan.Change) []span {
	text := func(s *plan.State) string { return ttlText(s.TTL, s.Auto) }
	switch {
	case c.Before == nil && c.After == nil:
		return nil
	case c.Before == nil && c.Raised():
		return []span{txt("TTL " + ttlText(c.ChangeTTL, false) + " at first, then " + text(c.After))}
	case c.Before == nil:
		return []span{txt("TTL " + text(c.After))}
	case c.After == nil:
		return []span{txt("TTL " + text(c.Before))}
	case c.Action == plan.TTL:
		before := ttlLong(c.Before.TTL, c.Before.Auto)
		if c.Before.Mixed {
			before = "mixed, at most " + before
		}
		return []span{txt("TTL "), in(blue, keep(before+" -> "+ttlLong(c.After.TTL, c.After.Auto)))}
	}
	path := []string{text(c.Before)}
	if c.Lowered() || c.Raised() {
		path = append(path, ttlText(c.ChangeTTL, false))
	}
	path = slices.Compact(append(path, text(c.After)))
	return []span{txt(keep("TTL " + strings.Join(path, " -> ")))}
}

// proxy says whether a CDN answers in place of the values, where it plays a part.
func (p *page) proxy(c *plan.Change) []span {
	before, after := c.Before != nil && c.Before.Proxied, c.After != nil && c.After.Proxied
	switch {
	case c.Action == plan.Proxied:
		return []span{txt(p.o.dot()), in(cyan, keep("proxy "+onOff(before)+" -> "+onOff(after)))}
	case c.Before != nil && c.After != nil && before != after:
		return []span{txt(p.o.dot() + keep("proxy "+onOff(before)+" -> "+onOff(after)))}
	case before || after:
		return []span{txt(p.o.dot() + keep("proxy stays on"))}
	}
	return nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
