package acmetest

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// CAAIdentity is what the directory of every test CA calls itself for CAA.
const CAAIdentity = "ca.example.net"

// lifetime is how long certificates are valid unless Config says otherwise.
const lifetime = 45 * 24 * time.Hour

// Config says how a CA validates and issues.
type Config struct {
	// DNS is the server that is asked, over TCP: one that is authoritative for
	// the names will do. The zero value is the machine's own resolver.
	DNS netip.AddrPort
	// HTTPPort is where challenges are fetched, in place of port 80.
	HTTPPort int
	// Reuse is the percentage of orders for which an authorization that is
	// valid already is used again, 0 to 100.
	Reuse int
	// Bound has accounts bound to others (RFC 8555, section 7.3.4): those of Keys,
	// MAC keys in base64 for URLs by key id.
	Bound bool
	Keys  map[string]string
	// Lifetime of certificates; whole seconds, 0 is 45 days.
	Lifetime time.Duration
}

// CA is a certificate authority that lives as long as its test.
type CA struct {
	// Directory is the URL of the ACME directory (RFC 8555, section 7.1.1). It names
	// the test: clients remember directories by their URLs, and another CA may have had
	// the port before.
	Directory string
	// HTTP trusts the certificate of the directory.
	HTTP *http.Client

	directory []byte // the certificate of the directory's server, in PEM
	issuer    []byte // the root of what is issued, in PEM
}

// NewCA starts a CA. It takes settings through the environment, so a test that
// uses it cannot be parallel. Pebble leaves one idle goroutine behind, since it
// cannot be stopped.
func NewCA(tb testing.TB, c Config) *CA {
	tb.Helper()
	tb.Setenv("PEBBLE_VA_NOSLEEP", "1")
	tb.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	// Pebble uses an authorization again where a number below 100 is not greater.
	tb.Setenv("PEBBLE_AUTHZREUSE", strconv.Itoa(c.Reuse))
	resolver := ""
	if c.DNS.IsValid() {
		resolver = c.DNS.String()
	}
	if c.Lifetime == 0 {
		c.Lifetime = lifetime
	}
	logger := newLog(tb)
	store := db.NewMemoryStore()
	for kid, key := range c.Keys {
		if err := store.AddExternalAccountKeyByID(kid, key); err != nil {
			tb.Fatalf("key %s of an account to bind to: %v", kid, err)
		}
	}
	profiles := map[string]ca.Profile{"default": {ValidityPeriod: uint64(c.Lifetime / time.Second)}}
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, profiles)
	validator := va.New(logger, c.HTTPPort, 0, false, resolver, store)
	front := wfe.New(logger, store, validator, authority, []string{CAAIdentity}, false, c.Bound, 0, 0)
	server := httptest.NewUnstartedServer(front.Handler())
	server.Config.ErrorLog = logger
	server.StartTLS()
	tb.Cleanup(server.Close)
	return &CA{
		Directory: server.URL + wfe.DirectoryPath + "?of=" + url.QueryEscape(tb.Name()),
		HTTP:      server.Client(),
		directory: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		issuer:    authority.GetRootCert(0).PEM(),
	}
}

// Roots trust what the CA issues.
func (c *CA) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(c.issuer)
	return pool
}

// RootsFile writes the certificates that trust what the CA issues and the
// server of its directory, in PEM, and returns the file's path.
func (c *CA) RootsFile(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "roots.pem")
	if err := os.WriteFile(path, bytes.Join([][]byte{c.issuer, c.directory}, nil), 0o600); err != nil {
		tb.Fatalf("write roots of the CA: %v", err)
	}
	return path
}

// buffer is written to from goroutines that may outlive the test.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// newLog keeps what the CA says and shows it where the test has failed.
func newLog(tb testing.TB) *log.Logger {
	b := &buffer{}
	tb.Cleanup(func() {
		if tb.Failed() {
			b.mu.Lock()
			defer b.mu.Unlock()
			tb.Logf("what the CA said:\n%s", b.text.String())
		}
	})
	return log.New(b, "", log.Ltime)
}
