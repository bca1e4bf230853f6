package rehearse

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/durable"
)

// Keys is the folder in which the keys of accounts are kept, one for each
// authority, readable by their owner alone. It is made when the first is saved;
// the folder that it lies in must exist.
type Keys string

const folderMode fs.FileMode = 0o700

// path is the file of an authority's key: people know it by the host.
func (k Keys) path(directory string) string {
	sum := sha256.Sum256([]byte(directory))
	host := "account"
	if u, err := url.Parse(directory); err == nil && u.Hostname() != "" {
		host = strings.ReplaceAll(u.Hostname(), ":", "-") // an IPv6 address
	}
	return filepath.Join(string(k), host+"-"+hex.EncodeToString(sum[:4])+".pem")
}

// load returns the key of the account at an authority; the error is
// fs.ErrNotExist where there is none. A key that others may read is refused.
func (k Keys) load(directory string) (crypto.Signer, error) {
	path := k.path(directory)
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("account key %s: it is not a file that its owner alone may read (mode %v)", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("account key %s: no PEM block", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("account key %s: %w", path, err)
	}
	signer, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("account key %s: not a key for ECDSA", path)
	}
	return signer, nil
}

// create makes the key of a new account and keeps it: before the authority knows
// it, so that an answer that is lost costs no account.
func (k Keys) create(directory string) (crypto.Signer, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(string(k), folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keep account key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := durable.WriteFile(k.path(directory), text); err != nil {
		return nil, fmt.Errorf("keep account key: %w", err)
	}
	return key, nil
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
