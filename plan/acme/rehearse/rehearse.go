package rehearse

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"

	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// Options are what a rehearsal needs. Directory, Keys and Planter must be set.
type Options struct {
	// Directory is the URL of the authority's ACME directory: a staging
	// environment or a private authority. Nothing here keeps a caller from naming
	// an authority whose certificates are trusted.
	Directory string
	// HTTP speaks to the authority; nil is http.DefaultClient.
	HTTP *http.Client
	// Keys is where the account's key is kept.
	Keys Keys
	// AgreeTerms says that the authority's terms of service have been agreed to.
	AgreeTerms bool
	// Binding returns the account that a new one is bound to, where the authority
	// wants that; its error ends the rehearsal. Nil is ErrBinding.
	Binding func() (Binding, error)
	// Contact are e-mail addresses or URLs for the authority; mostly none.
	Contact []string
	// Planter places the token where the ACME client would.
	Planter plant.Planter
	// Wait is how long the authority may take for each of validation and
	// issuance; 0 is two minutes.
	Wait time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Notice, where it is set, is told of what takes long.
	Notice func(line string)
}

// rehearsal is one Run.
type rehearsal struct {
	o      Options
	client *acme.Client
	result Result
}

// Run orders a certificate for one name, without a final dot, and throws it away.
// What the authority finds wrong with the name is in the result. An error says
// that it could not be tried: there is no account, no token could be placed, the
// authority cannot be reached or refuses for a reason of its own, as a rate limit.
// The token is removed in any case; where that fails, Notice is told.
func Run(ctx context.Context, o Options, name string) (Result, error) {
	if o.Wait == 0 {
		o.Wait = 2 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &rehearsal{o: o, client: &acme.Client{Directory: o.Directory, HTTPClient: o.HTTP, UserAgent: "dnsplan", PollTimeout: o.Wait}}
	r.result = Result{Name: name, Directory: o.Directory, Place: o.Planter.Place().String(), Began: o.Now().UTC()}
	err := r.run(ctx)
	r.result.Elapsed = o.Now().Sub(r.result.Began)
	return r.result, wrap("rehearse "+name, err)
}

func (r *rehearsal) run(ctx context.Context) error {
	account, err := r.account(ctx)
	if err != nil {
		return err
	}
	r.result.Account = account.Location
	order, authz, err := r.order(ctx, account)
	if err != nil || r.result.Problem != nil {
		return err
	}
	r.result.Order, r.result.Authorization = order.Location, authz.Location
	if err := r.validate(ctx, account, authz); err != nil || r.result.Problem != nil {
		return err
	}
	r.result.Validated = true
	return r.issue(ctx, account, order)
}

// failed takes an error that is the authority's verdict on the name into the
// result, and returns any other.
func (r *rehearsal) failed(s Stage, doing string, err error) error {
	if r.result.Problem = problemOf(err, s); r.result.Problem != nil {
		return nil
	}
	return wrap(doing, err)
}

// order orders until no authorization is valid already.
func (r *rehearsal) order(ctx context.Context, a acme.Account) (o acme.Order, z acme.Authorization, err error) {
	const tries = 3
	for range tries {
		o, err = r.client.NewOrder(ctx, a, acme.Order{Identifiers: []acme.Identifier{{Type: "dns", Value: r.result.Name}}})
		if err != nil {
			return o, z, r.failed(Ordering, "order a certificate", err)
		}
		if len(o.Authorizations) != 1 {
			return o, z, fmt.Errorf("order a certificate: the authority wants %d authorizations for one name", len(o.Authorizations))
		}
		z, err = r.client.GetAuthorization(ctx, a, o.Authorizations[0])
		if err != nil || z.Status == acme.StatusPending {
			return o, z, wrap("read authorization", err)
		}
		if z.Status != acme.StatusValid {
			return o, z, fmt.Errorf("read authorization %s: its status is %q", z.Location, z.Status)
		}
		r.notice("the authority has validated the name before: giving that up, and ordering anew")
		if _, err = r.client.DeactivateAuthorization(ctx, a, z.Location); err != nil {
			return o, z, wrap("give up authorization "+z.Location, err)
		}
		r.result.Deactivated++
	}
	return o, z, fmt.Errorf("order a certificate: the authority still holds the name for validated, after %d authorizations were given up", tries)
}

// validate places the token and has the authority look for it. A token that cannot
// be removed is told of, and does not hide what the authority has found.
func (r *rehearsal) validate(ctx context.Context, a acme.Account, z acme.Authorization) error {
	challenge, err := overHTTP(z)
	if err != nil {
		return err
	}
	t := plant.Token{Name: challenge.Token, Body: challenge.KeyAuthorization}
	found := false
	err = plant.During(ctx, r.o.Planter, t, func(ctx context.Context) error {
		r.notice("token placed in " + r.o.Planter.Place().String() + ": the authority looks for it")
		err := r.look(ctx, a, z, challenge)
		found = err == nil
		return err
	})
	if err != nil && found {
		r.notice("the token " + t.Name + " stays: " + err.Error())
		return nil
	}
	return err
}

// look has the authority look for the token, and waits for what it finds.
func (r *rehearsal) look(ctx context.Context, a acme.Account, z acme.Authorization, c acme.Challenge) error {
	if _, err := r.client.InitiateChallenge(ctx, a, c); err != nil {
		return r.failed(Validating, "begin validation", err)
	}
	_, err := r.client.PollAuthorization(ctx, a, z)
	return r.failed(Validating, "await validation", err)
}

// overHTTP is the challenge of HTTP-01; other authorities offer others.
func overHTTP(z acme.Authorization) (acme.Challenge, error) {
	var offered []string
	for _, c := range z.Challenges {
		if c.Type == acme.ChallengeTypeHTTP01 {
			return c, nil
		}
		offered = append(offered, c.Type)
	}
	return acme.Challenge{}, fmt.Errorf("authorization %s: the authority offers no http-01, but %q", z.Location, offered)
}

// issue has the certificate issued, to see that, and keeps nothing but what it is
// told by.
func (r *rehearsal) issue(ctx context.Context, a acme.Account, o acme.Order) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	csr, err := acmez.NewCSR(key, []string{r.result.Name})
	if err != nil {
		return err
	}
	r.notice("validated: waiting for the certificate")
	if o, err = r.client.FinalizeOrder(ctx, a, o, csr.Raw); err != nil {
		return r.failed(Issuing, "await issuance", err)
	}
	chains, err := r.client.GetCertificateChain(ctx, a, o.Certificate)
	if err != nil {
		return wrap("fetch the certificate", err)
	}
	leaf, err := first(chains)
	if err != nil {
		return wrap("read the certificate", err)
	}
	f := cert.FingerprintOf(leaf)
	r.result.Issued = &f
	return nil
}

func first(chains []acme.Certificate) (*x509.Certificate, error) {
	if len(chains) == 0 {
		return nil, errors.New("there is none")
	}
	block, _ := pem.Decode(chains[0].ChainPEM)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	return x509.ParseCertificate(block.Bytes)
}

func (r *rehearsal) notice(line string) {
	if r.o.Notice != nil {
		r.o.Notice(line)
	}
}
