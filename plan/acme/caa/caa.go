package caa

import (
	"context"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// HTTP01 is the name of the validation method (RFC 8555, section 9.7.8).
const HTTP01 = "http-01"

// Request is who wants to certify what.
type Request struct {
	// Name is the name to certify; no wildcard.
	Name zone.Name
	// Issuers are the names by which the authority knows itself in CAA records:
	// caaIdentities of its directory (RFC 8555, section 7.1.1). The first one
	// stands in remedies.
	Issuers []string
	// Accounts are the URIs of the ACME account that asks; none where it is
	// not known.
	Accounts []string
	// Method is the validation method; empty is HTTP01.
	Method string
}

func (q Request) method() string {
	if q.Method == "" {
		return HTTP01
	}
	return q.Method
}

// Set is the CAA RRset at one name.
type Set struct {
	Name zone.Name
	// Records are the set; empty where there is none.
	Records []resolver.CAA
	// TTL is that of the set at an authoritative server; 0 where none was asked.
	TTL zone.TTL
	// CNAME are the targets through which the set was found.
	CNAME []zone.Name
	// NXDomain says that the name does not exist.
	NXDomain bool
	// By is who said so; empty where there was nobody to ask.
	By string
	// Err is why nothing is known, mostly a *resolver.QueryError.
	Err error
}

// Lookup finds CAA RRsets, one Set for each name, in their order.
type Lookup interface {
	LookupCAA(ctx context.Context, names []zone.Name) []Set
}

// DNS looks up in the DNS.
type DNS struct {
	Client *resolver.Client
	Route  resolver.Route
}

// LookupCAA asks for all names at once.
func (d DNS) LookupCAA(ctx context.Context, names []zone.Name) []Set {
	out := make([]Set, len(names))
	for i, a := range d.Client.LookupCAA(ctx, d.Route, names) {
		out[i] = Set{Name: names[i], Records: a.Records, CNAME: a.CNAME, NXDomain: a.Status == resolver.NXDomain, Err: a.Err}
		if a.Authoritative {
			out[i].TTL = a.TTL
		}
		if a.Server != (resolver.Server{}) {
			out[i].By = a.Server.String()
		}
	}
	return out
}

// Climb returns n and the names above it, down to its top-level domain.
func Climb(n zone.Name) []zone.Name {
	var out []zone.Name
	for ; n != zone.Root; n = n.Parent() {
		out = append(out, n)
	}
	return out
}

// Check looks up what may decide, and judges.
func Check(ctx context.Context, l Lookup, q Request) Result {
	if q.Name.IsWildcard() {
		return Judge(q, nil)
	}
	return Judge(q, l.LookupCAA(ctx, Climb(q.Name)))
}
