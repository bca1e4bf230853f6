package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/miekg/dns"
)

// zoneSet is a zone as the floor holds it: addresses by owner name, and the rest.
type zoneSet struct {
	addresses map[string]*dns.A
	rest      []dns.RR
}

// floor does the least that any tool on miekg/dns must: parse both sides of
// each zone, compare them in a map and, for apply, write the file anew by a
// temporary file, fsync and rename. It prints the counts as plan does.
func floor(args []string, out io.Writer) error {
	if len(args) != 2 || (args[0] != "plan" && args[0] != "apply") {
		return fmt.Errorf("floor %q: want plan or apply, and a folder", args)
	}
	files, err := filepath.Glob(filepath.Join(args[1], "live", "*.zone"))
	if err != nil {
		return err
	}
	var sum truth
	for _, path := range files {
		if err := floorZone(path, args[0] == "apply", &sum); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "Plan: %d to create, %d to update, %d to delete.\n", sum.Create, sum.Update, sum.Delete)
	return err
}

func floorZone(path string, apply bool, sum *truth) error {
	live, desired, err := parseBoth(path)
	if err != nil {
		return err
	}
	sum.add(compare(live, desired))
	if !apply {
		return nil
	}
	return rewrite(path, live.rest, desired.addresses)
}

// desiredPath returns the desired side of a file of the live one.
func desiredPath(live string) string {
	return filepath.Join(filepath.Dir(filepath.Dir(live)), "desired", filepath.Base(live))
}

// parseBoth parses a file of the live side, and the one that is desired.
func parseBoth(path string) (live, desired zoneSet, err error) {
	if live, err = parse(path); err != nil {
		return live, desired, err
	}
	desired, err = parse(desiredPath(path))
	return live, desired, err
}

func parse(path string) (zoneSet, error) {
	f, err := os.Open(path)
	if err != nil {
		return zoneSet{}, err
	}
	defer f.Close()
	set := zoneSet{addresses: map[string]*dns.A{}}
	parser := dns.NewZoneParser(bufio.NewReader(f), "", path)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		if a, is := rr.(*dns.A); is {
			set.addresses[a.Hdr.Name] = a
		} else {
			set.rest = append(set.rest, rr)
		}
	}
	return set, parser.Err()
}

func compare(live, desired zoneSet) truth {
	var t truth
	for name, want := range desired.addresses {
		have, ok := live.addresses[name]
		switch {
		case !ok:
			t.Create++
		case !have.A.Equal(want.A) || have.Hdr.Ttl != want.Hdr.Ttl:
			t.Update++
		}
	}
	for name := range live.addresses {
		if _, ok := desired.addresses[name]; !ok {
			t.Delete++
		}
	}
	return t
}

func (t *truth) add(o truth) {
	t.Create += o.Create
	t.Update += o.Update
	t.Delete += o.Delete
}

func rewrite(path string, rest []dns.RR, addresses map[string]*dns.A) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".floor")
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for _, rr := range rest {
		if soa, is := rr.(*dns.SOA); is {
			soa.Serial++
		}
		fmt.Fprintln(w, rr)
	}
	for _, a := range addresses {
		fmt.Fprintln(w, a)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
