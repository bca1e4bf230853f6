package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/report"
)

type rehearseOptions struct {
	ca, roots string
	agree     bool
	contact   []string
}

func (o *rehearseOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.ca, "ca", "", "the authority: letsencrypt-staging, google-staging, or the `URL` of an ACME directory (default the inventory's, if it is private, or letsencrypt-staging)")
	f.StringVar(&o.roots, "ca-roots", "", "a `file` of certificates (PEM) that the authority's server is trusted by, in place of the system's")
	f.BoolVar(&o.agree, "agree-tos", false, "agree to the authority's terms of service, to open an account")
	f.StringSliceVar(&o.contact, "contact", nil, "an e-mail `address` for a new account")
}

func newRehearse(a *app) *cobra.Command {
	o := &rehearseOptions{}
	c := &cobra.Command{
		Use:   "rehearse NAME",
		Short: "Order a certificate for trial, to prove that it can be issued",
		Long: `Orders a certificate for a name at an authority for trials, or at a private
one, and throws it away: a real order, validated by HTTP-01 from where
authorities stand. The token is placed where the inventory's challenge says, as
the ACME client would, and removed again. What the authority has validated
before is given up first: an order that goes through from memory proves nothing.

At first use an account is opened there; its key is kept in the state folder, to
be used again, since authorities limit how many accounts one address may open.
One that opens accounts for its customers alone, as google-staging, is shown the
key id and the MAC key that it has given you (EAB): EAB_KID and EAB_HMAC_KEY of
the environment, or what eab_kid and eab_hmac_key below [check] name.
An authority whose certificates are trusted is refused.

Exits with 2 when the authority would issue none, and with 1 when it could not
be tried.`,
		Example: `  dnsplan rehearse www.example.org --agree-tos
  dnsplan rehearse www.example.org --ca https://ca.example.net/dir \
      --ca-roots ca.pem
  dnsplan rehearse www.example.org --json | jq .problem`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, names []string) error { return runRehearse(a, c, o, names) },
	}
	o.addFlags(c.Flags())
	return c
}

// authorityError is why a name could not be rehearsed: hints are about the authority
// then, and not about a provider.
type authorityError struct {
	name string
	err  error
}

func (e *authorityError) Error() string { return e.err.Error() }
func (e *authorityError) Unwrap() error { return e.err }

// place says in a hint which name it is.
func (e *authorityError) place(hint string) string {
	return strings.ReplaceAll(hint, "rehearse NAME", "rehearse "+e.name)
}

func runRehearse(a *app, c *cobra.Command, o *rehearseOptions, args []string) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // nothing was written through it
	doc, err := a.rehearse(c, s, o, args)
	switch {
	case s.Settings.JSON:
		err = errors.Join(err, report.RehearsalJSON(a.stdout, doc, err))
	case err == nil:
		err = report.RehearsalText(a.stdout, doc, a.options(a.stdout, s.Settings))
	}
	if err == nil && doc.Problem != nil {
		return silent(exitDifferences)
	}
	return err
}

// rehearse orders the certificate. With an error it returns how far it came.
func (a *app) rehearse(c *cobra.Command, s *config.Session, o *rehearseOptions, args []string) (doc report.Rehearsal, err error) {
	doc.Name, doc.Began = args[0], a.clock.Now()
	if err := noAddresses(args); err != nil {
		return doc, err
	}
	names, err := parseNames(args)
	if err != nil {
		return doc, err
	}
	r, authority, err := s.Rehearse(c.Context(), config.Rehearsal{
		Name: names[0], CA: o.ca, Roots: o.roots, AgreeTerms: o.agree, Contact: o.contact, Now: a.clock.Now,
	})
	if doc.Authority = authority; r.Name != "" {
		doc.Result = r
	}
	if err != nil {
		return doc, &authorityError{names[0].Display(), err}
	}
	return doc, nil
}
