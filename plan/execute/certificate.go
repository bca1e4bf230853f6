package execute

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/plan"
)

// How often, and how long after one another, certificates are looked at: servers load
// new ones in their own time.
const (
	certificateLooks = 3
	certificateLook  = time.Second
)

// Issued says whether an address serves another certificate than before the command.
type Issued string

// The outcomes. A certificate is new only if it is no older than the one of before.
const (
	IssuedNew     Issued = "new"
	IssuedSame    Issued = "same"
	IssuedNone    Issued = "none"    // no certificate is served
	IssuedUnknown Issued = "unknown" // the address could not be asked
)

// CertificateResult is what an address behind the proxy serves behind the command.
type CertificateResult struct {
	plan.OriginCertificate
	Issued Issued `json:"issued"`
	// Error says why it is not known, or why there is none.
	Error string `json:"error,omitempty"`
}

// certificates compares what the addresses behind the proxy serve with what they have
// served before. No certificate makes it fail: the command's end decides what the run
// comes to, and this what it was worth.
func (w *work) certificates(ctx context.Context) (facts, error) {
	if w.Certifier == nil {
		return facts{}, failf(Refused, "step %s: nothing here can ask for certificates", w.step.ID)
	}
	w.tell(Progress{Doing: "asking for the certificates behind the proxy"})
	out, err := CompareCertificates(ctx, w.Certifier, w.origins(), func(ctx context.Context, d time.Duration) error {
		_, err := w.pause(ctx, w.Clock.Now().Add(d))
		return err
	})
	if err != nil {
		return facts{}, err
	}
	if c := w.state.command; c == nil || c.Code == 0 {
		for _, r := range out {
			if text := r.Warning(); text != "" {
				w.warnf("%s", text)
			}
		}
	}
	return facts{Certificates: out}, nil
}

// CompareCertificates asks each address of before what it serves now, some times more,
// with pauses, where that is the same. The error is that of a pause, or of ctx.
func CompareCertificates(ctx context.Context, c Certifier, before []plan.OriginCertificate, pause func(context.Context, time.Duration) error) ([]CertificateResult, error) {
	out := make([]CertificateResult, len(before))
	same := func(r CertificateResult) bool { return r.Issued == IssuedSame }
	for look := range certificateLooks {
		if look > 0 {
			if err := pause(ctx, certificateLook); err != nil {
				return nil, err
			}
		}
		certificatesNow(ctx, c, before, out)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, same) {
			break
		}
	}
	return out, nil
}

// origins are the certificates of before in this zone.
func (w *work) origins() (out []plan.OriginCertificate) {
	for _, o := range w.Plan.Window.Certificates {
		if slices.ContainsFunc(w.changes(), func(c *plan.Change) bool {
			return c.Name == o.Name && c.Before != nil && slices.Contains(c.Before.Values, o.Address)
		}) {
			out = append(out, o)
		}
	}
	return out
}

// certificatesNow asks each address that was not asked yet, or still served the
// certificate of before.
func certificatesNow(ctx context.Context, c Certifier, before []plan.OriginCertificate, out []CertificateResult) {
	var g errgroup.Group
	g.SetLimit(zonesAtOnce)
	for i, old := range before {
		if out[i].Issued != "" && out[i].Issued != IssuedSame {
			continue
		}
		g.Go(func() error {
			now, err := c.Certificate(ctx, old.Name, old.Address)
			if err != nil && out[i].Issued == IssuedSame {
				return nil // it is just loading another one: asked again, or the same as far as is known
			}
			out[i] = CertificateResult{OriginCertificate: now, Issued: issued(old, now, err)}
			out[i].Name, out[i].Address = old.Name, old.Address
			if err != nil {
				out[i].Error = err.Error()
			}
			return nil
		})
	}
	_ = g.Wait() // each has its own outcome
}

func issued(before, now plan.OriginCertificate, err error) Issued {
	switch {
	case now.Renews(before):
		return IssuedNew
	case now.Serial != "":
		return IssuedSame
	case err != nil:
		return IssuedUnknown
	}
	return IssuedNone
}

// Warning is what people are told of an address that serves the certificate of before, or
// cannot be asked, although the command has ended well; empty of others.
func (r CertificateResult) Warning() string {
	switch r.Issued {
	case IssuedSame:
		return fmt.Sprintf("%s serves the certificate of before for %s: nothing was issued, or the server has not loaded it", r.Address, r.Name.Display())
	case IssuedUnknown:
		return "whether a new certificate is served is not known: " + r.String()
	case IssuedNew, IssuedNone:
	}
	return ""
}

// String says it of one address: "192.0.2.1 serves a new certificate for
// www.example.org, serial 3a, valid until 2027-02-20 10:00 UTC".
func (r CertificateResult) String() string {
	what := "cannot be asked for the certificate of"
	switch r.Issued {
	case IssuedUnknown:
		if r.Error != "" {
			return r.Error // it says who was asked for what
		}
	case IssuedNew:
		what = "serves a new certificate for"
	case IssuedSame:
		what = "serves the certificate of before for"
	case IssuedNone:
		what = "serves no certificate for"
	}
	out := fmt.Sprintf("%s %s %s", r.Address, what, r.Name.Display())
	if r.Serial != "" {
		out += fmt.Sprintf(", serial %s, valid until %s", r.Serial, r.NotAfter.UTC().Format("2006-01-02 15:04 MST"))
	}
	if r.Error != "" {
		out += ": " + r.Error
	}
	return out
}
