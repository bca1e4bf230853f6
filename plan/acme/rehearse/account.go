package rehearse

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mholt/acmez/v3/acme"
)

// account returns the account that is kept for the authority, or opens one.
func (r *rehearsal) account(ctx context.Context) (acme.Account, error) {
	dir, err := r.client.GetDirectory(ctx)
	if err != nil {
		return acme.Account{}, fmt.Errorf("read ACME directory %s: %w", r.o.Directory, err)
	}
	key, err := r.o.Keys.load(r.o.Directory)
	if err == nil {
		a, err := r.client.GetAccount(ctx, acme.Account{PrivateKey: key})
		switch p, ok := errors.AsType[acme.Problem](err); {
		case err == nil && a.Status != acme.StatusValid:
			return a, fmt.Errorf("use account %s: its status is %q", a.Location, a.Status)
		case err == nil || !ok || p.Type != acme.ProblemTypeAccountDoesNotExist:
			return a, wrap("look for the account at "+r.o.Directory, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return acme.Account{}, err
	}
	return r.open(ctx, dir.Meta, key)
}

// open opens an account, with the key where there is one.
func (r *rehearsal) open(ctx context.Context, meta *acme.DirectoryMeta, key crypto.Signer) (a acme.Account, err error) {
	bound := Binding{}
	if meta != nil && meta.ExternalAccountRequired {
		if bound, err = r.binding(); err != nil {
			return a, wrap("open an account at "+r.o.Directory, err)
		}
	}
	if meta != nil && meta.TermsOfService != "" && !r.o.AgreeTerms {
		return a, &TermsError{r.o.Directory, meta.TermsOfService}
	}
	if key == nil {
		if key, err = r.o.Keys.create(r.o.Directory); err != nil {
			return a, err
		}
	}
	r.notice("opening an account at " + r.o.Directory)
	a = acme.Account{PrivateKey: key, Contact: contacts(r.o.Contact), TermsOfServiceAgreed: r.o.AgreeTerms}
	if err = bound.bind(ctx, r.client, &a); err == nil {
		a, err = r.client.NewAccount(ctx, a)
	}
	return a, wrap("open an account at "+r.o.Directory, bound.refused(err))
}

// contacts makes URLs of e-mail addresses.
func contacts(list []string) (out []string) {
	for _, c := range list {
		if !strings.Contains(c, ":") {
			c = "mailto:" + c
		}
		out = append(out, c)
	}
	return out
}

// wrap says what was being done; nil stays nil.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
