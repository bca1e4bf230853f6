package cert

import (
	"crypto/x509"
	"net/http"
	"net/netip"
	"time"
)

// Served is what one server has shown.
type Served struct {
	// Name was asked for, without a final dot, and At was connected to.
	Name string
	At   netip.AddrPort
	// Asked is when.
	Asked time.Time
	// Chain is what the server sent, its own certificate first. It is empty
	// exactly where Err is set.
	Chain []*x509.Certificate
	// Version is that of TLS, as tls.VersionTLS13.
	Version uint16
	// HSTS is what the server's answer to a GET of / orders; nil where it orders
	// nothing, or was not asked.
	HSTS *HSTS
	// Header is that of the answer, in the server's own octets; nil without one.
	Header http.Header
	// Err is why there is no certificate.
	Err *Error
}

// Leaf is the server's own certificate; nil where there is none.
func (s Served) Leaf() *x509.Certificate {
	if len(s.Chain) == 0 {
		return nil
	}
	return s.Chain[0]
}

// Kind is what went wrong in asking.
type Kind string

// What goes wrong in asking.
const (
	Refused Kind = "refused"  // nothing listens there, or a firewall says no
	Timeout Kind = "timeout"  // silence, mostly a firewall
	Reset   Kind = "reset"    // the connection was reset or closed
	NoRoute Kind = "no-route" // this machine has no way there; nothing was asked
	// Unreachable: a router reports that nobody is there.
	Unreachable Kind = "unreachable"

	NotTLS Kind = "not-tls" // the server speaks something else
	Alert  Kind = "alert"   // the server refuses: mostly it does not know the name
	// Cancelled: the caller's context ended; nothing can be said.
	Cancelled Kind = "cancelled"
	Failed    Kind = "failed" // anything else
)

// Error is why no certificate came.
type Error struct {
	Kind Kind
	// Name and At are what was asked of whom.
	Name string
	At   netip.AddrPort
	// Cause is the error of the network or of TLS.
	Cause error
}

// Error reads "ask 203.0.113.11:443 for the certificate of www.example.org:
// connection refused".
func (e *Error) Error() string {
	text := e.Cause.Error()
	if word := words()[e.Kind]; word != "" {
		text = word
	}
	return "ask " + e.At.String() + " for the certificate of " + e.Name + ": " + text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func words() map[Kind]string {
	return map[Kind]string{
		Refused: "connection refused", Timeout: "no answer in time", Reset: "it closed the connection",
		Unreachable: "no route to it", NoRoute: "this machine has no route to it", NotTLS: "it does not speak TLS",
	}
}

// Fingerprint tells one certificate from another. It is data: keep it to tell
// later whether a renewal has arrived.
type Fingerprint struct {
	// Serial is in hexadecimal. Authorities number certificates each for itself.
	Serial    string    `json:"serial"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
}

// Fingerprint returns that of the server's own certificate, and false where
// there is none.
func (s Served) Fingerprint() (Fingerprint, bool) {
	leaf := s.Leaf()
	if leaf == nil {
		return Fingerprint{}, false
	}
	return FingerprintOf(leaf), true
}

// FingerprintOf returns that of a certificate.
func FingerprintOf(leaf *x509.Certificate) Fingerprint {
	return Fingerprint{leaf.SerialNumber.Text(16), leaf.Issuer.String(), leaf.NotBefore.UTC(), leaf.NotAfter.UTC()}
}

// Changed tells whether f is another certificate than before.
func (f Fingerprint) Changed(before Fingerprint) bool {
	return f.Serial != before.Serial || !f.NotBefore.Equal(before.NotBefore)
}

// Renewed tells whether f is another certificate than before and no older: a
// server of a pool that still has the certificate of last time renews nothing.
func (f Fingerprint) Renewed(before Fingerprint) bool {
	return f.Changed(before) && !f.NotBefore.Before(before.NotBefore)
}
