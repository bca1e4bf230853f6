package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
)

// SecretRef says where a secret is kept: env:NAME for an environment variable
// or, where that is not set, for the file whose path NAME_FILE holds, as lego and
// container images have it; file:PATH for a file; cred:NAME for a credential of
// systemd (see systemd.exec(5), LoadCredential=). It never is the secret itself.
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
	// Dir is where relative paths of file: start: the inventory's folder. A path
	// in a variable starts where the process stands.
	Dir string
}

// SecretError is a secret that could not be fetched, or is not fit for use. It
// names the reference and never the value.
type SecretError struct {
	// Ref is empty where the inventory names no place.
	Ref SecretRef
	Err error
}

// Error says which secret, and why.
func (e *SecretError) Error() string {
	if e.Ref == "" {
		return fmt.Sprintf("not given, and %v", e.Err)
	}
	return fmt.Sprintf("secret %s: %v", e.Ref, e.Err)
}

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
	var s Secret
	var err error
	switch kind {
	case "env":
		s, err = from.variable(name)
	case "file":
		s, err = from.file(name)
	default:
		s, err = from.credential(name)
	}
	if err != nil {
		return Secret{}, &SecretError{r, err}
	}
	s.value = strings.TrimSpace(s.value)
	switch {
	case s.value == "":
		return Secret{}, &SecretError{r, errors.New("empty")}
	case strings.ContainsAny(s.value, "\r\n\x00"):
		return Secret{}, &SecretError{r, errors.New("more than one line")}
	}
	return s, nil
}

// unsetError lists the environment variables that were looked for in vain.
type unsetError []string

// Error names them in the order of the search.
func (e unsetError) Error() string { return "not set in the environment: " + strings.Join(e, ", ") }

// variable takes NAME or, where that is not set or empty, the file whose path is
// in NAME_FILE. Errors do not show that path: whoever mistakes the one variable
// for the other has put the secret there.
func (from SecretSources) variable(name string) (Secret, error) {
	value, looked := from.lookup(name)
	if value != "" {
		return Secret{value, "environment variable " + name}, nil
	}
	path, file := from.lookup(name + "_FILE")
	if path == "" {
		return Secret{}, unsetError{looked, file}
	}
	b, err := from.ReadFile(path)
	if err != nil {
		if pathError, ok := errors.AsType[*fs.PathError](err); ok {
			err = pathError.Err
		}
		return Secret{}, fmt.Errorf("read the file that %s_FILE names: %w", name, err)
	}
	return Secret{string(b), "file " + path + ", named by " + name + "_FILE"}, nil
}

// lookup returns a variable's value without the white space around it, and how
// to tell of it when it is not there.
func (from SecretSources) lookup(name string) (value, looked string) {
	value, ok := from.Env(name)
	if value = strings.TrimSpace(value); ok && value == "" {
		return "", name + " (empty)"
	}
	return value, name
}

func (from SecretSources) file(path string) (Secret, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(from.Dir, path)
	}
	b, err := from.ReadFile(path)
	return Secret{string(b), "file " + path}, err
}

func (from SecretSources) credential(name string) (Secret, error) {
	dir, ok := from.Env("CREDENTIALS_DIRECTORY")
	if !ok || dir == "" {
		return Secret{}, errors.New("CREDENTIALS_DIRECTORY is not set: systemd passes credentials with LoadCredential=")
	}
	b, err := from.ReadFile(filepath.Join(dir, name))
	return Secret{string(b), "systemd credential " + name}, err
}

// Secret is a value that no output shows: every way of printing it gives
// "[redacted]". Reveal hands it to what needs it.
type Secret struct{ value, origin string }

const redacted = "[redacted]"

// Reveal returns the value itself.
func (s Secret) Reveal() string { return s.value }

// Origin says where the secret was found: "environment variable CF_DNS_API_TOKEN",
// "file /run/secrets/cf", "systemd credential cf". It is empty where there is no
// secret.
func (s Secret) Origin() string { return s.origin }

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
