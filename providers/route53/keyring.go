package route53

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// maxSecrets is how many secrets are remembered; those of a role change by the
// hour.
const maxSecrets = 16

// keyring hands out the SDK's credentials and remembers them, so that none shows:
// a refused signature is answered with all that was signed, a session token
// included.
type keyring struct {
	next aws.CredentialsProvider

	mu      sync.Mutex
	secrets []string
	had     bool // there were credentials once
}

// Retrieve returns the credentials. None at all is an ErrCredentials; a failed
// renewal is not, because it may pass.
func (k *keyring) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := k.next.Retrieve(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return c, context.Cause(ctx)
	case err != nil && k.hadSome():
		return c, fmt.Errorf("renew the AWS credentials: %w", err)
	case err != nil:
		return c, fmt.Errorf("%w: no AWS credentials are found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in (aws sso login): %w",
			providers.ErrCredentials, err)
	}
	k.remember(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.had = true
	return c, nil
}

func (k *keyring) hadSome() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.had
}

func (k *keyring) remember(secrets ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range secrets {
		if s != "" && !slices.Contains(k.secrets, s) {
			k.secrets = append(k.secrets, s)
		}
	}
	k.secrets = slices.Clone(k.secrets[max(len(k.secrets)-maxSecrets, 0):])
}

func (k *keyring) known() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.secrets)
}

// configured returns the secrets that stand in the environment or in a profile,
// which are known before anything is signed with them.
func configured(c aws.Config) []string {
	var out []string
	for _, source := range c.ConfigSources {
		switch s := source.(type) {
		case config.EnvConfig:
			out = append(out, s.Credentials.AccessKeyID, s.Credentials.SecretAccessKey, s.Credentials.SessionToken)
		case config.SharedConfig:
			out = append(out, s.Credentials.AccessKeyID, s.Credentials.SecretAccessKey, s.Credentials.SessionToken)
		}
	}
	return out
}

// redact takes the secrets out of an error's text.
func (k *keyring) redact(err error) error {
	return transport.Redact(k.known(), err)
}
