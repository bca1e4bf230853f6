package inventory_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory"
)

// withEnv are sources with these variables and a few files; each file holds its
// own path, so that a test sees which one was taken.
func withEnv(env map[string]string) inventory.SecretSources {
	return inventory.SecretSources{
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			switch path {
			case "/run/secrets/cf", "/run/secrets/zone", "/run/secrets/pdns", "/run/secrets/silo":
				return []byte("in " + path + "\n"), nil
			case "/run/secrets/empty":
				return nil, nil
			}
			return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
		},
		Dir: "conf",
	}
}

// TestCredentials looks for the secrets of each type of provider.
func TestCredentials(t *testing.T) {
	const none = "" // found nowhere, and no error
	tests := []struct {
		name string
		typ  string
		// given are the lines of the provider.
		given string
		// env is NAME=value, parted by blanks.
		env  string
		key  string
		want string // the value
		from string // its origin, or the error where there is no value
	}{
		{"the first variable", "cloudflare", "", "CLOUDFLARE_API_TOKEN=a CF_DNS_API_TOKEN=b", "api_token", "a", "environment variable CLOUDFLARE_API_TOKEN"},
		{"its file", "cloudflare", "", "CLOUDFLARE_API_TOKEN_FILE=/run/secrets/cf CF_DNS_API_TOKEN=b", "api_token", "in /run/secrets/cf", "file /run/secrets/cf, named by CLOUDFLARE_API_TOKEN_FILE"},
		{"the second variable", "cloudflare", "", "CF_DNS_API_TOKEN=b", "api_token", "b", "environment variable CF_DNS_API_TOKEN"},
		{"its file, last", "cloudflare", "", "CF_DNS_API_TOKEN_FILE=/run/secrets/cf", "api_token", "in /run/secrets/cf", "file /run/secrets/cf, named by CF_DNS_API_TOKEN_FILE"},
		{"an empty variable is none", "cloudflare", "", "CLOUDFLARE_API_TOKEN= CF_DNS_API_TOKEN=b", "api_token", "b", "environment variable CF_DNS_API_TOKEN"},
		{"a variable before its file", "cloudflare", "", "CLOUDFLARE_API_TOKEN=a CLOUDFLARE_API_TOKEN_FILE=/run/secrets/cf", "api_token", "a", "environment variable CLOUDFLARE_API_TOKEN"},
		{
			"nothing at all", "cloudflare", "", "CLOUDFLARE_API_TOKEN=", "api_token", none,
			"not given, and not set in the environment: CLOUDFLARE_API_TOKEN (empty), CLOUDFLARE_API_TOKEN_FILE, CF_DNS_API_TOKEN, CF_DNS_API_TOKEN_FILE",
		},
		{
			"a file that is missing is no reason to look further", "cloudflare", "", "CLOUDFLARE_API_TOKEN_FILE=/none CF_DNS_API_TOKEN=b", "api_token", none,
			"secret env:CLOUDFLARE_API_TOKEN: read the file that CLOUDFLARE_API_TOKEN_FILE names: file does not exist",
		},
		{
			"nor is an empty one", "cloudflare", "", "CLOUDFLARE_API_TOKEN_FILE=/run/secrets/empty CF_DNS_API_TOKEN=b", "api_token", none,
			"secret env:CLOUDFLARE_API_TOKEN: empty",
		},
		{
			"the secret in place of the path is not shown", "cloudflare", "", "CLOUDFLARE_API_TOKEN_FILE=" + canary, "api_token", none,
			"secret env:CLOUDFLARE_API_TOKEN: read the file that CLOUDFLARE_API_TOKEN_FILE names: file does not exist",
		},
		{"what is given wins", "cloudflare", `api_token = "env:MINE"`, "MINE=m CLOUDFLARE_API_TOKEN=a", "api_token", "m", "environment variable MINE"},
		{"the file of what is given", "cloudflare", `api_token = "env:MINE"`, "MINE_FILE=/run/secrets/cf CLOUDFLARE_API_TOKEN=a", "api_token", "in /run/secrets/cf", "file /run/secrets/cf, named by MINE_FILE"},
		{
			"what is given stands alone", "cloudflare", `api_token = "env:MINE"`, "CLOUDFLARE_API_TOKEN=a", "api_token", none,
			"secret env:MINE: not set in the environment: MINE, MINE_FILE",
		},
		{"a file", "cloudflare", `api_token = "file:/run/secrets/cf"`, "", "api_token", "in /run/secrets/cf", "file /run/secrets/cf"},
		{"a file in the inventory's folder", "cloudflare", `api_token = "file:cf"`, "", "api_token", none, "secret file:cf: open conf/cf: file does not exist"},
		{"of systemd", "cloudflare", `api_token = "cred:cf"`, "CREDENTIALS_DIRECTORY=/run/secrets", "api_token", "in /run/secrets/cf", "systemd credential cf"},

		{"no second token", "cloudflare", "", "CLOUDFLARE_API_TOKEN=a", "zone_token", none, ""},
		{"a second token", "cloudflare", "", "CF_ZONE_API_TOKEN=z", "zone_token", "z", "environment variable CF_ZONE_API_TOKEN"},
		{"its file", "cloudflare", "", "CF_ZONE_API_TOKEN_FILE=/run/secrets/zone", "zone_token", "in /run/secrets/zone", "file /run/secrets/zone, named by CF_ZONE_API_TOKEN_FILE"},
		{
			"a second token that is given is wanted", "cloudflare", `zone_token = "env:CF_ZONE_API_TOKEN"`, "", "zone_token", none,
			"secret env:CF_ZONE_API_TOKEN: not set in the environment: CF_ZONE_API_TOKEN, CF_ZONE_API_TOKEN_FILE",
		},

		{"namesilo", "namesilo", "", "NAMESILO_API_KEY=n", "api_key", "n", "environment variable NAMESILO_API_KEY"},
		{"namesilo's file", "namesilo", "", "NAMESILO_API_KEY_FILE=/run/secrets/silo", "api_key", "in /run/secrets/silo", "file /run/secrets/silo, named by NAMESILO_API_KEY_FILE"},
		{"namesilo without a key", "namesilo", "", "PDNS_API_KEY=p", "api_key", none, "not given, and not set in the environment: NAMESILO_API_KEY, NAMESILO_API_KEY_FILE"},
		{"powerdns", "powerdns", `server_url = "http://127.0.0.1:8081"`, "PDNS_API_KEY_FILE=/run/secrets/pdns", "api_key", "in /run/secrets/pdns", "file /run/secrets/pdns, named by PDNS_API_KEY_FILE"},
		{"powerdns without a key", "powerdns", `server_url = "http://127.0.0.1:8081"`, "", "api_key", none, "not given, and not set in the environment: PDNS_API_KEY, PDNS_API_KEY_FILE"},
		{"without a TSIG key", "rfc2136", `server = "192.0.2.53"`, "", "tsig_secret", none, ""},
		{"a TSIG key", "rfc2136", "server = \"192.0.2.53\"\ntsig_name = \"k\"\ntsig_secret = \"env:K\"", "K=c2VjcmV0", "tsig_secret", "c2VjcmV0", "environment variable K"},
		{"a key of another type", "route53", "", "CLOUDFLARE_API_TOKEN=a", "api_token", none, ""},
	}
	for _, tt := range tests {
		t.Run(tt.typ+" "+tt.name, func(t *testing.T) {
			env := map[string]string{}
			for pair := range strings.FieldsSeq(tt.env) {
				name, value, _ := strings.Cut(pair, "=")
				env[name] = value
			}
			inv := mustLoad(t, "version = 1\n[[provider]]\nname = \"p\"\ntype = \""+tt.typ+"\"\n"+tt.given+"\n")
			secret, err := inv.Providers[0].Credential(tt.key).Resolve(withEnv(env))
			if got := secret.Reveal(); got != tt.want {
				t.Errorf("value %q, want %q", got, tt.want)
			}
			got := secret.Origin()
			if err != nil {
				got = err.Error()
				if _, ok := errors.AsType[*inventory.SecretError](err); !ok {
					t.Errorf("%T", err)
				}
			}
			if got != tt.from {
				t.Errorf("from %q, want %q", got, tt.from)
			}
		})
	}
}

// TestCredentialsAreNotInvented: what the file does not say is not written.
func TestCredentialsAreNotInvented(t *testing.T) {
	inv := mustLoad(t, `version = 1
[[provider]]
name = "cf"
type = "cloudflare"
[[provider]]
name = "given"
type = "cloudflare"
zone_token = "cred:cf-zone"
[[provider]]
name = "pdns"
type = "powerdns"
server_url = "http://127.0.0.1:8081"
[[provider]]
name = "silo"
type = "namesilo"
`)
	text := written(t, inv)
	if strings.Contains(text, "api_") || strings.Contains(text, "env:") || strings.Count(text, "token") != 1 {
		t.Errorf("written:\n%s", text)
	}
	again := mustLoad(t, text)
	if c := again.Providers[1].Credential("zone_token"); !c.Given || len(c.Refs) != 1 || c.Refs[0] != "cred:cf-zone" {
		t.Errorf("zone_token: %+v", c)
	}
	for i, want := range []int{2, 2, 1, 1} {
		if got := again.Providers[i].Credentials(); len(got) != want {
			t.Errorf("provider %d: %+v", i, got)
		}
	}
}
