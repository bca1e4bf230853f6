package rehearse

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mholt/acmez/v3/acme"
)

// Binding is an account that an authority has given in its own way, and that an
// ACME account is bound to (RFC 8555, section 7.3.4). The zero value is none. It is
// secret: it stands in no result, error or notice.
type Binding struct {
	// KID is its key id.
	KID string
	// MAC is its key.
	MAC []byte
}

// What a binding fails by.
var (
	// ErrBinding is an authority that opens accounts only for customers that it has
	// already.
	ErrBinding = errors.New("the authority wants an account bound to one that it has given (RFC 8555, section 7.3.4)")
	// ErrUnbound is an authority that does not take the binding that it was given.
	ErrUnbound = errors.New("the authority does not take the key id and the MAC key of the account to bind to")
	// ErrMAC is a MAC key that cannot be read.
	ErrMAC = errors.New("the MAC key of the account to bind to is not in base64")
)

// ParseBinding reads a key id and a MAC key as authorities give them: in base64, with
// the alphabet for URLs or the usual one, padded or not.
func ParseBinding(kid, mac string) (Binding, error) {
	plain := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(mac, "="))
	key, err := base64.RawURLEncoding.DecodeString(plain)
	if err != nil || len(key) == 0 {
		return Binding{}, ErrMAC // what is wrong with it would show a part of it
	}
	return Binding{kid, key}, nil
}

// binding is what a new account is bound to.
func (r *rehearsal) binding() (Binding, error) {
	if r.o.Binding == nil {
		return Binding{}, ErrBinding
	}
	return r.o.Binding()
}

// bind has the request for an account say what it is bound to; nothing for none.
func (b Binding) bind(ctx context.Context, c *acme.Client, a *acme.Account) error {
	if b.KID == "" {
		return nil
	}
	return a.SetExternalAccountBinding(ctx, c, acme.EAB{KeyID: b.KID, MACKey: base64.RawURLEncoding.EncodeToString(b.MAC)})
}

// refused is err with ErrUnbound, where the authority may mean the binding by it.
func (b Binding) refused(err error) error {
	p, ok := errors.AsType[acme.Problem](err)
	if !ok || b.KID == "" {
		return err
	}
	p.Detail = strings.ReplaceAll(p.Detail, b.KID, "...")
	if slices.Contains([]string{acme.ProblemTypeExternalAccountRequired, acme.ProblemTypeMalformed, acme.ProblemTypeUnauthorized}, p.Type) {
		return fmt.Errorf("%w: %w", ErrUnbound, p)
	}
	return p
}
