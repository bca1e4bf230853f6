package acme

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/authority"
	"github.com/dnsplan/dnsplan/plan/acme/cdn"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// tlsName is TLS's part of a name's evidence.
type tlsName struct {
	served lazies[netip.Addr, certificate]
	// edges are who answers at each address that the DNS has.
	edges lazies[netip.Addr, cdn.Verdict]
}

// tlsZone is TLS's part of a zone's evidence.
type tlsZone struct {
	// due is when each certificate is to be renewed, whichever names serve it.
	due lazies[string, cert.Due]
}

// certificate is what one address serves for the name, judged.
type certificate struct {
	target
	cert.Served
	flaws []cert.Problem
	// unasked is why nobody was asked; empty where somebody was.
	unasked string
	// lender is where certificates can be copied from; nil where one is to be issued.
	lender *lender
}

// good tells whether clients take it.
func (c certificate) good() bool { return c.Leaf() != nil && len(c.flaws) == 0 }

// doubt says why it cannot be told from here what the address serves, or whether
// clients take that; empty where it can.
func (c certificate) doubt() string {
	switch {
	case c.rootless():
		return c.flaws[0].Text
	case c.unasked != "" || c.Err == nil:
		return c.unasked
	case c.Err.Kind == cert.Cancelled:
		return "it was interrupted"
	case c.Err.Kind == cert.NoRoute:
		return "this machine has no way there"
	case c.Err.Kind == cert.Failed:
		return "this machine cannot ask: " + c.why()
	}
	return ""
}

// rootless tells whether nothing is wrong but that this machine trusts no authority.
func (c certificate) rootless() bool { return len(c.flaws) > 0 && c.flaws[0].Flaw == cert.NoRoots }

// doubted is the finding where there is a doubt, why.
func (c certificate) doubted(at, why string) Finding {
	f := unclear(c.saysTLS(), "%s: %s", at, why).because(c.cause())
	if c.rootless() {
		return f.with(Remedy{Do: "Install the list of public authorities on this machine, or name the file of those of your own, ca_roots below [check]:", Paste: "apt-get install ca-certificates"})
	}
	return f
}

// cause is the check that says more of why that is; mostly empty.
func (c certificate) cause() ID {
	switch {
	case c.unasked != "" && http01.Reserved(c.addr):
		return "D-RESERVED"
	case c.Err != nil && c.Err.Kind == cert.NoRoute:
		return "H-PORT80"
	}
	return ""
}

// why is the cause of an error, without what the reader knows already.
func (c certificate) why() string {
	if c.Err.Cause == nil {
		return string(c.Err.Kind)
	}
	if op, ok := errors.AsType[*net.OpError](c.Err); ok { // the address is told already
		if sys, ok := errors.AsType[*os.SyscallError](op.Err); ok {
			return sys.Err.Error()
		}
		return op.Err.Error()
	}
	return clipped(c.Err.Cause.Error())
}

// certificate asks one address, once.
func (e *examination) certificate(ctx context.Context, t target) certificate {
	out := e.name.served.get(t.addr, func() certificate {
		switch {
		case e.opts.Certificates == nil:
			return certificate{unasked: "no certificate is asked for"}
		case !e.opts.AllowReserved && http01.Reserved(t.addr):
			return certificate{unasked: "a reserved address is not asked (allow_reserved in [check] permits it)"}
		}
		s := e.opts.Certificates.Ask(ctx, e.subject.Name.Display(), t.addr)
		return certificate{Served: s, flaws: cert.Judge(s, e.opts.Now(), e.opts.Roots)}
	})
	out.target = t
	return out
}

// certificates are what the addresses of the name serve.
func (e *examination) certificates(ctx context.Context) []certificate {
	return e.allCertificates(ctx, e.targets(ctx))
}

func (e *examination) allCertificates(ctx context.Context, all []target) []certificate {
	return ofEach(all, perName, func(t target) certificate { return e.certificate(ctx, t) })
}

// inUse is the certificate of the name that is one's own to renew, a good one before
// one with flaws: that which clients have now or, where a CDN shows them one of its
// own, that of a server behind it. ok is false where no server serves any.
func (e *examination) inUse(ctx context.Context) (c certificate, ok bool) {
	for _, one := range e.allCertificates(ctx, e.servers(ctx)) {
		if one.Leaf() != nil && (!ok || !c.good() && one.good()) {
			c, ok = one, true
		}
	}
	return c, ok
}

// due is when the certificate is to be renewed. An authority is asked about those
// alone that clients take.
func (e *examination) due(ctx context.Context, c certificate) cert.Due {
	leaf := c.Leaf()
	if !c.good() {
		return cert.DueByLife(leaf)
	}
	return e.zone.due.get(string(leaf.Raw), func() cert.Due {
		other := e.opts.Issuer.Directory
		if _, public := authority.ByDirectory(other); public {
			other = "" // its certificates say so themselves
		}
		return e.opts.Certificates.Due(ctx, leaf, cert.DirectoryOf(leaf, other))
	})
}

// issuer is what the certificate's authority is called.
func (c certificate) issuer() string {
	from := c.Leaf().Issuer
	for _, o := range from.Organization {
		if ca, ok := authority.ByIssuer(o, from.CommonName); ok {
			return ca.Title
		}
	}
	return clipped(strings.Join(append(append([]string{}, from.Organization...), from.CommonName), " "))
}

// saysTLS is who was asked and what came.
func (c certificate) saysTLS() []Asked {
	if c.unasked != "" {
		return nil
	}
	a := Asked{Who: "TLS to " + c.At.String() + " for " + c.Served.Name}
	if c.Err != nil {
		a.Said = c.why()
		return []Asked{a}
	}
	a.Said = "certificate of " + c.issuer() + " until " + cert.Moment(c.Leaf(), c.Leaf().NotAfter)
	for _, p := range c.flaws {
		a.Said += "; " + p.Text
	}
	return []Asked{a}
}
