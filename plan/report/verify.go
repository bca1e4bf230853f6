package report

import (
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// Verified is one RRset: what is wanted, and what servers answer.
type Verified struct {
	Zone  plan.ZoneRef
	Want  verify.Want
	Lines []verify.Line
}

// Verification is what `dnsplan verify` found.
type Verification struct {
	Checked time.Time
	// Require is the inventory's: how many of the resolvers must agree.
	Require string
	RRsets  []Verified
	// Unread are the zones of which nothing is known: they could not be read, or
	// their servers are silent.
	Unread []plan.ZoneRef
}

// Agree tells whether the answers are as wanted, as verify.Agree judges each
// RRset.
func (v Verification) Agree() bool {
	for _, r := range v.RRsets {
		if ok, err := verify.Agree(r.Lines, v.Require); err != nil || !ok {
			return false
		}
	}
	return true
}

// differing returns the answers that are not as wanted, silent those that did
// not come.
func (v Verification) differing() []verify.Line {
	return v.lines(func(l verify.Line) bool { return !l.Verdict.Good() && l.Verdict != verify.Silent })
}

func (v Verification) silent() []verify.Line {
	return v.lines(func(l verify.Line) bool { return l.Verdict == verify.Silent })
}

func (v Verification) lines(keep func(verify.Line) bool) (out []verify.Line) {
	for _, r := range v.RRsets {
		for _, l := range r.Lines {
			if keep(l) {
				out = append(out, l)
			}
		}
	}
	return out
}

func (v Verification) answers() (n int) {
	for _, r := range v.RRsets {
		n += len(r.Lines)
	}
	return n
}

// VerifyText writes a table of answers for each RRset, authoritative servers
// first. Its last line is "All N answers agree.", "N of M answers differ: ...",
// "N authoritative servers do not answer: ..." or "Too few resolvers answer:
// ..."; a line before it names the servers that did not answer, and another one the
// zones of which nothing is known: then the last line says that it is about the
// others.
func VerifyText(w io.Writer, v Verification, o Options) error {
	p := newPage(o)
	for _, r := range v.RRsets {
		p.blank()
		p.verified(r)
	}
	p.blank()
	p.verdict(v)
	return p.writeTo(w)
}

func (p *page) verified(r Verified) {
	head := append(p.subject(r.Want.Name, r.Want.Type), in(dim, " in "+r.Zone.Zone.Display()))
	p.row(2, "", append(head, viewOf(r.Zone)...)...)
	p.row(8, "  want  ", wanted(r.Want)...)
	pad := 0
	for _, l := range r.Lines {
		pad = max(pad, min(lipgloss.Width(serverText(l)), maxServer))
	}
	for _, resolver := range []bool{false, true} {
		p.answerRows(r.Lines, resolver, pad)
	}
}

// maxServer is the widest column of servers.
const maxServer = 34

func (p *page) answerRows(lines []verify.Line, resolver bool, pad int) {
	title := "  authoritative servers"
	if resolver {
		title = "  resolvers"
	}
	for _, l := range lines {
		if l.Resolver != resolver {
			continue
		}
		if title != "" {
			p.row(0, title)
			title = ""
		}
		p.answerRow(l, pad)
	}
}

// answerRow is one answer: "✓ ok  5m  12 ms  ns1.example.org.  203.0.113.11".
func (p *page) answerRow(l verify.Line, pad int) {
	const hang = 4 + 9 + 1 + 8 + 7 + 1
	m := verdictMark(l.Verdict)
	p.row(hang, "    ",
		span{padded(m.sign(p.o)+" "+m.word, 9), m.style}, txt(" "+padded(ttlLeft(l)+" ", 8)+padded(rtt(l.RTT), 7)),
		txt(" "), p.serverColumn(l, pad), txt(" "), p.unbroken(hang, answerText(l)))
	if l.Detail != "" {
		p.row(hang, strings.Repeat(" ", hang), in(dim, l.Detail))
	}
}

// serverColumn is who was asked, padded; a long one may be broken instead.
func (p *page) serverColumn(l verify.Line, pad int) span {
	text := serverText(l)
	if lipgloss.Width(text) > pad {
		return txt(text)
	}
	return txt(padded(text, pad) + noBreak)
}

// unbroken keeps text on one line where one behind hang can hold it.
func (p *page) unbroken(hang int, text string) span {
	if lipgloss.Width(text) <= p.o.Width-hang {
		text = keep(text)
	}
	return txt(text)
}

func wanted(w verify.Want) []span {
	if len(w.Values) == 0 {
		return []span{txt("no such RRset")}
	}
	out := []span{in(bold, joinAddrs(w.Values))}
	if w.TTL > 0 {
		out = append(out, txt(", "+keep("TTL "+ttlLong(w.TTL, false))))
	}
	if w.Proxied {
		out = append(out, txt(", behind the proxy: any address"))
	}
	return out
}

// serverText names who was asked: "google 8.8.8.8:53".
func serverText(l verify.Line) string {
	if l.Server == l.Address || l.Server == "" {
		return l.Address
	}
	return l.Server + " " + l.Address
}

// answerText is the values, or the status where there are none.
func answerText(l verify.Line) string {
	if len(l.Values) == 0 {
		return l.Status
	}
	return joinAddrs(l.Values)
}

func ttlLeft(l verify.Line) string {
	if len(l.Values) == 0 {
		return "-"
	}
	return ttlText(l.TTL, false)
}

func rtt(d time.Duration) string {
	if d <= 0 {
		return "-"
	}
	if d < time.Millisecond {
		return "<1" + noBreak + "ms"
	}
	return number(int(d/time.Millisecond)) + noBreak + "ms"
}

// verdict is the last line, on one line.
func (p *page) verdict(v Verification) {
	bad, silent := v.differing(), v.silent()
	all := v.answers() - len(silent)
	p.unread(v.Unread)
	mute := servers(v.lines(func(l verify.Line) bool { return l.Verdict == verify.Silent && !l.Resolver }))
	switch {
	case v.answers() == 0:
		p.whole(plain, "No answers: nothing was asked.")
	case len(bad) > 0:
		p.silence(silent)
		p.naming(red, v.ofRead(number(len(bad))+" of "+number(all)+" answers differ: "), servers(bad))
	case v.Agree():
		p.silence(silent)
		p.whole(v.agreed(), v.ofRead("All "+number(all)+" answers agree."))
	case len(mute) > 0:
		p.silence(v.lines(func(l verify.Line) bool { return l.Verdict == verify.Silent && l.Resolver }))
		p.naming(red, v.ofRead(count(len(mute), "authoritative server")+" "+verb(len(mute), "do", "does")+" not answer: "), mute)
	default:
		p.silence(silent)
		p.whole(red, v.ofRead("Too few resolvers answer: "+number(all)+" of "+number(v.answers())+" answers came."))
	}
}

// ofRead has a sentence say that it is about the zones that could be read alone, where
// others could not.
func (v Verification) ofRead(s string) string {
	if len(v.Unread) == 0 {
		return s
	}
	return "Of the other zones, " + strings.ToLower(s[:1]) + s[1:]
}

// agreed is the style of agreement; of some zones alone it is not well.
func (v Verification) agreed() style {
	if len(v.Unread) > 0 {
		return yellow
	}
	return green
}

// unread names the zones of which nothing is known.
func (p *page) unread(zones []plan.ZoneRef) {
	if len(zones) == 0 {
		return
	}
	names := make([]string, len(zones))
	for i, z := range zones {
		names[i] = z.Zone.Display()
		if z.View != "" {
			names[i] += " in view " + clean(z.View)
		}
	}
	const text = "Could not be read: "
	p.whole(red, text+p.fitted(names, "zone", p.o.Width-len(text)-1)+".")
}

// silence names the servers that did not answer.
func (p *page) silence(lines []verify.Line) {
	if len(lines) > 0 {
		p.naming(yellow, "No answer from: ", servers(lines))
	}
}

// naming is text and as many names as one line holds.
func (p *page) naming(st style, text string, names []string) {
	p.whole(st, text+p.fit(names, p.o.Width-len(text)-1)+".")
}

// verb is the form of a verb that n takes.
func verb(n int, many, one string) string {
	if n == 1 {
		return one
	}
	return many
}

// servers names those who gave lines, each once.
func servers(lines []verify.Line) (names []string) {
	for _, l := range lines {
		if name := strings.TrimSuffix(clean(l.Server), "."); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// fit is fitted for servers.
func (p *page) fit(names []string, room int) string { return p.fitted(names, "server", room) }

// fitted joins as many of names as room columns hold, and counts the rest; where
// it holds none, it counts them all as nouns.
func (p *page) fitted(names []string, noun string, room int) string {
	for n := len(names); n > 0; n-- {
		text := strings.Join(names[:n], ", ")
		if n < len(names) {
			text += " and " + number(len(names)-n) + " more"
		}
		if lipgloss.Width(text) <= room {
			return text
		}
	}
	return count(len(names), noun)
}

// VerifyJSON writes the answers as one document. Wanted is null for an RRset
// that should not exist; unread are the zones of which nothing is known; error is why
// answers are missing, in which case servers do not agree, and is left out where none
// are.
func VerifyJSON(w io.Writer, v Verification, missing error) error {
	doc := verifyDoc{FormatVersion: FormatVersion, Checked: v.Checked.UTC(), Agree: v.Agree() && missing == nil, RRsets: []verifiedDoc{}, Unread: append([]plan.ZoneRef{}, v.Unread...)}
	if missing != nil {
		doc.Error = missing.Error()
	}
	for _, r := range v.RRsets {
		d := verifiedDoc{Zone: r.Zone.Zone, View: r.Zone.View, Name: r.Want.Name, Type: r.Want.Type, Answers: append([]verify.Line{}, r.Lines...)}
		if len(r.Want.Values) > 0 {
			d.Wanted = &wantedDoc{r.Want.TTL, r.Want.Values, r.Want.Proxied}
		}
		doc.RRsets = append(doc.RRsets, d)
	}
	return writeJSON(w, doc)
}

type verifyDoc struct {
	FormatVersion int            `json:"format_version"`
	Checked       time.Time      `json:"checked"`
	Agree         bool           `json:"agree"`
	RRsets        []verifiedDoc  `json:"rrsets"`
	Unread        []plan.ZoneRef `json:"unread"`
	Error         string         `json:"error,omitempty"`
}

type verifiedDoc struct {
	Zone    zone.Name     `json:"zone"`
	View    string        `json:"view,omitempty"`
	Name    zone.Name     `json:"name"`
	Type    zone.Type     `json:"type"`
	Wanted  *wantedDoc    `json:"wanted"`
	Answers []verify.Line `json:"answers"`
}

type wantedDoc struct {
	TTL     zone.TTL     `json:"ttl"`
	Values  []netip.Addr `json:"values"`
	Proxied bool         `json:"proxied"`
}
