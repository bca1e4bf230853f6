package acme

import (
	"slices"
	"testing"
)

// TestDecide: an item is well only when each of its checks was made.
func TestDecide(t *testing.T) {
	const name = "www.example.org."
	item := Item{Checks: []ID{"D-RESOLV", "D-AUTH"}}
	finding := func(id ID, o Outcome, s Severity) Finding {
		return Finding{Check: id, Name: name, Outcome: o, Severity: s}
	}
	both := []ID{"D-AUTH", "D-RESOLV"}
	for what, c := range map[string]struct {
		made     []ID
		findings []Finding
		want     Outcome
		decided  int
		presence bool
	}{
		"both pass":          {both, []Finding{finding("D-AUTH", Pass, Error), finding("D-RESOLV", Pass, Error)}, Pass, 2, false},
		"all were made":      {nil, []Finding{finding("D-AUTH", Pass, Error)}, Pass, 1, false},
		"one was not made":   {both[:1], []Finding{finding("D-AUTH", Pass, Error)}, Unknown, 0, false},
		"that fails anyway":  {both[:1], []Finding{finding("D-AUTH", Fail, Error)}, Fail, 1, false},
		"one is unclear":     {both, []Finding{finding("D-AUTH", Pass, Error), finding("D-RESOLV", Unknown, Error)}, Unknown, 1, false},
		"fails and unclear":  {both, []Finding{finding("D-AUTH", Fail, Warning), finding("D-RESOLV", Unknown, Error)}, Fail, 1, false},
		"worth a word":       {both, []Finding{finding("D-AUTH", Fail, Info), finding("D-RESOLV", Pass, Error)}, Pass, 2, false},
		"nothing but a word": {both, []Finding{finding("D-AUTH", Fail, Info)}, Pass, 1, false},
		"it is not there":    {both, []Finding{finding("D-AUTH", Fail, Info), finding("D-RESOLV", Pass, Error)}, Fail, 1, true},
		"nothing to say":     {both, nil, Unknown, 0, false},
		"about another name": {both, []Finding{{Check: "D-AUTH", Name: "api.example.org.", Outcome: Fail, Severity: Error}}, Unknown, 0, false},
	} {
		item.presence = c.presence
		got, why := Found{Made: c.made, Findings: c.findings}.Decide(item, name)
		if got != c.want || len(why) != c.decided {
			t.Errorf("%s: %s by %d findings, want %s by %d", what, got, len(why), c.want, c.decided)
		}
	}
}

// TestChecklistNamesChecks: each item is decided by checks that there are.
func TestChecklistNamesChecks(t *testing.T) {
	items := Checklist()
	for i, item := range items {
		if item.Number != i+1 || len(item.Checks) == 0 {
			t.Errorf("item %d: %+v", i+1, item)
		}
		for _, id := range item.Checks {
			if !slices.ContainsFunc(Checks(), func(c Check) bool { return c.ID == id }) {
				t.Errorf("item %d: there is no check %s", item.Number, id)
			}
		}
	}
	if len(items) != 16 || len(Checks()) != 38 {
		t.Errorf("%d items, %d checks", len(items), len(Checks()))
	}
}
