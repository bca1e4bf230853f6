package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/miekg/dns"
)

// check fails unless each live file of a job holds exactly the desired records;
// of the others, the SOA serial alone may have grown.
func check(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("check %q: want one folder", args)
	}
	files, err := filepath.Glob(filepath.Join(args[0], "live", "*.zone"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("check %s: no zone files", args[0])
	}
	for _, path := range files {
		if err := checkZone(path); err != nil {
			return fmt.Errorf("check %s: %w", path, err)
		}
	}
	return nil
}

func checkZone(path string) error {
	live, desired, err := parseBoth(path)
	if err != nil {
		return err
	}
	if t := compare(live, desired); t != (truth{}) {
		return fmt.Errorf("not as desired: %+v is left", t)
	}
	if !slices.Equal(others(live), others(desired)) {
		return fmt.Errorf("other records differ: %q, want %q", others(live), others(desired))
	}
	if serial(live) <= serial(desired) {
		return errors.New("the SOA serial did not grow")
	}
	return nil
}

func others(z zoneSet) []string {
	var out []string
	for _, rr := range z.rest {
		if soa, is := rr.(*dns.SOA); is {
			same := *soa
			same.Serial = 0
			rr = &same
		}
		out = append(out, rr.String())
	}
	slices.Sort(out)
	return out
}

func serial(z zoneSet) uint32 {
	for _, rr := range z.rest {
		if soa, is := rr.(*dns.SOA); is {
			return soa.Serial
		}
	}
	return 0
}
