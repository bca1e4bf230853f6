package caa

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/resolver"
)

// Judge decides from the sets of all names, in the order of Climb:
//
//	nearest of them that is not empty     outcome
//	a failure                             Forbidden for SERVFAIL, else Unknown
//	none, and the top-level domain is     Allowed
//	none, and the top-level domain is not Forbidden
//	an unknown critical property in it    Forbidden
//	no issue property in it               Allowed
//	one that permits                      Allowed
//	one that may permit                   Unknown
//	others only                           Forbidden
func Judge(q Request, sets []Set) Result {
	r := Result{Request: q, Sets: sets}
	if q.Name.IsWildcard() {
		return r.is(Forbidden, Wildcard)
	}
	for i, s := range sets {
		r.At = s.Name
		switch {
		case s.Err != nil:
			return r.failed(s.Err)
		case len(s.Records) > 0:
			r.Records = s.Records
			return r.judge()
		case s.NXDomain && i == len(sets)-1:
			r.Err = errors.New("the name does not exist")
			return r.is(Forbidden, NoTLD)
		}
	}
	r.At = ""
	return r.is(Allowed, NoRecords)
}

func (r Result) is(o Outcome, why Reason) Result {
	r.Outcome, r.Reason = o, why
	return r
}

// failed judges a look-up that failed. What the resolver could not find out no
// other will; that it could not be asked says nothing.
func (r Result) failed(err error) Result {
	r.Err = err
	if resolver.ServFailed(err) {
		return r.is(Forbidden, ServerFailure)
	}
	return r.is(Unknown, LookupFailed)
}

// judge decides by one set.
func (r Result) judge() Result {
	var issue []resolver.CAA
	for _, c := range r.Records {
		if isTag(c, "issue") {
			issue = append(issue, c)
		} else if isCritical(c) {
			r.Record = &c
		}
	}
	switch {
	case r.Record != nil:
		r.Fix = r.withoutCritical()
		return r.is(Forbidden, Critical)
	case len(issue) == 0:
		return r.is(Allowed, NothingSaid)
	case len(r.Request.Issuers) == 0:
		return r.is(Unknown, IssuerUnknown)
	}
	return r.weigh(issue)
}

// known are the properties that authorities know, so that they may be critical
// (the IANA registry of CAA properties).
var known = []string{"issue", "issuewild", "iodef", "issuemail", "issuevmc"}

// isCritical tells whether a record forbids to issue all who do not know it. So
// many take the flag 1 for the critical one that authorities do too.
func isCritical(c resolver.CAA) bool {
	return c.Flags&(128|1) != 0 && !slices.ContainsFunc(known, func(t string) bool { return isTag(c, t) })
}

// nearness orders how near a record comes to permitting it.
var nearness = []Reason{OtherIssuer, LetterCase, BadValue, OtherAccount, OtherMethod, AccountUnknown, Permitted}

// weigh decides by the record that comes nearest.
func (r Result) weigh(issue []resolver.CAA) Result {
	best := -1
	for _, c := range issue {
		if near := slices.Index(nearness, r.Request.weigh(c)); near > best {
			best = near
			r.Record = &c
		}
	}
	why := nearness[best]
	switch why {
	case Permitted:
		return r.is(Allowed, why)
	case AccountUnknown:
		return r.is(Unknown, why)
	case OtherIssuer:
		r.Record = nil
		if !slices.ContainsFunc(issue, func(c resolver.CAA) bool { return parse(c.Value).issuer != "" }) {
			why = Nobody
		}
	}
	r = r.is(Forbidden, why)
	r.Fix = r.fix()
	return r
}

// weigh tells what one issue record says of the request.
func (q Request) weigh(c resolver.CAA) Reason {
	v := parse(c.Value)
	same := func(issuer string) bool { return strings.EqualFold(issuer, v.issuer) }
	switch {
	case v.issuer == "" || !slices.ContainsFunc(q.Issuers, same):
		return OtherIssuer
	case !slices.Contains(q.Issuers, v.issuer):
		return LetterCase
	case v.err != nil:
		return BadValue
	case !q.byMethod(v):
		return OtherMethod
	}
	return q.byAccount(v)
}

// byMethod reads validationmethods (RFC 8657, section 4).
func (q Request) byMethod(v value) bool {
	text, has, err := v.one("validationmethods")
	if !has || err != nil {
		return !has
	}
	methods := strings.Split(text, ",")
	return areMethods(methods) && slices.Contains(methods, q.method())
}

// areMethods tells whether a list of methods parses.
func areMethods(list []string) bool {
	bad := func(m string) bool { return m == "" || !all(m, func(c byte) bool { return isAlnum(c) || c == '-' }) }
	return !slices.ContainsFunc(list, bad)
}

// byAccount reads accounturi (RFC 8657, section 3).
func (q Request) byAccount(v value) Reason {
	text, has, err := v.one("accounturi")
	if !has {
		return Permitted
	}
	_, bad := url.Parse(text)
	switch {
	case err != nil || bad != nil:
		return OtherAccount
	case len(q.Accounts) == 0:
		return AccountUnknown
	case slices.Contains(q.Accounts, text):
		return Permitted
	}
	return OtherAccount
}
