package report

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/plan"
)

// MarkdownMarker is the first line of PlanMarkdown: an HTML comment by which a
// bot finds the comment that it wrote before.
const MarkdownMarker = "<!-- dnsplan plan -->"

const (
	// maxMarkdown keeps a comment under GitHub's 64 KiB.
	maxMarkdown = 60 << 10
	// maxMarkdownItems is how many items each list of a comment starts with.
	maxMarkdownItems = 400
	// maxCell is the widest text of a cell, in bytes.
	maxCell = 400
)

// PlanMarkdown writes a plan as a comment for a pull request, in GitHub's
// Markdown, under 60 KiB: lists that are too long are cut and counted. Of o
// only Now, Location and Command count.
func PlanMarkdown(w io.Writer, p *plan.Plan, o Options) error {
	o.ASCII = false
	for most := maxMarkdownItems; ; most /= 2 {
		m := &markdown{o: o.filled(), most: most}
		m.plan(p)
		if m.out.Len() <= maxMarkdown || most == 0 {
			_, err := w.Write(m.out.Bytes())
			return err
		}
	}
}

// markdown collects a comment whose lists hold at most most items.
type markdown struct {
	o    Options
	most int
	out  bytes.Buffer
}

func (m *markdown) lines(s ...string) {
	for _, l := range s {
		m.out.WriteString(l)
		m.out.WriteByte('\n')
	}
}

func (m *markdown) plan(p *plan.Plan) {
	m.lines(MarkdownMarker, "## dnsplan: "+m.headline(p), "")
	if p.RollbackOf != "" {
		m.lines("Rollback of run "+code(p.RollbackOf)+".", "")
	}
	if p.ResumeOf != "" {
		m.lines("The rest of run "+code(p.ResumeOf)+".", "")
	}
	if p.RestoreOf != "" {
		m.lines("Restore out of "+code(p.RestoreOf)+".", "")
	}
	zones := groupByZone(p)
	m.refusals(p.Refusals)
	m.conflicts(p.Conflicts)
	m.warnings(p.Warnings)
	if !p.Empty() {
		m.diff(zones, len(p.Changes))
		m.table(zones)
		m.timeline(p)
	}
	m.unmanaged(p)
	m.commands(p)
	if text := standing(p); text != "" {
		m.lines(text, "")
	}
	m.lines("**" + lastLine(p) + "**")
}

func (m *markdown) headline(p *plan.Plan) string {
	if p.Empty() {
		return "no changes"
	}
	t := tally{}
	for i := range p.Changes {
		t[p.Changes[i].Action]++
	}
	return t.String() + " in " + count(len(groupByZone(p).order), "zone")
}

// list writes up to most items and counts the rest.
func list[T any](m *markdown, title string, items []T, item func(T) string) {
	if len(items) == 0 {
		return
	}
	m.lines("### "+title+": "+number(len(items)), "")
	for i, it := range items {
		if i == m.most {
			m.lines("- … and " + number(len(items)-i) + " more")
			break
		}
		m.lines("- " + item(it))
	}
	m.lines("")
}

func (m *markdown) refusals(items []plan.Refusal) {
	list(m, "✕ Refused by guards", items, func(r plan.Refusal) string {
		text := "**" + cell(r.Code) + "** in " + cell(zoneRef(r.Zone.Display(), r.View)) + ": " + cell(r.Message)
		if r.Allow != "" {
			text += ". If this is what you want: " + code(r.Allow) + awaiting(r)
		}
		return text
	})
}

func (m *markdown) conflicts(items []plan.Conflict) {
	list(m, "! Conflicts", items, func(c plan.Conflict) string {
		return "**" + cell(zoneRef(c.Name.Display(), c.View)) + " " + c.Type.String() + "**: " + cell(ConflictText(c))
	})
}

func (m *markdown) warnings(items []plan.Warning) {
	list(m, "! Warnings", items, func(w plan.Warning) string {
		says, lines, _ := strings.Cut(w.Message, "\n")
		text := cell(says)
		if w.Name != "" {
			text = "**" + cell(warned(w)) + "**: " + text
		}
		return text + block(lines)
	})
}

// block is a fenced block within an item of a list; empty without a text.
func block(text string) string {
	if text == "" {
		return ""
	}
	fence := "\n  " + fenceFor(text)
	var out strings.Builder
	out.WriteString(fence)
	for line := range strings.Lines(text) {
		out.WriteString("\n  " + clean(strings.TrimRight(line, "\r\n"))) // whole: it is to be pasted
	}
	return out.String() + fence
}

func (m *markdown) unmanaged(p *plan.Plan) {
	list(m, unmanagedTitle(p), p.Unmanaged, func(u plan.Unmanaged) string {
		text := cell(zoneRef(u.Name.Display(), u.View)) + " " + u.Type.String() + " " + cell(joinAddrs(u.Values))
		if u.Foreign != "" {
			text += " (" + cell(u.Foreign) + ", never written)"
		}
		return text
	})
}

func zoneRef(name, view string) string {
	if view != "" {
		name += " (view " + view + ")"
	}
	return name
}

// diff is the changes in a form that GitHub colours: + - and !.
func (m *markdown) diff(zones byZone, all int) {
	m.lines("```diff")
	n := 0
	for _, z := range zones.order {
		if n == m.most {
			break
		}
		m.lines("@@ " + fenced(zoneText(z)) + " @@")
		for _, c := range zones.changes[z.ZoneRef] {
			if n == m.most {
				break
			}
			n++
			m.lines(diffLines(c)...)
		}
	}
	if n < all {
		m.lines("# … and " + count(all-n, "more change"))
	}
	m.lines("```", "")
}

func diffLines(c *plan.Change) []string {
	name := c.Name.Display() + " " + c.Type.String()
	switch c.Action {
	case plan.Create:
		return besideFenced(c, "+ "+name+"  "+joinAddrs(c.After.Values)+"  "+spansText(ttlPath(c))+replaced(c))
	case plan.Delete:
		return []string{fenced("- " + name + "  " + joinAddrs(c.Before.Values) + "  " + spansText(ttlPath(c)))}
	}
	what := actionMark(c.Action).word + ":"
	if c.Action == plan.Update {
		what = joinAddrs(values(c.Before)) + " -> " + joinAddrs(values(c.After)) + " "
	}
	path := append(ttlPath(c), newPage(Options{}).proxy(c)...)
	return besideFenced(c, "! "+name+"  "+what+" "+spansText(path))
}

// besideFenced adds the comments and tags that come back to a line.
func besideFenced(c *plan.Change, line string) []string {
	out := []string{fenced(line)}
	for _, text := range besideLines(c) {
		out = append(out, fenced("!   "+text))
	}
	return out
}

func replaced(c *plan.Change) string {
	if c.Replaces == "" {
		return ""
	}
	return "  replaces " + c.Replaces
}

func spansText(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.text)
	}
	return strings.ReplaceAll(b.String(), noBreak, " ")
}

// table has all that the diff leaves out.
func (m *markdown) table(zones byZone) {
	m.lines("<details><summary>All details</summary>", "",
		"| | Name | Type | Old | New | TTL | Strategy | Group | Owner | Comment |", "|---|---|---|---|---|---|---|---|---|---|")
	n := 0
	for _, z := range zones.order {
		for _, c := range zones.changes[z.ZoneRef] {
			if n == m.most {
				m.lines("", "… the table is cut after "+count(n, "row")+".", "", "</details>", "")
				return
			}
			n++
			m.row(actionMark(c.Action).word, zoneRef(c.Name.Display(), c.View), c.Type.String(), stateCell(c.Before), stateCell(c.After),
				spansText(ttlPath(c)), string(c.Strategy), c.Group, c.Owner, c.Comment)
		}
	}
	m.lines("", "</details>", "")
}

func (m *markdown) row(cells ...string) {
	for i, c := range cells {
		cells[i] = cell(c)
	}
	m.lines("| " + strings.Join(cells, " | ") + " |")
}

func stateCell(s *plan.State) string {
	if s == nil {
		return "-"
	}
	return joinAddrs(s.Values) + proxiedText(s.Proxied)
}

func (m *markdown) timeline(p *plan.Plan) {
	if len(p.Steps) == 0 {
		return
	}
	total := "<details><summary>Timeline"
	steps := schedule(p, m.o.Now)
	if d := lasts(steps); d > 0 {
		total += ": at least " + duration(d)
	}
	m.lines(total+"</summary>", "", "| Step | After | Kind | What |", "|---|---|---|---|")
	lookup := newLookup(p)
	for i, t := range steps {
		if i == m.most {
			m.lines("", "… and "+count(len(p.Steps)-i, "more step"))
			break
		}
		m.row(t.ID, duration(t.start), string(t.Kind), lookup.sentence(t.Step)+lookup.star(t.Step))
	}
	m.lines("")
	if text := lookup.onTop(p.Steps); text != "" {
		m.lines(text, "")
	}
	m.milestones(p)
	m.lines("</details>", "")
}

// commands are what to run next, to be copied.
func (m *markdown) commands(p *plan.Plan) {
	if p.Empty() || p.Window != nil {
		return
	}
	m.lines("Next:", "", "```sh", "# save exactly what is reviewed", m.o.Save,
		"# make it so; stops if live has moved meanwhile", m.o.Command("apply change.plan"), "```", "")
}

// cell makes text from outside plain text in a line of Markdown: no markup, no
// HTML, no mention of a user, no break of a table.
func cell(s string) string {
	return escapes.Replace(fenced(s))
}

var escapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "&#64;", "#", "&#35;", "$", "&#36;", "://", ":&#47;/")

// code is text as code; backticks in it become quotes.
func code(s string) string { return "`" + strings.ReplaceAll(fenced(s), "`", "'") + "`" }

// fenced makes text safe for a line of a fenced block, and not too long.
func fenced(s string) string {
	s = clean(strings.ReplaceAll(s, noBreak, " "))
	if len(s) <= maxCell {
		return s
	}
	cut := maxCell
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
