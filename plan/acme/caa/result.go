package caa

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// Outcome is whether the authority may issue.
type Outcome string

// The outcomes.
const (
	Allowed   Outcome = "allowed"
	Forbidden Outcome = "forbidden"
	// Unknown: it cannot be told from here.
	Unknown Outcome = "unknown"
)

// Reason is why.
type Reason string

// Reasons of Allowed.
const (
	// NoRecords: there is no CAA record up to the top-level domain.
	NoRecords Reason = "no-records"
	// NothingSaid: the set that decides has no issue record.
	NothingSaid Reason = "nothing-said"
	// Permitted: a record permits it; see Result.Record.
	Permitted Reason = "permitted"
)

// Reasons of Forbidden.
const (
	// OtherIssuer: the set names other issuers only.
	OtherIssuer Reason = "other-issuer"
	// Nobody: the set forbids everybody: issue ";".
	Nobody Reason = "nobody"
	// LetterCase: a record names the issuer in other letters.
	LetterCase Reason = "letter-case"
	// BadValue: a record names the issuer, and its value does not parse.
	BadValue Reason = "bad-value"
	// OtherMethod: a record names the issuer for other validation methods.
	OtherMethod Reason = "other-method"
	// OtherAccount: a record names the issuer for another account.
	OtherAccount Reason = "other-account"
	// Critical: a critical property that authorities do not know.
	Critical Reason = "critical"
	// ServerFailure: the look-up ends in SERVFAIL, as with broken DNSSEC, a
	// server that does not know CAA, or a dead one.
	ServerFailure Reason = "server-failure"
	// NoTLD: the top-level domain does not exist.
	NoTLD Reason = "no-tld"
	// Wildcard: HTTP-01 cannot prove a wildcard.
	Wildcard Reason = "wildcard"
)

// Reasons of Unknown.
const (
	// LookupFailed: the look-up failed from here; see Result.Err.
	LookupFailed Reason = "lookup-failed"
	// AccountUnknown: a record names the issuer for one account, and the
	// request does not say which one asks.
	AccountUnknown Reason = "account-unknown"
	// IssuerUnknown: there are issue records, and the request does not say how
	// the authority calls itself.
	IssuerUnknown Reason = "issuer-unknown"
)

// Result is the judgement and what it rests on.
type Result struct {
	Request Request
	Outcome Outcome
	Reason  Reason
	// At is the name whose set, or whose failure, decided; empty where none did.
	At zone.Name
	// Records are the set that decided.
	Records []resolver.CAA
	// Record is the one that permits, or that comes nearest to it; nil where
	// none names the issuer and none is critical.
	Record *resolver.CAA
	// Fix is what would permit it; empty where no record is in the way.
	Fix Fix
	// Sets are all that was looked up, from the name upwards.
	Sets []Set
	// Err is the failure behind ServerFailure, LookupFailed and NoTLD.
	Err error
}

// String says it in a sentence without a full stop.
func (r Result) String() string {
	at, issuer := r.At.Display(), strings.Join(r.Request.Issuers, " or ")
	switch r.Reason {
	case NoRecords:
		return "no CAA record is in the way"
	case NothingSaid:
		return "the CAA records at " + at + " say nothing of who may issue"
	case Permitted:
		return fmt.Sprintf("%s permits it: %s", at, r.Record)
	case OtherIssuer:
		return fmt.Sprintf("CAA at %s permits only %s", at, strings.Join(r.Permits(), ", "))
	case Nobody:
		return "CAA at " + at + " permits nobody to issue"
	case LetterCase:
		return fmt.Sprintf("CAA at %s spells %s in other letters, and they must be the same: %s", at, issuer, r.Record)
	case BadValue:
		return fmt.Sprintf("CAA at %s has a value that does not parse, so it permits nothing: %s", at, r.Record)
	case OtherMethod:
		return fmt.Sprintf("CAA at %s permits %s, but not by %s: %s", at, issuer, r.Request.method(), r.Record)
	case OtherAccount:
		return fmt.Sprintf("CAA at %s permits %s for another account: %s", at, issuer, r.Record)
	case Critical:
		return fmt.Sprintf("CAA at %s has a critical property that nobody knows: %s", at, r.Record)
	case AccountUnknown:
		return fmt.Sprintf("CAA at %s permits %s for one account, and it is not known which one asks: %s", at, issuer, r.Record)
	case IssuerUnknown:
		return fmt.Sprintf("CAA at %s permits %s, and it is not known how the authority calls itself", at, strings.Join(r.Permits(), ", "))
	case NoTLD:
		return "the top-level domain " + at + " does not exist"
	case Wildcard:
		return "HTTP-01 cannot prove a wildcard"
	}
	return fmt.Sprintf("CAA of %s: %v", at, r.Err)
}

// Permits are the issuers that the set names, each once and fit to be printed;
// "nobody" where it names none.
func (r Result) Permits() []string {
	var out []string
	for _, c := range r.Records {
		if v := parse(c.Value); isTag(c, "issue") && v.issuer != "" && !slices.Contains(out, shown(v.issuer)) {
			out = append(out, shown(v.issuer))
		}
	}
	if out == nil {
		return []string{"nobody"}
	}
	return out
}

// shown is an issuer as it is printed: quoted where it is no name, since a record
// may hold any octets.
func shown(issuer string) string {
	if all(issuer, isGraph) {
		return issuer
	}
	return strconv.Quote(issuer)
}
