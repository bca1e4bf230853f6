package acme

import (
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

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

// existence is the check of whether the name exists.
func (s *Subject) existence() ID {
	if s.Name == s.Zone.Zone {
		return "D-APEX"
	}
	return "D-WWW"
}

// astray tells whether an address is asked only because the DNS leads to it, and
// should not.
func (e *examination) astray(t target) bool {
	return (t.found || t.given) && !t.wanted && len(e.subject.Addrs()) > 0 && !e.subject.Proxied()
}

// misled is the check of why the DNS leads to an address that it should not: all of
// it does, or a name server that is not up to date.
func misled(t target) ID {
	if !t.found {
		return "D-AUTH"
	}
	return expectation(t.addr)
}

// expectation is the check of whether an address is one of the inventory's.
func expectation(a netip.Addr) ID {
	if a.Is6() {
		return "D-AAAA"
	}
	return "D-EXPECT"
}

// cause is the check that says why a fetch has not brought what was asked for, as
// far as that is not the answer itself.
func (e *examination) cause(f fetched) ID {
	switch {
	case f.Err == nil:
		return ""
	case f.Err.Kind == http01.NoAddress && len(f.Hops) == 1 && len(f.Hops[0].Dropped) > 0:
		return "D-RESERVED"
	case !answered(f), wantsTLS(f):
		return "H-PORT80"
	case refusesRedirect(f.Err), len(f.Hops) > 1 && f.Last().Status == 0, f.Err.Kind == http01.LookupFailed:
		return "H-REDIR"
	}
	return ""
}
