package inventory_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory"
)

const canary = "canary-3f9a"

// sources holds one secret of each kind and some that are no good.
func sources() inventory.SecretSources {
	env := map[string]string{
		"TOKEN": " " + canary + "\n", "EMPTY": "", "BLANK": " \n", "LINES": canary + "\n" + canary,
		"CREDENTIALS_DIRECTORY": "/run/credentials/dnsplan",
	}
	files := map[string]string{
		"/etc/dnsplan/token": canary + "\n", filepath.Join("conf", "token"): canary,
		"/run/credentials/dnsplan/cf-token": canary,
	}
	return inventory.SecretSources{
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			v, ok := files[path]
			if !ok {
				return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
			}
			return []byte(v), nil
		},
		Dir: "conf",
	}
}

func TestSecretRefResolve(t *testing.T) {
	for _, ref := range []inventory.SecretRef{"env:TOKEN", "file:/etc/dnsplan/token", "file:token", "cred:cf-token"} {
		s, err := ref.Resolve(sources())
		if err != nil || s.Reveal() != canary {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func TestSecretRefResolveFails(t *testing.T) {
	for ref, want := range map[inventory.SecretRef]string{
		"env:NONE":       "secret env:NONE: not set in the environment: NONE, NONE_FILE",
		"env:EMPTY":      "secret env:EMPTY: not set in the environment: EMPTY (empty), EMPTY_FILE",
		"env:BLANK":      "secret env:BLANK: not set in the environment: BLANK (empty), BLANK_FILE",
		"env:LINES":      "secret env:LINES: more than one line",
		"file:none":      "secret file:none: open conf/none: file does not exist",
		"cred:none":      "secret cred:none: open /run/credentials/dnsplan/none: file does not exist",
		canary:           "secret: " + inventory.ErrLiteralSecret.Error(),
		"env:" + canary:  "secret: " + inventory.ErrLiteralSecret.Error(),
		"cred:../" + "x": "secret: " + inventory.ErrLiteralSecret.Error(),
		"":               "secret: " + inventory.ErrLiteralSecret.Error(),
	} {
		_, err := ref.Resolve(sources())
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v", ref, err)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("the secret is shown: %v", err)
		}
	}
	from := sources()
	from.Env = func(string) (string, bool) { return "", false }
	if _, err := inventory.SecretRef("cred:cf-token").Resolve(from); err == nil || !strings.Contains(err.Error(), "CREDENTIALS_DIRECTORY") {
		t.Errorf("without systemd: %v", err)
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	secret, err := inventory.SecretRef("env:TOKEN").Resolve(sources())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	inside := struct {
		S  inventory.Secret
		In []inventory.Secret
	}{secret, []inventory.Secret{secret}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, secret, &secret, inside)
	}
	if err := json.NewEncoder(&out).Encode(inside); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", secret, "inside", inside)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", secret, "inside", inside)
	out.WriteString(errors.Join(fmt.Errorf("with %v", secret)).Error())
	if s := out.String(); strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) {
		t.Errorf("shown: %s", s)
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing was printed")
	}
}

// TestLiteralSecretsAreNeverShown puts a secret wherever one may end up by
// mistake, beside mistakes of every kind.
func TestLiteralSecretsAreNeverShown(t *testing.T) {
	for _, text := range []string{
		"api_token = \"" + canary + "\"\nnone = 1",
		"api_token = [\"" + canary + "\"]",
		"api_token = { value = \"" + canary + "\" }",
		"api_token = \"env:" + canary + "\"",
		"zone_token = \"cmd:" + canary + "\"",
		"api_key = \"" + canary + "\"",
		"tsig_secret = \"" + canary + "==\"",
		"api_token = \"" + canary + "\"\napi_token = \"" + canary + "\"",
		"base_url = \"https://x:" + canary + "@192.0.2.1/\"",
		"base_url = \"https://192.0.2.1:" + canary + "/\"",
		"api_token = " + canary,
		"api_token = \"" + canary,
	} {
		inv, found := load("inventory.toml", "version = 1\n[[provider]]\nname = \"cf\"\ntype = \"cloudflare\"\n"+text)
		if inv != nil {
			t.Errorf("accepted: %s", text)
		}
		b, err := json.Marshal(found)
		if err != nil {
			t.Fatal(err)
		}
		if s := inventory.Errors(found).Error() + string(b); strings.Contains(s, canary) {
			t.Errorf("shown: %s", s)
		}
	}
}
