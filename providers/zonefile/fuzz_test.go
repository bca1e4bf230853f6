package zonefile

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// corpus has one of everything that the scanner knows.
var corpus = []string{
	soaLine + "www 60 IN A 192.0.2.1 ; c\n    IN 1h30m AAAA 2001:db8::1\r\n\n$TTL 5\nx A 192.0.2.2\n",
	soaLine + "$ORIGIN sub\n@ ( 60 ; (\n A 192.0.2.1 )\n \tTXT \"a;(\\\"\" b\\;c\n$ORIGIN .\nwww.example.org 1w CNAME x",
	"@ SOA a b 1 2 3 4 5\na 60 A \\# 4 ( c000\n0201 )\na 5 A 192.0.2.1\n\\$b\\.\\009 A 192.0.2.1\n A 192.0.2.2\n TYPE65280 \\# 0\n",
	"$GENERATE 1-3/2 h${1,2,x} 60 A 192.0.2.$\n@ SOA a b 1 2 3 4 5\n$TTL 7 ; x\n*.x AAAA ::1\n AAAA ::2\n A 192.0.2.1",
	"\uFEFF( w ) 1 CLASS1 A 192.0.2.1\r\n\t2 MX 10 m\r\n 3 A 192.0.2.1\r\n A 192.0.2.3\r\n@ 1 SOA a b 4294967295 2 3 4 5",
	"$INCLUDE \"x y\" z\n)\n\"\n\\",
	"00 B0\n",
	"@ SOA a b one 2 3 4 5\n",
	"m 60 MX ten mail\n@ TYPE6 a b 01 2 3 4 5\n",
}

// FuzzUnchanged: whatever parses is written back byte for byte.
func FuzzUnchanged(f *testing.F) {
	for _, text := range corpus {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parse(t.Context(), org, "f", text, nil)
		if err != nil {
			return
		}
		w := newWriter(d, 0)
		for i := range d.entries {
			w.entry(&d.entries[i], nil)
		}
		w.copyTo(uint32(len(text)))
		if got := w.out.String(); got != text {
			t.Errorf("got %q of %q", got, text)
		}
		for _, r := range d.snapshot().RRsets {
			if !r.Name.IsSubdomainOf(org) || len(r.Addrs) == 0 || !slices.IsSortedFunc(r.Addrs, netip.Addr.Compare) {
				t.Errorf("set %v of %q", r, text)
			}
		}
	})
}

// FuzzChange: after a legal change the text says what was wanted, and every
// record that was not named has kept its bytes, but for what it inherited.
func FuzzChange(f *testing.F) {
	for i, text := range corpus {
		f.Add(text, uint64(i))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		old, err := parse(t.Context(), org, "f", text, nil)
		if err != nil {
			return
		}
		b, err := newBatch(org, randomChanges(rand.New(rand.NewPCG(seed, 1)), old.snapshot()))
		if err != nil || b.check(old) != nil {
			t.Fatal(err, b.check(old))
		}
		got, err := b.apply(old)
		if err != nil {
			return // the SOA record is generated
		}
		next, err := parse(t.Context(), org, "f", got, nil)
		if err != nil {
			t.Fatalf("%v: %q became %q", err, text, got)
		}
		if err := b.verify(old, next); err != nil {
			t.Fatalf("%v: %q became %q", err, text, got)
		}
		checkBytes(t, b, old, next)
	})
}

// randomChanges changes, deletes and creates some sets.
func randomChanges(r *rand.Rand, s *zone.Snapshot) []providers.Change {
	pool := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "203.0.113.1", "203.0.113.2"}
	if len(s.RRsets) == 0 {
		return nil
	}
	var out []providers.Change
	for i := range s.RRsets {
		before := &s.RRsets[i]
		if before.Foreign != "" || r.IntN(3) == 0 {
			continue
		}
		c := providers.Change{Before: before}
		if r.IntN(3) > 0 {
			after := before.Clone()
			if r.IntN(2) == 0 {
				after.TTL = zone.TTL(r.IntN(100))
			}
			if before.Type == zone.A && r.IntN(2) == 0 {
				after.Addrs = randomAddrs(r, pool)
			}
			c.After = &after
		}
		out = append(out, c)
	}
	name := zone.Name("fuzz-made.example.org.")
	if _, ok := s.Find(zone.Key{Name: name, Type: zone.A}); !ok && r.IntN(2) == 0 && !slices.ContainsFunc(s.Others, func(o zone.Record) bool { return o.Name == name }) {
		out = append(out, providers.Change{After: &zone.RRset{Key: zone.Key{Name: name, Type: zone.A}, TTL: 9, Addrs: randomAddrs(r, pool)}})
	}
	return out
}

func randomAddrs(r *rand.Rand, pool []string) []netip.Addr {
	var out []netip.Addr
	for _, i := range r.Perm(len(pool))[:1+r.IntN(len(pool))] {
		out = append(out, netip.MustParseAddr(pool[i]))
	}
	return out
}

// checkBytes compares the text of each record that the batch does not name.
func checkBytes(t *testing.T, b *batch, old, next *document) {
	t.Helper()
	rest := untouched(b, next)
	for _, e := range untouched(b, old) {
		was, is := old.text[e.start:e.end], next.text[rest[0].start:rest[0].end]
		rest = rest[1:]
		same := was == is || was+"\n" == is || was+"\r\n" == is
		if !same && e.typ != typeSOA && !(inheritor(&e) && isSubsequence(was, is)) {
			t.Errorf("%q became %q", was, is)
		}
	}
	if len(rest) != 0 {
		t.Errorf("%d records too many", len(rest))
	}
}

func untouched(b *batch, d *document) []entry {
	var out []entry
	for _, e := range d.entries {
		named := e.isAddress() && b.touched[zone.Key{Name: e.name, Type: zone.Type(e.typ)}]
		if e.src == own && !named {
			out = append(out, e)
		}
	}
	return out
}

// inheritor tells whether e had something from the record before it.
func inheritor(e *entry) bool { return e.inherits || e.ttlSrc == ttlLast }

// isSubsequence tells whether all bytes of a are in b, in order.
func isSubsequence(a, b string) bool {
	for i := 0; i < len(b) && a != ""; i++ {
		if a[0] == b[i] {
			a = a[1:]
		}
	}
	return a == ""
}

// FuzzGenerate: a template never panics, and without a dollar sign stays.
func FuzzGenerate(f *testing.F) {
	for _, s := range []string{"h$", "${1,3,x}", "${-1}", "${0,5,N}.$$", `\$`, "${", "${1,2,3,4}", "1-5/2"} {
		f.Add(s, uint64(7))
	}
	f.Fuzz(func(t *testing.T, template string, n uint64) {
		out, err := expand(template, n>>33)
		if err == nil && !strings.Contains(template, "$") && out != template {
			t.Errorf("%q became %q", template, out)
		}
		if r, err := parseSteps(template); err == nil && (r.by == 0 || r.from > r.to) {
			t.Errorf("%q is %v", template, r)
		}
	})
}
