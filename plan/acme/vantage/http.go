package vantage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// DefaultTimeout is how long a vantage has to answer.
const DefaultTimeout = 30 * time.Second

// HTTPOptions say where a vantage is asked by POST.
type HTTPOptions struct {
	// Name is what the inventory calls it.
	Name string
	// URL is http or https, without a user.
	URL string
	// Token returns the bearer token (RFC 6750); nil sends none. It is called for
	// each request, and is shown nowhere.
	Token func() (string, error)
	// Timeout limits one Ask; 0 is DefaultTimeout.
	Timeout time.Duration
	// Transport is nil for one with the system's certificates and the proxy of the
	// environment.
	Transport http.RoundTripper
}

// HTTP asks a vantage by POST.
type HTTP struct {
	name, url string
	token     func() (string, error)
	limit     time.Duration
	transport http.RoundTripper
}

// NewHTTP returns a Probe. It makes no request.
func NewHTTP(o HTTPOptions) *HTTP {
	h := &HTTP{o.Name, o.URL, o.Token, o.Timeout, o.Transport}
	if h.limit <= 0 {
		h.limit = DefaultTimeout
	}
	return h
}

// Name returns the name in the inventory.
func (h *HTTP) Name() string { return h.name }

// Ask has the vantage carry out r; see Probe.
func (h *HTTP) Ask(ctx context.Context, r Request) (Reply, error) {
	ctx, stop := context.WithTimeoutCause(ctx, h.limit, slowError(h.limit))
	defer stop()
	r = r.prepare(h.limit)
	text, err := h.post(ctx, r)
	if err != nil {
		return Reply{}, &Error{h.name, because(ctx, err)}
	}
	v, err := readReply(text, r)
	if err != nil {
		return Reply{}, &Error{h.name, err}
	}
	return v, nil
}

func (h *HTTP) post(ctx context.Context, r Request) ([]byte, error) {
	request, err := h.request(ctx, r)
	if err != nil {
		return nil, err
	}
	transport := h.transport
	if transport == nil {
		own := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, DisableKeepAlives: true}
		defer own.CloseIdleConnections()
		transport = own
	}
	answer, err := transport.RoundTrip(request) // follows no redirect: the token is for this URL
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if err := acceptable(answer); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(answer.Body, MaxReply+1))
}

func (h *HTTP) request(ctx context.Context, r Request) (*http.Request, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", jsonType)
	request.Header.Set("Accept", jsonType)
	request.Header.Set("User-Agent", "dnsplan")
	if h.token != nil {
		token, err := h.token()
		if err != nil {
			return nil, fmt.Errorf("its token: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}

const jsonType = "application/json"

// acceptable tells why an answer holds no reply. It shows nothing of the body,
// which may be anybody's.
func acceptable(answer *http.Response) error {
	status := fmt.Sprintf("it answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch code := answer.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fmt.Errorf("%s: check its token", status)
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return fmt.Errorf("%s: it is busy", status)
	case code/100 == 3:
		return fmt.Errorf("%s: its url has moved, and redirects are not followed", status)
	case code != http.StatusOK:
		return errors.New(status)
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || kind != jsonType {
		return fmt.Errorf("it answered with %.40q in place of JSON: check its url", answer.Header.Get("Content-Type"))
	}
	return nil
}

// slowError is the cause of a context that the vantage's own limit ended.
type slowError time.Duration

// Error says how long was waited.
func (e slowError) Error() string { return fmt.Sprintf("no reply within %s", time.Duration(e)) }

// Timeout says that it is one.
func (slowError) Timeout() bool { return true }

// because puts the context's cause in the place of what came of it, and takes
// away what net/http says around an error.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
