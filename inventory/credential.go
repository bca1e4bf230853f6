package inventory

import "errors"

// Credential is a secret that a provider may need, and where it is kept.
type Credential struct {
	// Key is what the inventory calls it: "api_token".
	Key string
	// Refs are the places to look in; the first that is set counts. A reference
	// that the inventory gives stands alone. Without one they are the environment
	// variables that the vendor's own tools and lego read.
	Refs []SecretRef
	// Given says that the inventory names the place.
	Given bool
	// Optional says that the provider does without it when nothing is set. A
	// place that the inventory names is never optional.
	Optional bool
}

// Credentials returns the secrets that a provider of p's type may need.
func (p Provider) Credentials() []Credential {
	var out []Credential
	for _, o := range optionsOf(p.Type) {
		if o.secret {
			out = append(out, o.credential(p.Settings))
		}
	}
	return out
}

// Credential returns the secret under key. It is optional and nowhere to be
// found where a provider of p's type has no such key.
func (p Provider) Credential(key string) Credential {
	for _, c := range p.Credentials() {
		if c.Key == key {
			return c
		}
	}
	return Credential{Key: key, Optional: true}
}

func (o option) credential(given map[string]string) Credential {
	c := Credential{Key: o.key, Optional: o.optional}
	if ref, ok := given[o.key]; ok {
		c.Refs, c.Given = []SecretRef{SecretRef(ref)}, true
		return c
	}
	for _, name := range o.variables {
		c.Refs = append(c.Refs, SecretRef("env:"+name))
	}
	return c
}

// Resolve fetches the secret from the first of the places that is set; an empty
// variable is none. What is set and cannot be read is an error, and no reason to
// look further. A missing secret is a *SecretError that names every place, or no
// secret and no error where c is optional.
func (c Credential) Resolve(from SecretSources) (Secret, error) {
	var looked unsetError
	for _, ref := range c.Refs {
		secret, err := ref.Resolve(from)
		unset, ok := errors.AsType[unsetError](err)
		if !ok || c.Given {
			return secret, err
		}
		looked = append(looked, unset...)
	}
	if c.Optional {
		return Secret{}, nil
	}
	return Secret{}, &SecretError{Err: looked}
}
