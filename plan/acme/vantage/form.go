package vantage

import (
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// Version is the version of the form that this program speaks.
const Version = 1

// The bounds of the form, in bytes.
const (
	// MaxRequest is how long a request may be.
	MaxRequest = 16 << 10
	// MaxReply is how long a reply may be.
	MaxReply = 64 << 10
	// MaxBody is how much of a body a reply shows.
	MaxBody = 512
)

// Request is what a vantage is asked to fetch.
type Request struct {
	Version int `json:"version"`
	// URL is http, and its path lies below http01.Path.
	URL string `json:"url"`
	// Address, where it is valid, is connected to in place of what the DNS says of
	// the URL's host, also after a redirect back to it.
	Address netip.Addr `json:"address,omitzero"`
	// Expect is the body that must come, white space at its end left aside. Empty
	// takes any body.
	Expect string `json:"expect,omitempty"`
	// Timeout is how long the fetch may take, in whole seconds; 0 leaves it to the
	// vantage.
	Timeout int `json:"timeout_seconds,omitempty"`
}

// Reply is what a vantage has met. An empty field is not known.
type Reply struct {
	Version int `json:"version"`
	// Vantage is the name that the vantage gives itself.
	Vantage string `json:"vantage,omitempty"`
	// At is when it had fetched.
	At time.Time `json:"at,omitzero"`
	// OK says that an authority would have been content: status 200, and the body
	// that was expected.
	OK bool `json:"ok"`
	// Status is that of the last answer; 0 where none came.
	Status int `json:"status,omitempty"`
	// Body is the first MaxBody bytes of it, at most.
	Body string `json:"body,omitempty"`
	// Addresses are what the DNS says there of the URL's host; Address is the one
	// that the last answer came from, or that was tried last.
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Address   netip.Addr   `json:"address,omitzero"`
	// URLs are what was fetched, redirects included, in order.
	URLs []string `json:"urls,omitempty"`
	// Header holds those fields of the last answer that tell who has given it.
	Header map[string]string `json:"header,omitempty"`
	// Error is why OK is false; nil where it is true.
	Error *Failure `json:"error,omitempty"`
}

// Tells says that the reply tells something about the name. A vantage that has no
// way to the address or no resolver that answers, or whose time ran out before it
// could ask, tells nothing.
func (v Reply) Tells() bool {
	if v.Error == nil {
		return true
	}
	switch v.Error.Kind {
	case KindNoResolver, Kind(http01.NoRoute), Kind(http01.Cancelled):
		return false
	}
	return true
}

// Failure is why an authority would not have been content.
type Failure struct {
	// Kind is one of the constants here, one of http01's kinds, or a word that this
	// program does not know.
	Kind Kind `json:"kind"`
	// Problem is the type of ACME problem that an authority would report (RFC
	// 8555, section 6.7): "dns", "connection", "unauthorized"; it may be empty.
	Problem string `json:"problem,omitempty"`
	// Detail says it in words.
	Detail string `json:"detail,omitempty"`
}

// Kind is what kind of failure a vantage has met.
type Kind string

// The kinds that http01 does not have. Every other is a finding, unless Tells says
// otherwise.
const (
	// KindRefused is a request that the vantage does not carry out: it is not of
	// the form, or asks for what the vantage may not fetch. Nothing was fetched, so
	// nothing is said about the name, and Ask returns an error in place of the
	// reply.
	KindRefused Kind = "refused-request"
	// KindNoResolver is a host that the vantage could not look up, since its own
	// resolvers did not answer.
	KindNoResolver Kind = "no-resolver"
)
