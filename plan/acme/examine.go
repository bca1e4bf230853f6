package acme

import (
	"cmp"
	"context"
	"crypto/x509"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/cdn"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
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
	// HTTPSPort is where a redirect of the challenge may lead; 0 is 443.
	HTTPSPort int
	// Client returns the ACME client of a name; nil where none is known.
	Client func(*Subject) Client
	// Vantages fetch from elsewhere.
	Vantages []vantage.Probe
	// Ranges are the address ranges of CDNs.
	Ranges cdn.Ranges
	// Connections is how often a server is asked to find a load balancer whose
	// backends differ; 0 is 12, which misses one of two with 2.4 in 10,000.
	Connections int
	// Sources are the local addresses to ask a server from, by turns; nil finds
	// them. None is what the machine chooses.
	Sources func(target netip.Addr) []netip.Addr
	// Dial connects to web servers; nil asks the network. Local is the address that
	// the machine would ask a server from; nil finds it.
	Dial  http01.DialFunc
	Local func(target netip.Addr) (local netip.Addr, ok bool)
	// AllowReserved permits addresses that no public authority would connect to.
	AllowReserved bool
	// Issuer is the certificate authority that is to issue.
	Issuer Issuer
	// Certificates asks which certificates are served; nil asks nobody. Roots are
	// trusted then; nil are the system's.
	Certificates *cert.Client
	Roots        *x509.CertPool
	// Past is what is written down of earlier work.
	Past Past
	// Folder is where commands of this program are run, as a shell reads it; empty is
	// where they are read.
	Folder string
	// AtOnce bounds how many checks are under way at the same time; 0 is 32.
	AtOnce int
}

// Client is the ACME client of a name: it places tokens as that does, and says where
// they get to.
type Client struct {
	// Planter is nil where the inventory does not say how to place one.
	plant.Planter
	// Host is the machine that the ACME client runs on; it has no name and no
	// addresses where that is not known.
	Host Host
	// Clients are all machines that an ACME client is known to run on, whichever
	// names they are for.
	Clients []Host
}

// Issuer is a certificate authority with the account that asks it.
type Issuer struct {
	// Name is as the inventory has it: "letsencrypt", or a directory's URL.
	Name string
	// Directory is the URL of its ACME directory; empty where it is not known.
	Directory string
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
	o.AtOnce = cmp.Or(o.AtOnce, atOnce)
	o.HTTPPort = cmp.Or(o.HTTPPort, 80)
	o.HTTPSPort = cmp.Or(o.HTTPSPort, 443)
	o.Connections = cmp.Or(o.Connections, connections)
	o.Folder = cmp.Or(o.Folder, ".")
	if o.Sources == nil {
		o.Sources = sources
	}
	if o.Local == nil {
		o.Local = chosenFor
	}
	return &Examiner{o}
}

// examination is one name under examination.
type examination struct {
	*Examiner
	subject *Subject
	// selection says which checks are made.
	selection Selection
	// zone is the evidence about the name's zone, which all its names share, and
	// name that about the name alone.
	zone *zoneEvidence
	name *nameEvidence
	// cleanups undo what the examination has placed.
	cleanups cleanups
}

// Examine makes the selected checks for each subject. Findings are in the order
// of the subjects, and of the table for each. When the context ends, the findings
// that are missing say so as Unknown. Tokens that were placed are removed before it
// returns, whatever happens; one that could not be is a finding behind the others.
func (x *Examiner) Examine(ctx context.Context, subjects []*Subject, sel Selection) Found {
	out := Found{Checked: x.opts.Now(), Made: []ID{}}
	var chosen []check
	for _, c := range table() {
		if sel.Has(c.id) {
			chosen, out.Made = append(chosen, c), append(out.Made, c.id)
		}
	}
	zones := zonesOf(subjects)
	found := make([][]Finding, len(subjects)*len(chosen))
	var under []*examination
	var g errgroup.Group
	g.SetLimit(x.opts.AtOnce)
	for i, s := range subjects {
		e := &examination{Examiner: x, subject: s, selection: sel, zone: zones[s.Zone.ZoneRef], name: &nameEvidence{}}
		under = append(under, e)
		for j, c := range chosen {
			if !c.holdsFor(s.Name) {
				continue
			}
			g.Go(func() error {
				found[i*len(chosen)+j] = e.make(ctx, c)
				return nil
			})
		}
	}
	_ = g.Wait() // a check that fails is a finding, not an error
	for of := range slices.Chunk(found, max(1, len(chosen))) {
		out.Findings = append(out.Findings, settled(slices.Concat(of...))...)
	}
	out.Findings = append(out.Findings, cleanUp(ctx, under)...)
	for _, s := range subjects {
		if slices.ContainsFunc(chosen, func(c check) bool { return c.holdsFor(s.Name) }) {
			out.Subjects = append(out.Subjects, s.Name)
		}
	}
	return out
}

// zonesOf are the subjects' zones, with no evidence yet.
func zonesOf(subjects []*Subject) map[plan.ZoneRef]*zoneEvidence {
	zones := map[plan.ZoneRef]*zoneEvidence{}
	for _, s := range subjects {
		z := zones[s.Zone.ZoneRef]
		if z == nil {
			z = &zoneEvidence{}
			zones[s.Zone.ZoneRef] = z
		}
		z.examined = append(z.examined, s)
	}
	return zones
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
		if f.Because == c.id || f.Outcome == Pass {
			f.Because = ""
		}
		if f.Severity == 0 {
			f.Severity = c.severity
		}
		f.Asked = append([]Asked{}, f.Asked...)
		f.Remedies = append([]Remedy{}, f.Remedies...)
	}
	return found
}
