package vantage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// The bounds of what a request may ask for.
const (
	maxURL    = 512
	maxExpect = 1024
	// longest is the most that a fetch may take.
	longest = 2 * time.Minute
)

// prepare fills in the version, and a time-out that leaves the vantage some of
// the limit to answer in.
func (r Request) prepare(limit time.Duration) Request {
	r.Version = Version
	most := max(1, int((limit - limit/10).Seconds()))
	if r.Timeout <= 0 || r.Timeout > most {
		r.Timeout = most
	}
	return r
}

// readRequest reads one request and nothing behind it. A request that is not of
// the form is an error, which shows nothing of it.
func readRequest(from io.Reader) (Request, error) {
	text, err := io.ReadAll(io.LimitReader(from, MaxRequest+1))
	switch {
	case err != nil:
		return Request{}, fmt.Errorf("read the request: %w", err)
	case len(text) > MaxRequest:
		return Request{}, fmt.Errorf("the request has more than %d bytes", MaxRequest)
	case len(bytes.TrimSpace(text)) == 0:
		return Request{}, errors.New("no request came")
	}
	var r Request
	if err := json.Unmarshal(text, &r); err != nil {
		return Request{}, errors.New("the request is no JSON of the form")
	}
	if r.Version != Version {
		return Request{}, fmt.Errorf("the request is of version %d of the form; this is version %d", r.Version, Version)
	}
	return r, nil
}

// target is what a request comes to: a host and a token.
type target struct{ host, token string }

// target returns what to fetch, or why that is refused: a vantage fetches
// challenges, and what they redirect to by an authority's rules, and nothing else,
// so that it is no way into other services. Port is the challenge's own.
func (r Request) target(port uint16) (target, error) {
	if len(r.URL) > maxURL || len(r.Expect) > maxExpect || r.Timeout < 0 {
		return target{}, fmt.Errorf("url may have %d bytes and expect %d, and timeout_seconds is not negative", maxURL, maxExpect)
	}
	if r.Address.Zone() != "" {
		return target{}, errors.New("address has a zone")
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" {
		return target{}, errors.New("url is no http URL")
	}
	if err := plainURL(u, port); err != nil {
		return target{}, err
	}
	token, ok := strings.CutPrefix(u.Path, http01.Path)
	if !ok || !isToken(token) {
		return target{}, fmt.Errorf("url is not http://NAME%sTOKEN", http01.Path)
	}
	return target{u.Hostname(), token}, nil
}

// plainURL refuses what a challenge's URL never has.
func plainURL(u *url.URL, port uint16) error {
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.RawPath != "" {
		return errors.New("url has more than a host and a path")
	}
	if p := u.Port(); p != "" && p != "80" && p != strconv.Itoa(int(port)) {
		return fmt.Errorf("url names port %s, and challenges are fetched from port %d", p, port)
	}
	return nil
}

// maxToken bounds a token; those of RFC 8555, section 8, have some forty octets.
const maxToken = 128

// isToken takes the octets of base64url (RFC 8555, section 8.3), and those that a
// path may have beside them.
func isToken(s string) bool {
	return s != "" && len(s) <= maxToken && strings.Trim(s, ".") != "" && strings.IndexFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.~", r))
	}) < 0
}
