package inventory

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
)

// SecretRef says where a secret is kept: env:NAME for an environment variable,
// file:PATH for a file, cred:NAME for a credential of systemd (see
// systemd.exec(5), LoadCredential=). It never is the secret itself.
type SecretRef string

// ErrLiteralSecret is a secret that stands where a reference should. Errors
// that wrap it do not show it.
var ErrLiteralSecret = errors.New("a secret must not stand in the file: write env:NAME, file:PATH or cred:NAME")

// ParseSecretRef checks the form of a reference. Its errors show nothing of s,
// which may be the secret itself.
func ParseSecretRef(s string) (SecretRef, error) {
	kind, name, _ := strings.Cut(s, ":")
	switch {
	case kind == "env" && isEnvName(name), kind == "file" && name != "" && !strings.HasPrefix(name, "//"):
		return SecretRef(s), nil
	case kind == "cred" && name != "" && filepath.Base(name) == name && name != "." && name != "..":
		return SecretRef(s), nil
	}
	return "", ErrLiteralSecret
}

func isEnvName(s string) bool {
	for i, c := range s {
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// SecretSources is where references are looked up. All three are needed.
type SecretSources struct {
	// Env is os.LookupEnv or a stand-in.
	Env func(name string) (string, bool)
	// ReadFile is os.ReadFile or a stand-in.
	ReadFile func(path string) ([]byte, error)
	// Dir is where relative paths of file: start: the inventory's folder.
	Dir string
}

// SecretError is a secret that could not be fetched, or is not fit for use. It
// names the reference and never the value.
type SecretError struct {
	Ref SecretRef
	Err error
}

// Error says which secret, and why.
func (e *SecretError) Error() string { return fmt.Sprintf("secret %s: %v", e.Ref, e.Err) }

// Unwrap returns the cause.
func (e *SecretError) Unwrap() error { return e.Err }

// Resolve fetches the secret, without the white space around it. Errors name
// the reference and never the value; a missing or empty secret is a
// *SecretError.
func (r SecretRef) Resolve(from SecretSources) (Secret, error) {
	if _, err := ParseSecretRef(string(r)); err != nil {
		return Secret{}, fmt.Errorf("secret: %w", err)
	}
	kind, name, _ := strings.Cut(string(r), ":")
	var value string
	var err error
	switch kind {
	case "env":
		value, err = from.variable(name)
	case "file":
		value, err = from.file(name)
	default:
		value, err = from.credential(name)
	}
	if err != nil {
		return Secret{}, &SecretError{r, err}
	}
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return Secret{}, &SecretError{r, errors.New("empty")}
	case strings.ContainsAny(value, "\r\n\x00"):
		return Secret{}, &SecretError{r, errors.New("more than one line")}
	}
	return Secret{value: value}, nil
}

func (from SecretSources) variable(name string) (string, error) {
	v, ok := from.Env(name)
	if !ok {
		return "", errors.New("environment variable is not set")
	}
	return v, nil
}

func (from SecretSources) file(path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(from.Dir, path)
	}
	b, err := from.ReadFile(path)
	return string(b), err
}

func (from SecretSources) credential(name string) (string, error) {
	dir, ok := from.Env("CREDENTIALS_DIRECTORY")
	if !ok || dir == "" {
		return "", errors.New("CREDENTIALS_DIRECTORY is not set: systemd passes credentials with LoadCredential=")
	}
	b, err := from.ReadFile(filepath.Join(dir, name))
	return string(b), err
}

// Secret is a value that no output shows: every way of printing it gives
// "[redacted]". Reveal hands it to what needs it.
type Secret struct{ value string }

const redacted = "[redacted]"

// Reveal returns the value itself.
func (s Secret) Reveal() string { return s.value }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]", for %#v.
func (Secret) GoString() string { return redacted }

// Format prints "[redacted]" for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns "[redacted]"; JSON and TOML use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns "[redacted]" in quotes.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
