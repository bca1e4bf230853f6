package report

import (
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme"
)

// consequence is what is not well because of another check.
type consequence struct {
	checks []acme.ID
	// worst is one of the findings, the gravest; cause the check that it is because
	// of, which fails, or else is unclear.
	worst acme.Finding
	cause acme.ID
	fails bool
}

// why reads "H-PORT80 fails" or "H-TOKEN is unclear".
func (c consequence) why() string {
	if c.fails {
		return string(c.cause) + " fails"
	}
	return string(c.cause) + " is unclear"
}

// open are the findings to be read: those that do not pass and stand for
// themselves, the gravest first.
func (s subjectFound) open() []acme.Finding {
	return ranked(condensed(slices.DeleteFunc(slices.Clone(s.findings), func(x acme.Finding) bool {
		return x.Outcome == acme.Pass || x.Because != ""
	})))
}

// consequences are the checks all whose findings that do not pass are because of
// others, put together by how they come out and by the cause.
func (s subjectFound) consequences() (out []consequence) {
	for _, x := range s.worst() {
		if x.Outcome == acme.Pass || x.Because == "" || s.standing(x.Check) {
			continue
		}
		i := slices.IndexFunc(out, func(c consequence) bool {
			return c.cause == x.Because && c.worst.Outcome == x.Outcome && (x.Outcome != acme.Fail || c.worst.Severity == x.Severity)
		})
		if i < 0 {
			i = len(out)
			out = append(out, s.consequence(x))
		}
		out[i].checks = append(out[i].checks, x.Check)
	}
	return slices.SortedStableFunc(slices.Values(out), func(a, b consequence) int { return gravity(a.worst) - gravity(b.worst) })
}

// consequence is that of one finding, without its check.
func (s subjectFound) consequence(x acme.Finding) consequence {
	return consequence{worst: x, cause: x.Because, fails: s.has(x.Because, func(y acme.Finding) bool { return y.Outcome == acme.Fail })}
}

// well are the checks all whose findings pass.
func (s subjectFound) well() (out []acme.ID) {
	for _, x := range s.worst() {
		if x.Outcome == acme.Pass {
			out = append(out, x.Check)
		}
	}
	return out
}

// worst is one finding for each check, the gravest, in the order of the table.
func (s subjectFound) worst() (out []acme.Finding) {
	for _, x := range s.findings {
		i := slices.IndexFunc(out, func(o acme.Finding) bool { return o.Check == x.Check })
		switch {
		case i < 0:
			out = append(out, x)
		case gravity(x) < gravity(out[i]):
			out[i] = x
		}
	}
	return out
}

// standing tells whether a finding of the check does not pass, and stands for
// itself.
func (s subjectFound) standing(id acme.ID) bool {
	return s.has(id, func(x acme.Finding) bool { return x.Outcome != acme.Pass && x.Because == "" })
}

func (s subjectFound) has(id acme.ID, is func(acme.Finding) bool) bool {
	return slices.ContainsFunc(s.findings, func(x acme.Finding) bool { return x.Check == id && is(x) })
}
