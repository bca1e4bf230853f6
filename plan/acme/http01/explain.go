package http01

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/dnsplan/dnsplan/plan/netfault"
)

// verdict is what an authority calls the error; Valid without one.
func (e *Error) verdict() Verdict {
	if e == nil {
		return Valid
	}
	switch e.Kind {
	case Cancelled:
		return Unknown
	case BadHost, HTTPOnTLS:
		return Malformed
	case LookupFailed, NoAddress:
		return DNSFailed
	case Status, BodyBroken, BodyTooLong, WrongBody:
		return Unauthorized
	case TLSOnHTTP:
		if e.Code != 0 {
			return Unauthorized // it said so in HTTP
		}
	case TLSFailed:
		if isAlert(e.Cause) {
			return TLS
		}
	}
	return Connection
}

// isAlert tells whether the server ended TLS by an alert, or was told by one.
func isAlert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "remote error" || op.Op == "local error")
}

// words are what people call a kind whose error is the network's.
var words = map[Kind]string{
	ConnectRefused:  "connection refused",
	ConnectTimeout:  "no connection in time",
	ConnectReset:    "connection reset while it was made",
	NoRoute:         "this machine has no route to it",
	HostUnreachable: "host unreachable",
	HTTP2:           "it speaks HTTP/2 where HTTP/1.1 was asked for",
	TLSOnHTTP:       "it speaks TLS where plain HTTP was asked for",
	HTTPOnTLS:       "it speaks plain HTTP where TLS was asked for",
	AnswerTimeout:   "connected, but no answer in time",
	Reset:           "it reset the connection in place of an answer",
	Closed:          "it closed the connection in place of an answer",
	Garbled:         "what it answers is not HTTP",
	BodyBroken:      "the body broke off",
}

// fails makes the error of a hop. The network's own text gives way to words
// where there are some, and stays in the chain.
func (h *Hop) fails(k Kind, cause error) *Error {
	if word := words[k]; word != "" {
		cause = netfault.Worded(word, cause)
	}
	return &Error{Kind: k, URL: h.URL, Addr: h.Used, Code: h.Status, Location: h.Location, Cause: cause}
}

// connectKind tells why a connection could not be made.
func connectKind(err error, late bool) Kind {
	switch fault := netfault.Of(err); {
	case fault == netfault.Refused:
		return ConnectRefused
	case fault == netfault.Reset:
		return ConnectReset
	case fault == netfault.Unreachable:
		return HostUnreachable
	case fault == netfault.NoRoute:
		return NoRoute
	case late || fault == netfault.Timeout:
		return ConnectTimeout
	}
	return ConnectFailed
}

// handshakeKind tells why TLS failed.
func handshakeKind(err error, late bool) Kind {
	header, ok := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case late || netfault.Of(err) == netfault.Timeout:
		return AnswerTimeout
	case ok && string(header.RecordHeader[:]) == "HTTP/":
		return HTTPOnTLS
	}
	return TLSFailed
}

// answerKind tells why no answer came, but something that begins with heard.
func answerKind(err error, heard []byte, late bool) Kind {
	switch fault := netfault.Of(err); {
	case isHTTP2(heard):
		return HTTP2
	case len(heard) >= 2 && (heard[0] == tlsAlert || heard[0] == tlsHandshake) && heard[1] == 3:
		return TLSOnHTTP
	case late || fault == netfault.Timeout:
		return AnswerTimeout
	case fault == netfault.Reset:
		return Reset
	case len(heard) == 0 && fault == netfault.Closed:
		return Closed
	}
	return Garbled
}

// Content types of TLS records (RFC 8446, section 5.1).
const (
	tlsAlert     = 21
	tlsHandshake = 22
)

// isHTTP2 tells whether b begins with a SETTINGS frame of stream 0, with which a
// server begins (RFC 9113, sections 3.4 and 6.5).
func isHTTP2(b []byte) bool {
	return len(b) >= 9 && b[0] == 0 && b[1] == 0 && bytes.Equal(b[3:9], []byte{4, 0, 0, 0, 0, 0})
}

// wantTLS are marks of servers that answer plain HTTP on a TLS port in HTTP: Go,
// nginx and Apache.
var wantTLS = []string{"HTTP request to an HTTPS server", "plain HTTP request was sent to HTTPS port", "speaking plain HTTP to an SSL-enabled server port"}

// refused is the error of a status that is neither 200 nor a redirect.
func (h *Hop) refused() *Error {
	for _, mark := range wantTLS {
		if h.Status/100 == 4 && strings.Contains(string(h.Body), mark) {
			return h.fails(TLSOnHTTP, nil)
		}
	}
	text := fmt.Sprintf("answered %d %s", h.Status, http.StatusText(h.Status))
	if redirects(h.Status) {
		text += ", but with no Location"
	}
	return h.fails(Status, errors.New(strings.TrimSpace(text)))
}

var errTooLong = fmt.Errorf("the body has %d octets or more, too many for a key authorization", MaxBody)

// differs says how the body is wrong.
func differs(body, want string) error {
	switch {
	case body == "":
		return errors.New("the body is empty")
	case strings.TrimSpace(strings.TrimPrefix(body, "\ufeff")) == want:
		return fmt.Errorf("the body is right but for what stands before it: %q", clip(body))
	}
	return fmt.Errorf("the body is another one: %q", clip(body))
}
