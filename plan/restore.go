package plan

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The codes of warnings about what a restore leaves as it is.
const (
	// NotDeleted: live RRsets that the backup lacks.
	NotDeleted = "not-deleted"
	// ForeignInBackup: an RRset that was not dnsplan's to write.
	ForeignInBackup = "foreign-in-backup"
	// CNAMEInBackup: addresses at a name that had a CNAME record.
	CNAMEInBackup = "cname-in-backup"
	// OthersDiffer: records of types that dnsplan never writes.
	OthersDiffer = "others-differ"
	// IgnoredDiffer: RRsets that the inventory ignores.
	IgnoredDiffer = "ignored-differ"
	// NotKept: what the provider does not keep beside an address any more.
	NotKept = "not-kept"
)

// mostListed is how many RRsets or records a warning names.
const mostListed = 8

// Backup is a zone of the past and how much of it is to come back.
type Backup struct {
	// Snapshot is the zone as it was, sorted.
	Snapshot *zone.Snapshot
	// Names limits what comes back; nil is everything. With names nothing is
	// deleted.
	Names map[zone.Name]bool
	// Plain says that the snapshot knows addresses and TTLs alone, and not whether
	// it is the whole zone, as with a zone file that stands by itself. Whether a
	// name is proxied stays as it is live, and nothing is deleted.
	Plain bool
	// Proxy says that the provider has a proxy, and Beside that it keeps comments
	// and tags.
	Proxy, Beside bool
}

// Restore compares one zone with a backup of it, as Diff does with the inventory.
//
//	backup            live              result
//	address RRset     none              create
//	address RRset     differs           update, ttl or proxied
//	address RRset     foreign, CNAME    conflict
//	none              address RRset     delete, unless Names, Plain or a blind backup
//	foreign, CNAME    address RRset     warning, and live stays
//	other type        differs           warning
//
// What was proxied, an automatic TTL, comments and tags come back too. Names that
// the inventory ignores stay as they are, unless Names has them. D says where the
// zone is and what its provider takes; of its Records only groups, owners and
// remarks count, and Prune does not.
func Restore(d *Desired, b Backup, live *zone.Snapshot) ZoneDiff {
	own := *d
	own.Prune = b.Names == nil && !b.Plain && b.Snapshot.Blind == ""
	w := &restorer{differ: newDiffer(&own, live, Selection{Names: b.Names}), backup: b, inventory: d.Records}
	w.exact, w.spared, w.diff.Past = !b.Plain, map[zone.Key]bool{}, true
	own.Records = w.records()
	w.spare()
	w.walk()
	w.advise()
	w.leftAlone()
	w.ignored()
	w.others()
	return w.diff
}

type restorer struct {
	*differ
	backup    Backup
	inventory []Record
}

// selects tells whether name is to come back.
func (w *restorer) selects(name zone.Name) bool { return w.backup.Names == nil || w.backup.Names[name] }

// ignores tells whether the inventory ignores name and nobody has named it.
func (w *restorer) ignores(name zone.Name) bool {
	return !w.backup.Names[name] && zone.MatchAny(w.d.Ignore, name, w.d.Zone)
}

// records are the backup's RRsets that can be written, as wanted.
func (w *restorer) records() (out []Record) {
	about, groups := map[zone.Key]*Record{}, map[zone.Name]string{}
	for i := range w.inventory {
		r := &w.inventory[i]
		about[r.Key] = r
		groups[r.Name] = cmp.Or(groups[r.Name], r.Group)
	}
	for i := range w.backup.Snapshot.RRsets {
		set := &w.backup.Snapshot.RRsets[i]
		if set.Foreign != "" || len(set.Addrs) == 0 || w.ignores(set.Name) {
			continue
		}
		r := w.record(set)
		r.Group = groups[r.Name]
		if known := about[r.Key]; known != nil {
			r.Owner, r.Comment, r.ACME = known.Owner, known.Comment, known.ACME
		}
		out = append(out, r)
	}
	return out
}

func (w *restorer) record(set *zone.RRset) Record {
	r := Record{Key: set.Key, Addrs: set.Addrs, TTL: set.TTL}
	if w.backup.Plain {
		return r
	}
	if w.backup.Proxy {
		r.Proxied, r.Auto = &set.Proxied, set.Auto
	} else if set.Proxied && w.selects(set.Name) {
		w.warn(NotKept, set.Name, "it was proxied, and its provider has no proxy: its addresses come back with a TTL of "+set.TTL.String())
	}
	switch {
	case w.backup.Beside:
		r.Members = append(make([]zone.Member, 0, len(set.Addrs)), set.Members...)
	case set.HasBeside() && w.selects(set.Name):
		w.warn(NotKept, set.Name, "comments and tags do not come back: the provider keeps none, or none that can be written")
	}
	return r
}

// spare finds the RRsets in whose place the backup has what is never written: to
// delete them would leave nothing there.
func (w *restorer) spare() {
	cnames := map[zone.Name]string{}
	for _, r := range w.backup.Snapshot.Others {
		if r.Type == "CNAME" {
			cnames[r.Name] = r.Data
		}
	}
	for i := range w.live.RRsets {
		r := &w.live.RRsets[i]
		target, aliased := cnames[r.Name]
		if !aliased || r.Foreign != "" || w.ignores(r.Name) {
			continue
		}
		if _, had := w.backup.Snapshot.Find(r.Key); had {
			continue
		}
		w.spared[r.Key] = true
		if w.selects(r.Name) {
			w.warn(CNAMEInBackup, r.Name, "the backup has a CNAME to "+target+" here, which dnsplan does not write: "+r.Type.String()+" "+joined(r.Addrs)+" stays")
		}
	}
	for i := range w.backup.Snapshot.RRsets {
		if r := &w.backup.Snapshot.RRsets[i]; r.Foreign != "" && !w.ignores(r.Name) {
			w.foreign(r)
		}
	}
}

// foreign spares what stands where a foreign set was, and tells of it.
func (w *restorer) foreign(was *zone.RRset) {
	live, ok := w.live.Find(was.Key)
	w.spared[was.Key] = true
	if !w.selects(was.Name) || ok && live.Foreign == was.Foreign && live.Detail == was.Detail && live.SameValues(*was) {
		return
	}
	what := was.Foreign
	if was.Detail != "" {
		what += ": " + was.Detail
	}
	stays := "it does not come back"
	switch {
	case ok && live.Foreign != "":
		stays = "the " + live.Foreign + " set that is live stays"
	case ok:
		stays = joined(live.Addrs) + " stays"
	}
	w.warn(ForeignInBackup, was.Name, fmt.Sprintf("the backup has a set of type %s that dnsplan never writes (%s): %s", was.Type, what, stays))
}

// advise says of conflicts what to do about them here: there is no record of the
// inventory to change.
func (w *restorer) advise() {
	const advice = "delete it at the provider, or give the names that are to be restored without it"
	for i := range w.diff.Conflicts {
		c := &w.diff.Conflicts[i]
		if target, ok := strings.CutPrefix(c.Reason, "live "+cnamePrefix); ok {
			c.Reason = "a CNAME to " + target + " is live, which a restore does not replace: " + advice
		} else if what, ok := strings.CutSuffix(c.Reason, " set, which dnsplan never writes"); ok {
			c.Reason = what + " set, never written by dnsplan: " + advice
		}
	}
}

// leftAlone tells of RRsets that the backup lacks and that are not deleted.
func (w *restorer) leftAlone() {
	if w.d.Prune || len(w.diff.Unmanaged) == 0 {
		return
	}
	var names []string
	for _, u := range w.diff.Unmanaged {
		if key := (zone.Key{Name: u.Name, Type: u.Type}); u.Foreign == "" && !w.spared[key] {
			names = append(names, u.Name.Display()+" "+u.Type.String())
		}
	}
	if len(names) == 0 {
		return
	}
	why := "a restore of single names deletes nothing"
	switch {
	case w.backup.Plain:
		why = "a zone file by itself does not tell whether it is whole"
	case w.backup.Snapshot.Blind != "":
		why = "the backup is not whole: " + w.backup.Snapshot.Blind
	}
	w.warn(NotDeleted, w.d.Zone, "not in the backup and left as it is, because "+why+": "+some(names, ", "))
}

// ignored tells of RRsets that differ and that the inventory ignores.
func (w *restorer) ignored() {
	var names []string
	differs := func(key zone.Key, a, b zone.RRset, both bool) {
		if w.selects(key.Name) && w.ignores(key.Name) && (!both || !a.Equal(b)) {
			names = append(names, key.Name.Display()+" "+key.Type.String())
		}
	}
	for _, was := range w.backup.Snapshot.RRsets {
		live, ok := w.live.Find(was.Key)
		differs(was.Key, was, live, ok)
	}
	for _, live := range w.live.RRsets {
		if _, ok := w.backup.Snapshot.Find(live.Key); !ok && w.d.Prune {
			differs(live.Key, live, live, false)
		}
	}
	if len(names) > 0 {
		w.warn(IgnoredDiffer, w.d.Zone, "ignored in the inventory, and so left as it is: "+some(names, ", ")+"; what the backup has of a name comes back where the name is given")
	}
}

// others tells of records of other types that are not as in the backup. The
// serial of the SOA record is a server's own.
func (w *restorer) others() {
	if w.live.Blind != "" || w.backup.Snapshot.Blind != "" {
		return
	}
	count := map[string]int{}
	for _, r := range w.backup.Snapshot.Others {
		w.count(count, r, 1)
	}
	for _, r := range w.live.Others {
		w.count(count, r, -1)
	}
	var gone, more []string
	for _, line := range slices.Sorted(maps.Keys(count)) {
		switch n := count[line]; {
		case n > 0:
			gone = append(gone, line)
		case n < 0:
			more = append(more, line)
		}
	}
	if len(gone)+len(more) == 0 {
		return
	}
	text := fmt.Sprintf("%d records of other types differ from the backup and are not restored", len(gone)+len(more))
	if len(gone)+len(more) == 1 {
		text = "1 record of another type differs from the backup and is not restored"
	}
	if len(gone) > 0 {
		text += "; the backup has " + some(gone, ", ")
	}
	if len(more) > 0 {
		text += "; live has " + some(more, ", ")
	}
	w.warn(OthersDiffer, w.d.Zone, text)
}

func (w *restorer) count(n map[string]int, r zone.Record, by int) {
	if !w.selects(r.Name) {
		return
	}
	if f := strings.Fields(r.Data); r.Type == "SOA" && len(f) > 2 {
		f[2] = "*"
		r.Data = strings.Join(f, " ")
	}
	n[fmt.Sprintf("%s %d %s %s", r.Name.Display(), r.TTL, r.Type, r.Data)] += by
}

// some joins the first lines and says how many more there are.
func some(lines []string, separator string) string {
	text := strings.Join(lines[:min(len(lines), mostListed)], separator)
	if more := len(lines) - mostListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func joined(addrs []netip.Addr) string {
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return strings.Join(out, " ")
}
