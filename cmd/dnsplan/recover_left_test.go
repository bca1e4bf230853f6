package main

import (
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Of a name the last window counts, and one address set that it has left open.
func TestRunsThatLeft(t *testing.T) {
	entry := func(run string, n zone.Name, outcome string) journal.Change {
		return journal.Change{Run: run, Name: n, Outcome: outcome, OldProxied: true}
	}
	left, closed := entry("1", "www.", "left open"), entry("2", "www.", "closed")
	for name, tt := range map[string]struct {
		log  []journal.Change
		want []string
	}{
		"none":                        {nil, nil},
		"left open":                   {[]journal.Change{left}, []string{"1"}},
		"closed by a later one":       {[]journal.Change{left, closed}, nil},
		"a later one left it":         {[]journal.Change{left, closed, entry("3", "www.", "left open")}, []string{"3"}},
		"the other family was closed": {[]journal.Change{left, entry("1", "www.", "closed")}, []string{"1"}},
		"another name was closed":     {[]journal.Change{left, entry("2", "api.", "closed")}, []string{"1"}},
		"another change":              {[]journal.Change{left, entry("2", "www.", "applied")}, []string{"1"}},
		"a run that is no window":     {[]journal.Change{{Run: "1", Name: "www.", Outcome: "left open"}}, nil},
	} {
		if got := runsThatLeft(tt.log); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
