package rehearse_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/acme/rehearse"
)

const (
	kid = "kid-7Yc2"
	// mac has both letters that the two alphabets of base64 differ in.
	mac = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDk-_TQ12"
)

// boundTo is what people have been given, or think so.
func boundTo(id, key string) func() (rehearse.Binding, error) {
	return func() (rehearse.Binding, error) { return rehearse.ParseBinding(id, key) }
}

// An authority that opens accounts for its customers alone opens one for them, once,
// and tells others why not; no key is in what is said.
func TestBinding(t *testing.T) {
	for _, tt := range []struct {
		what    string
		binding func() (rehearse.Binding, error)
		want    error
	}{
		{"none", nil, rehearse.ErrBinding},
		{"another key", boundTo(kid, strings.ToLower(mac)), rehearse.ErrUnbound},
		{"another key id", boundTo("kid-other", mac), rehearse.ErrUnbound},
		{"no base64", boundTo(kid, "&"+mac), rehearse.ErrMAC},
		{"an empty key", boundTo(kid, "="), rehearse.ErrMAC},
		{"as it was given", boundTo(kid, mac), nil},
		{"the usual alphabet, padded", boundTo(kid, strings.NewReplacer("-", "+", "_", "/").Replace(mac)+"=="), nil},
	} {
		t.Run(tt.what, func(t *testing.T) {
			s := newStage(t, acmetest.Config{Bound: true, Keys: map[string]string{kid: mac}})
			s.at("A 127.0.0.12")
			s.options.Binding = tt.binding
			r, err := rehearse.Run(t.Context(), s.options, name)
			if !errors.Is(err, tt.want) || (err == nil) != (r.Issued != nil) {
				t.Fatalf("%+v, error %v", r, err)
			}
			if err != nil {
				for _, secret := range []string{kid, "kid-other", mac[:8], strings.ToLower(mac)[:8]} {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("the error shows %s: %v", secret, err)
					}
				}
				return
			}
			// Its account is there, so nobody has to know the binding any more.
			s.options.Binding = nil
			if r := s.run(t); r.Issued == nil {
				t.Errorf("again: %+v", r)
			}
		})
	}
}

// Where an authority wants no binding, nobody is asked for one.
func TestBindingUnwanted(t *testing.T) {
	s := newStage(t, acmetest.Config{Keys: map[string]string{kid: mac}})
	s.at("A 127.0.0.12")
	s.options.Binding = func() (rehearse.Binding, error) {
		t.Error("the binding was asked for")
		return rehearse.Binding{}, nil
	}
	s.run(t)
}
