package zonefile

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// edit is what happens to one entry.
type edit struct {
	drop   bool
	retime bool // the TTL becomes ttl
	ttl    zone.TTL
	addr   netip.Addr   // when valid: the address becomes this one
	serial string       // when not empty: the SOA serial becomes this one
	add    []netip.Addr // more lines like this one follow it
}

// apply returns the text of d with the batch's changes made and the serial
// raised; the text itself when nothing changes.
func (b *batch) apply(d *document) (string, error) {
	edits := make(map[uint32]*edit)
	var created []zone.RRset
	for _, c := range b.Changes {
		s, ok := d.find(c.Key())
		switch {
		case ok:
			planSet(d, s, c.After, edits)
		case c.After != nil:
			created = append(created, *c.After)
		}
	}
	b.planCNAMEs(d, edits)
	if len(edits) == 0 && len(created) == 0 {
		return d.text, nil
	}
	if err := b.planSerial(d, edits); err != nil {
		return "", err
	}
	w := newWriter(d, len(created))
	for i := range d.entries {
		w.entry(&d.entries[i], edits[uint32(i)])
	}
	w.copyTo(uint32(len(d.text)))
	for _, r := range created {
		w.create(r)
	}
	return w.out.String(), nil
}

// planSet decides what happens to the lines of a set that becomes after, or
// goes when after is nil.
func planSet(d *document, s *set, after *zone.RRset, edits map[uint32]*edit) {
	lines := slices.Sorted(slices.Values(d.members(s)))
	if after == nil {
		for _, i := range lines {
			edits[i] = &edit{drop: true}
		}
		return
	}
	fresh := slices.DeleteFunc(slices.Clone(after.Addrs), func(a netip.Addr) bool { return d.holds(s, a) })
	var last uint32
	for _, i := range lines {
		e := &d.entries[i]
		ed := edit{ttl: after.TTL, retime: after.TTL != e.ttl}
		_, stays := slices.BinarySearchFunc(after.Addrs, e.addr, netip.Addr.Compare)
		switch {
		case stays:
			last = i
		case len(fresh) > 0:
			ed.addr, fresh, last = fresh[0], fresh[1:], i
		default:
			ed.drop = true
		}
		if ed.drop || ed.retime || ed.addr.IsValid() {
			edits[i] = &ed
		}
	}
	if len(fresh) == 0 {
		return
	}
	if edits[last] == nil {
		edits[last] = &edit{}
	}
	edits[last].add = fresh
}

// holds tells whether a is a value of s.
func (d *document) holds(s *set, a netip.Addr) bool {
	_, ok := slices.BinarySearchFunc(d.members(s), a, func(i uint32, a netip.Addr) int { return d.entries[i].addr.Compare(a) })
	return ok
}

// planCNAMEs drops the CNAME records that the batch replaces.
func (b *batch) planCNAMEs(d *document, edits map[uint32]*edit) {
	if len(b.cleared) == 0 {
		return
	}
	for i := range d.entries {
		if e := &d.entries[i]; e.typ == typeCNAME && b.cleared[e.name] {
			edits[uint32(i)] = &edit{drop: true}
		}
	}
}

// planSerial raises the serial.
func (b *batch) planSerial(d *document, edits map[uint32]*edit) error {
	e := &d.entries[d.soa]
	if e.src != own {
		return b.Refuse(zone.Key{}, "the SOA record stands in an included file, its serial cannot be raised in the same write")
	}
	serial := strconv.FormatUint(uint64(nextSerial(d.serial)), 10)
	edits[uint32(d.soa)] = &edit{serial: serial}
	return nil
}

// writer copies a document's text and makes edits on the way. It knows what a
// line without owner name or TTL would inherit in the new text.
type writer struct {
	d     *document
	out   strings.Builder
	done  uint32 // the text is copied up to here
	owner zone.Name
	last  ttlState
	eol   string
}

func newWriter(d *document, created int) *writer {
	w := &writer{d: d, eol: "\n"}
	if i := strings.IndexByte(d.text, '\n'); i > 0 && d.text[i-1] == '\r' {
		w.eol = "\r\n"
	}
	w.out.Grow(len(d.text) + len(d.text)/64 + 64*created + 1024)
	return w
}

func (w *writer) copyTo(pos uint32) {
	w.out.WriteString(w.d.text[w.done:pos])
	w.done = pos
}

// replace writes text in the place of s; with an empty s it is inserted.
func (w *writer) replace(s span, text string) {
	w.copyTo(s.pos)
	w.out.WriteString(text)
	w.done = s.end
}

var noEdit edit

// entry writes one record, edited where ed is not nil.
func (w *writer) entry(e *entry, ed *edit) {
	if e.src != own {
		return
	}
	if ed == nil {
		ed = &noEdit
	}
	if ed.drop {
		w.replace(span{e.start, e.end}, "")
		return
	}
	ttl := e.ttl
	if ed.retime {
		ttl = ed.ttl
	}
	if ed.addr.IsValid() && !e.plain {
		w.rewrite(e, ttl, ed)
		return
	}
	ttlText := w.ttlText(e, ttl)
	if e.inherits && w.owner != e.name {
		w.replace(span{e.start, e.start}, ownerText(e.name.Relative(w.d.origins[e.origin])))
	}
	if ttlText != "" {
		w.replace(e.ttlTok, ttlText)
	}
	switch {
	case ed.addr.IsValid():
		w.replace(e.data, ed.addr.String())
	case ed.serial != "":
		w.replace(e.data, ed.serial)
	}
	w.noteTTL(e, ttlText != "", ttl)
	w.owner = e.name
	if len(ed.add) > 0 {
		w.addLike(e, ttl, ttlText, ed.add)
	}
}

// ttlText returns what must stand in the place of e's TTL token so that the
// record has ttl; empty when nothing must change.
func (w *writer) ttlText(e *entry, ttl zone.TTL) string {
	switch {
	case e.ttlSrc == ttlOwn && ttl != e.ttl:
		return ttl.String()
	case e.ttlSrc == ttlDefault && ttl != e.ttl:
		return ttl.String() + " "
	case e.ttlSrc == ttlLast && w.last != ttlState{ttl, true}:
		return ttl.String() + " "
	}
	return ""
}

func (w *writer) noteTTL(e *entry, changed bool, ttl zone.TTL) {
	if changed || e.ttlSrc == ttlOwn {
		w.last = ttlState{ttl, true}
	}
}

// addLike writes further values of e's set in e's layout.
func (w *writer) addLike(e *entry, ttl zone.TTL, ttlText string, addrs []netip.Addr) {
	w.copyTo(e.end)
	w.endLine()
	text := w.d.text
	head := text[e.start:e.data.pos]
	if !e.plain || strings.ContainsAny(head, "(\n") {
		w.lines(e.name, ttl, addrs)
		return
	}
	if ttlText != "" {
		head = text[e.start:e.ttlTok.pos] + ttlText + text[e.ttlTok.end:e.data.pos]
	}
	for _, a := range addrs {
		w.out.WriteString(head + a.String() + w.eol)
	}
}

// rewrite puts plain lines in the place of an entry whose layout cannot hold
// another address.
func (w *writer) rewrite(e *entry, ttl zone.TTL, ed *edit) {
	w.replace(span{e.start, e.end}, "")
	w.lines(e.name, ttl, append([]netip.Addr{ed.addr}, ed.add...))
}

// create writes a set at the end of the text.
func (w *writer) create(r zone.RRset) {
	w.endLine()
	w.lines(r.Name, r.TTL, r.Addrs)
}

// lines writes records that mean the same wherever they stand.
func (w *writer) lines(name zone.Name, ttl zone.TTL, addrs []netip.Addr) {
	owner := ownerText(string(name))
	for _, a := range addrs {
		w.out.WriteString(owner + "\t" + ttl.String() + "\tIN\t" + zone.TypeOf(a).String() + "\t" + a.String() + w.eol)
	}
	w.owner, w.last = name, ttlState{ttl, true}
}

// ownerText keeps an owner name from being read as a directive.
func ownerText(name string) string {
	if strings.HasPrefix(name, "$") {
		return `\` + name
	}
	return name
}

// endLine ends a last line that has no newline.
func (w *writer) endLine() {
	if s := w.out.String(); s != "" && s[len(s)-1] != '\n' {
		w.out.WriteString(w.eol)
	}
}
