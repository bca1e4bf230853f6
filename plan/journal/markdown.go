package journal

import (
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

const tableHead = `# DNS change log

Written anew from ` + ChangeLogFile + ` after each change: do not edit it here.

| Date | Zone | Name | Type | Action | Old | New | TTL | Reason | Ticket | Impact | By | Verified by | Run |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
`

// Markdown returns the change log as people read it: a heading and a table
// with a row for each entry, in the order of the log.
func Markdown(log []Change) []byte {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, c := range log {
		for _, cell := range c.cells() {
			b.WriteString("| ")
			b.WriteString(cell)
			b.WriteByte(' ')
		}
		b.WriteString("|\n")
	}
	return []byte(b.String())
}

func (c Change) cells() []string {
	cells := []string{
		c.At.UTC().Format(time.RFC3339),
		LockName{Zone: c.Zone, View: c.View}.String(),
		string(c.Name), c.Type, c.what(),
		c.before(), values(c.NewValues, c.NewProxied), ttls(c.OldTTL, c.NewTTL),
		c.Reason, c.Ticket, c.Impact, c.By, c.verified(),
		c.Run + "/" + c.ID,
	}
	esc := strings.NewReplacer(`\`, `\\`, "|", `\|`, "\r\n", "<br>", "\n", "<br>", "\r", "<br>",
		"&", "&amp;", "<", "&lt;", "*", `\*`, "`", "\\`", "[", `\[`)
	for i, cell := range cells {
		cells[i] = esc.Replace(cell)
	}
	return cells
}

// verified says who gave the new answer, and when they all had.
func (c Change) verified() string {
	s := strings.Join(c.VerifiedBy, ", ")
	if s != "" && !c.VerifiedAt.IsZero() {
		s += " at " + c.VerifiedAt.UTC().Format(time.RFC3339)
	}
	return s
}

// what is the action and, unless it is "applied", its outcome.
func (c Change) what() string {
	if c.Outcome == "" || c.Outcome == "applied" {
		return c.Action
	}
	return c.Action + " (" + c.Outcome + ")"
}

// before is what stood there: addresses, or the record that was replaced.
func (c Change) before() string {
	if c.Replaced != "" && len(c.OldValues) == 0 {
		return c.Replaced
	}
	return values(c.OldValues, c.OldProxied)
}

func values(addrs []string, proxied bool) string {
	if len(addrs) == 0 {
		return "-"
	}
	s := strings.Join(addrs, ", ")
	if proxied {
		s += " (proxied)"
	}
	return s
}

// ttls writes a change of TTL as "86400 -> 300".
func ttls(before, after zone.TTL) string {
	if before == after || before == 0 {
		return orDash(after)
	}
	return orDash(before) + " -> " + orDash(after)
}

func orDash(t zone.TTL) string {
	if t == 0 {
		return "-"
	}
	return t.String()
}
