package acme

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// atOnce is how many checks are under way at the same time.
const atOnce = 32

// Options are what an Examiner asks with, and by which rules it judges.
type Options struct {
	// DNS asks name servers.
	DNS *resolver.Client
	// Now is the clock.
	Now func() time.Time
	// HTTPPort is where challenges are fetched; 0 is 80.
	HTTPPort int
	// AllowReserved permits addresses that no public authority would connect to.
	AllowReserved bool
	// Issuer is the certificate authority that is to issue.
	Issuer Issuer
	// Inside are the resolvers that this machine itself uses, see D-SPLIT; none
	// where they are not to be asked.
	Inside []resolver.Server
	// AtOnce bounds how many checks are under way at the same time; 0 is 32.
	AtOnce int
}

// Issuer is a certificate authority with the account that asks it.
type Issuer struct {
	// Name is as the inventory has it: "letsencrypt", or a directory's URL.
	Name string
	// Identities are the names by which CAA records permit it (RFC 8659, section
	// 4.2); none where they are not known.
	Identities []string
	// Accounts are the URIs of the ACME account (RFC 8657); none where it is not
	// known.
	Accounts []string
}

// Examiner makes checks. It keeps nothing between calls and is safe for
// concurrent use.
type Examiner struct{ opts Options }

// New returns an examiner. It asks nobody.
func New(o Options) *Examiner {
	if o.AtOnce == 0 {
		o.AtOnce = atOnce
	}
	if o.HTTPPort == 0 {
		o.HTTPPort = 80
	}
	return &Examiner{o}
}

// examination is one name under examination.
type examination struct {
	*Examiner
	subject *Subject
	// zone is the evidence about the name's zone, which all its names share, and
	// name that about the name alone.
	zone *zoneEvidence
	name *nameEvidence
}

// Examine makes the selected checks for each subject. Findings are in the order
// of the subjects, and of the table for each. When the context ends, the findings
// that are missing say so as Unknown.
func (x *Examiner) Examine(ctx context.Context, subjects []*Subject, sel Selection) Found {
	out := Found{Checked: x.opts.Now()}
	var chosen []check
	for _, c := range table() {
		if sel.has(c.id) {
			chosen = append(chosen, c)
		}
	}
	zones := map[plan.ZoneRef]*zoneEvidence{}
	found := make([][]Finding, len(subjects)*len(chosen))
	var g errgroup.Group
	g.SetLimit(x.opts.AtOnce)
	for i, s := range subjects {
		if zones[s.Zone.ZoneRef] == nil {
			zones[s.Zone.ZoneRef] = &zoneEvidence{}
		}
		e := &examination{Examiner: x, subject: s, zone: zones[s.Zone.ZoneRef], name: &nameEvidence{}}
		for j, c := range chosen {
			g.Go(func() error {
				found[i*len(chosen)+j] = e.make(ctx, c)
				return nil
			})
		}
	}
	_ = g.Wait() // a check that fails is a finding, not an error
	for _, f := range found {
		out.Findings = append(out.Findings, f...)
	}
	for _, s := range subjects {
		out.Subjects = append(out.Subjects, s.Name)
	}
	return out
}

// make makes one check and fills its findings in.
func (e *examination) make(ctx context.Context, c check) []Finding {
	if ctx.Err() != nil {
		return e.complete(c, []Finding{{Outcome: Unknown, Summary: "not checked: " + context.Cause(ctx).Error()}})
	}
	return e.complete(c, c.run(ctx, e))
}

func (e *examination) complete(c check, found []Finding) []Finding {
	for i := range found {
		f := &found[i]
		f.Check, f.Name, f.View = c.id, e.subject.Name, e.subject.Zone.View
		if f.Severity == 0 {
			f.Severity = c.severity
		}
		f.Asked = append([]Asked{}, f.Asked...)
		f.Remedies = append([]Remedy{}, f.Remedies...)
	}
	return found
}

// lazy is evidence that is gathered when a check first wants it. Others that want
// it meanwhile wait.
type lazy[T any] struct {
	once sync.Once
	v    T
}

func (l *lazy[T]) get(gather func() T) T {
	l.once.Do(func() { l.v = gather() })
	return l.v
}
