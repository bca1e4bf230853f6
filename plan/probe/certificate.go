package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/plan/netfault"
)

// tls is the configuration for the target: by the host's name, with its own
// roots where the probe names a file of them.
func (c *Client) tls(t *Target) (*tls.Config, error) {
	config := &tls.Config{ServerName: t.Probe.Host, MinVersion: tls.VersionTLS12, Time: c.opts.Now}
	if t.Probe.CA == "" {
		return config, nil
	}
	path, read := t.Probe.CA, os.ReadFile
	if c.opts.Folder != nil {
		path = c.opts.Folder(path)
	}
	if c.opts.ReadFile != nil {
		read = c.opts.ReadFile
	}
	text, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("ca of the probe: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca of the probe: %s holds no certificate", path)
	}
	return config, nil
}

// explain says in a few words what went wrong; the cause stays in the chain.
func explain(ctx context.Context, err error, t *Target) error {
	word := ""
	switch fault := netfault.Of(err); {
	case fault == netfault.Cancelled:
		return err
	case ctx.Err() != nil, fault == netfault.Timeout:
		word = "no answer within " + (time.Duration(t.Probe.Timeout) * time.Second).String()
	case fault == netfault.Refused:
		word = "connection refused"
	case fault == netfault.Reset:
		word = "connection reset"
	case fault == netfault.Unreachable, fault == netfault.NoRoute:
		word = "no route to it"
	case fault == netfault.Closed:
		word = "it closed the connection without an answer"
	default:
		word = certificate(err, t)
	}
	if word == "" {
		word = clip(err.Error())
	}
	return netfault.Worded(word, err)
}

// certificate says what is wrong with a certificate; empty of other errors.
func certificate(err error, t *Target) string {
	if bad, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is not for " + t.Probe.Host + holders(bad.Certificate)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate is signed by an unknown authority"
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok && bad.Reason == x509.Expired {
		return "its certificate is not valid at this time: it is from " + bad.Cert.NotBefore.UTC().Format(time.DateOnly) + " to " + bad.Cert.NotAfter.UTC().Format(time.DateOnly)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "it does not speak TLS"
	}
	return ""
}

// holders says whom a certificate is for, as far as a line has room.
func holders(c *x509.Certificate) string {
	if c == nil || len(c.DNSNames) == 0 {
		return ""
	}
	const most = 3
	var names []string
	for _, n := range c.DNSNames[:min(len(c.DNSNames), most)] {
		names = append(names, fmt.Sprintf("%q", clip(n)))
	}
	out := ", but for " + strings.Join(names, ", ")
	if more := len(c.DNSNames) - most; more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}

// clip bounds what a server, which may be anybody's, gets to say.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
