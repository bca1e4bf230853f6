package acme

import "slices"

// because returns f as a consequence of another check.
func (f Finding) because(id ID) Finding {
	f.Because = id
	return f
}

// settled has each consequence among the findings about one name point at the
// check that stands for itself, over however many others. What points at a check
// that passes, or was not made, stands for itself.
func settled(found []Finding) []Finding {
	out := slices.Clone(found)
	for i, f := range found {
		out[i].Because = origin(found, f.Because, len(found))
	}
	return out
}

// origin follows a consequence for as many steps as there are findings at most.
func origin(found []Finding, id ID, steps int) ID {
	var next ID
	for _, f := range found {
		switch {
		case f.Check != id || f.Outcome == Pass:
		case f.Because == "":
			return id
		case next == "":
			next = f.Because
		}
	}
	if next == "" || steps == 0 {
		return ""
	}
	return origin(found, next, steps-1)
}

// exists is the check of whether the name exists.
func (s *Subject) exists() ID {
	if s.Name == s.Zone.ZoneRef.Zone {
		return "D-APEX"
	}
	return "D-WWW"
}
