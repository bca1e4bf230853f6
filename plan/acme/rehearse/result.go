package rehearse

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/dnsplan/dnsplan/plan/acme/cert"
)

// Result is how a rehearsal went. Exactly one of Issued and Problem is set.
type Result struct {
	// Name is the certificate's, without a final dot.
	Name string `json:"name"`
	// Directory is the URL of the authority's ACME directory.
	Directory string `json:"directory"`
	// Place is where the token was placed: "webroot /var/www/html".
	Place string    `json:"place"`
	Began time.Time `json:"began"`
	// Elapsed is how long it took.
	Elapsed time.Duration `json:"-"`
	// Account, Order and Authorization are URLs at the authority; empty as far as
	// it has not come to them.
	Account       string `json:"account"`
	Order         string `json:"order,omitempty"`
	Authorization string `json:"authorization,omitempty"`
	// Deactivated is how many authorizations were valid already, and were given up.
	Deactivated int `json:"deactivated"`
	// Validated says that the authority has found the token.
	Validated bool `json:"validated"`
	// Issued is the certificate, which was thrown away.
	Issued *cert.Fingerprint `json:"certificate,omitempty"`
	// Problem is why it issues none.
	Problem *Problem `json:"problem,omitempty"`
}

// Stage is how far an order had come.
type Stage string

// The stages.
const (
	Ordering   Stage = "order"      // the authority takes no order for the name
	Validating Stage = "validation" // it has not found what it looked for
	Issuing    Stage = "issuance"   // it has, and issues nothing all the same
)

// Problem is what an authority says (RFC 8555, section 6.7).
type Problem struct {
	Stage Stage `json:"stage,omitempty"`
	// Type is a URN: "urn:ietf:params:acme:error:unauthorized".
	Type string `json:"type"`
	// Detail is the authority's own text.
	Detail string `json:"detail"`
	// Subproblems say more, each perhaps about one of several names.
	Subproblems []Problem `json:"subproblems,omitempty"`
}

// Word is the last part of the type: "unauthorized".
func (p Problem) Word() string {
	return p.Type[strings.LastIndexByte(p.Type, ':')+1:]
}

// problemOf returns what an authority has said about the name, as far as err is
// that. What it says of the account, the request or itself is no finding.
func problemOf(err error, s Stage) *Problem {
	p, ok := errors.AsType[acme.Problem](err)
	if !ok {
		return nil
	}
	out := convert(p)
	out.Stage = s
	switch out.Word() {
	case "caa", "compound", "connection", "dns", "incorrectResponse", "malformed", "rejectedIdentifier", "tls", "unsupportedIdentifier":
		return &out
	case "unauthorized":
		if s != Ordering { // there it is the account that may not
			return &out
		}
	}
	return nil
}

func convert(p acme.Problem) Problem {
	out := Problem{Type: p.Type, Detail: p.Detail}
	for _, s := range p.Subproblems {
		sub := convert(s.Problem)
		if s.Identifier.Value != "" {
			sub.Detail = s.Identifier.Value + ": " + sub.Detail
		}
		out.Subproblems = append(out.Subproblems, sub)
	}
	return out
}

// TermsError is an authority whose terms nobody has agreed to yet.
type TermsError struct {
	// Directory is the authority's, Terms where its terms can be read.
	Directory, Terms string
}

// Error says where to read them.
func (e *TermsError) Error() string {
	return fmt.Sprintf("open an account at %s: its terms of service have to be agreed to first: %s", e.Directory, e.Terms)
}
