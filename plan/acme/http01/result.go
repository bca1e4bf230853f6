package http01

import (
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/plan/resolver"
)

// Verdict is what an authority would say: Valid, or the last part of the ACME
// error type that it would answer with (RFC 8555, section 6.7).
type Verdict string

// The verdicts.
const (
	Valid        Verdict = "valid"
	DNSFailed    Verdict = "dns"
	Connection   Verdict = "connection"
	Unauthorized Verdict = "unauthorized"
	TLS          Verdict = "tls"
	Malformed    Verdict = "malformed"
	// Unknown: the caller's context ended first; nothing can be said.
	Unknown Verdict = "unknown"
)

// Kind is what went wrong, as finely as a remedy needs it.
type Kind string

// What goes wrong before a connection stands.
const (
	// BadHost: the request's host is neither a name that HTTP-01 can prove nor
	// an address.
	BadHost Kind = "bad-host"
	// LookupFailed: a look-up failed, and no address came of the other.
	LookupFailed Kind = "lookup-failed"
	// NoAddress: the look-ups went well, and no address can be used; those that
	// were dropped as reserved are in Hop.Dropped.
	NoAddress Kind = "no-address"
	// ConnectRefused: nothing listens on the port, or a firewall says no.
	ConnectRefused Kind = "connect-refused"
	// ConnectTimeout: silence; mostly a firewall.
	ConnectTimeout Kind = "connect-timeout"
	// ConnectReset: the connection was reset while it was being made.
	ConnectReset Kind = "connect-reset"
	// NoRoute: this machine has no way to the address at all, as without IPv6.
	// It says nothing of what an authority would find.
	NoRoute Kind = "no-route"
	// HostUnreachable: a router, or this host's own network, reports that
	// nobody is at the address.
	HostUnreachable Kind = "host-unreachable"
	// ConnectFailed: the connection could not be made for another reason.
	ConnectFailed Kind = "connect-failed"
)

// What goes wrong on a connection.
const (
	// HTTP2: the server speaks HTTP/2 where HTTP/1.1 is wanted.
	HTTP2 Kind = "http2"
	// TLSOnHTTP: the server wants TLS on the port that plain HTTP came to.
	TLSOnHTTP Kind = "tls-on-http"
	// HTTPOnTLS: the server of an https redirect speaks plain HTTP there.
	HTTPOnTLS Kind = "http-on-tls"
	// TLSFailed: the TLS handshake failed; a wrong certificate is not a reason.
	TLSFailed Kind = "tls-failed"
	// AnswerTimeout: connected, and no answer came in time.
	AnswerTimeout Kind = "answer-timeout"
	// Reset: the connection was reset in place of an answer.
	Reset Kind = "reset"
	// Closed: the connection was closed in place of an answer.
	Closed Kind = "closed"
	// Garbled: what came is not HTTP.
	Garbled Kind = "garbled"
)

// What is wrong with an answer.
const (
	// Status: the status is neither 200 nor that of a redirect with a Location.
	Status Kind = "status"
	// BodyBroken: the body broke off or did not end in time.
	BodyBroken Kind = "body-broken"
	// BodyTooLong: the body has 128 octets or more.
	BodyTooLong Kind = "body-too-long"
	// WrongBody: the body is not the key authorization.
	WrongBody Kind = "wrong-body"
)

// What is wrong with a redirect.
const (
	TooManyRedirects Kind = "too-many-redirects"
	RedirectLoop     Kind = "redirect-loop"
	// RedirectStatus: a redirect of a status that may not be followed, as 303.
	RedirectStatus Kind = "redirect-status"
	// RedirectURL: the Location is no URL, or its path has more than 2000 octets.
	RedirectURL    Kind = "redirect-url"
	RedirectScheme Kind = "redirect-scheme"
	RedirectPort   Kind = "redirect-port"
	// RedirectHost: the target has no host, or one that is no name.
	RedirectHost Kind = "redirect-host"
	// MissingSlash: the target's host ends in ".well-known": the server's rule
	// lacks the slash behind the host.
	MissingSlash Kind = "missing-slash"
	// RedirectTLD: the target's name is below no public top-level domain.
	RedirectTLD Kind = "redirect-tld"
	// RedirectReserved: the target is an address that no authority connects to.
	RedirectReserved Kind = "redirect-reserved"
)

// Cancelled says that the caller's context ended.
const Cancelled Kind = "cancelled"

// Error is why a challenge would not be found valid.
type Error struct {
	// Kind says what, for programs.
	Kind Kind
	// URL is what was fetched; for a redirect that is refused, what redirected.
	URL string
	// Addr was asked; the zero Addr where none was.
	Addr netip.Addr
	// Location is where a refused redirect leads, as the server wrote it.
	Location string
	// Code is the HTTP status of the answer; 0 without one.
	Code int
	// Cause is what happened, in words, or the error of the network. Words of
	// servers in it are quoted and clipped.
	Cause error
}

// Error reads "http://www.example.org/.well-known/acme-challenge/x at 192.0.2.1:
// connection refused".
func (e *Error) Error() string {
	if e.Addr.IsValid() {
		return fmt.Sprintf("%s at %s: %v", e.URL, e.Addr, e.Cause)
	}
	return fmt.Sprintf("%s: %v", e.URL, e.Cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Result is what came of one Validate.
type Result struct {
	Verdict Verdict
	// Err is nil exactly where the Verdict is Valid.
	Err *Error
	// Hops are the URLs that were fetched, in order; the last is where Err
	// came from, unless the host itself was refused. Empty only then.
	Hops []Hop
	// Elapsed is how long all of it took.
	Elapsed time.Duration
}

// Last returns the last hop; the zero Hop where there is none.
func (r *Result) Last() Hop {
	if len(r.Hops) == 0 {
		return Hop{}
	}
	return r.Hops[len(r.Hops)-1]
}

// Unasked are the addresses that this machine has no way to, so that it could
// not ask them or turned to another family. An authority would have asked: what
// it finds there cannot be told from here, whatever the Verdict.
func (r *Result) Unasked() []netip.Addr {
	var out []netip.Addr
	for _, h := range r.Hops {
		for _, t := range h.Tries {
			if t.Kind == NoRoute {
				out = append(out, t.Addr)
			}
		}
	}
	return out
}

// Unresolved tells whether the last host could not be looked up since no resolver
// answered, or there was none to ask. An authority's own may well answer: what it
// finds cannot be told from here. SERVFAIL is an answer.
func (r *Result) Unresolved() bool {
	if r.Err == nil || r.Err.Kind != LookupFailed {
		return false
	}
	last := r.Last()
	return !resolver.ServFailed(last.A.Err) && !resolver.ServFailed(last.AAAA.Err)
}

// Hop is one URL that was fetched.
type Hop struct {
	// URL is fit to be printed: in ASCII, without a password, and clipped. Host is
	// its host, Port where it was connected to.
	URL, Host string
	Port      uint16
	// Pinned says that the address was given by the request and not looked up.
	Pinned bool
	// AAAA and A are what the look-ups said; zero for an address and a pin.
	AAAA, A Addrs
	// Resolved are the addresses that count, IPv6 first, each family in the
	// order of its look-up. Dropped are those that do not, as reserved ones.
	Resolved, Dropped []netip.Addr
	// Tries are the connections that were tried: one, or two where the first
	// failed and there was another family. Used is the address of the last.
	Tries []Try
	Used  netip.Addr
	// Status is the HTTP status; 0 without an answer.
	Status int
	// Location is where the answer leads, as the server wrote it.
	Location string
	// Header holds what tells servers apart, as they sent it: Server,
	// Content-Type, Via, and what CDNs add. Values are clipped, and may hold any
	// octets.
	Header http.Header
	// Body is the beginning of the body, at most Options.Sample octets of
	// anything.
	Body []byte
	// TLS is the version of TLS of an https hop, as "TLS 1.3"; else empty.
	TLS string
	// At is when the hop began; Lookup, Connect (TLS included) and Answer are
	// how long its parts took.
	At                      time.Time
	Lookup, Connect, Answer time.Duration
}

// Try is one connection that was tried.
type Try struct {
	Addr netip.Addr
	// Kind and Err are empty and nil where the connection stood.
	Kind Kind
	Err  error
	// Took is how long it took.
	Took time.Duration
}
