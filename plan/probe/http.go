package probe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/dnsplan/dnsplan/plan"
)

// The bounds of what is read of an answer, in bytes.
const (
	maxHeader = 64 << 10
	maxBody   = 1 << 20
)

// get fetches the probe's URL from the address. A redirect is an answer like
// any other: where it leads to is not what is under test.
func (c *Client) get(ctx context.Context, t *Target) (string, error) {
	config, err := c.tls(t)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.Probe.URL(), nil)
	if err != nil {
		return "", err
	}
	request.Host = t.Probe.Host
	request.Header.Set("User-Agent", "dnsplan")
	request.Header.Set("Accept", "*/*")
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return c.opts.Dial(ctx, "tcp", t.endpoint())
		},
		TLSClientConfig: config, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
	}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	return judge(&t.Probe, answer)
}

// judge compares status and body with what the probe wants.
func judge(p *plan.Probe, answer *http.Response) (string, error) {
	text := fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	if to := answer.Header.Get("Location"); to != "" && answer.StatusCode/100 == 3 {
		text += fmt.Sprintf(" (to %q)", clip(to))
	}
	if !p.TakesStatus(answer.StatusCode) {
		return text, fmt.Errorf("answered %s, not %s", text, p.WantStatus())
	}
	if p.Body == "" {
		return text, nil
	}
	found, all, err := holds(answer.Body, []byte(p.Body))
	switch {
	case err != nil:
		return text, err
	case found:
		return text + fmt.Sprintf(", %q", p.Body), nil
	case !all:
		return text, fmt.Errorf("answered %s without %q in its first %d bytes", text, p.Body, maxBody)
	}
	return text, fmt.Errorf("answered %s without %q", text, p.Body)
}

// holds tells whether want stands in the first maxBody bytes of r, and whether
// that was all. It stops reading where want stands.
func holds(r io.Reader, want []byte) (found, all bool, err error) {
	text := make([]byte, 0, 4096)
	for len(text) < maxBody {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := r.Read(text[len(text):min(cap(text), maxBody)])
		from := max(0, len(text)-len(want))
		text = text[:len(text)+n]
		switch {
		case bytes.Contains(text[from:], want):
			return true, true, nil
		case err == io.EOF:
			return false, true, nil
		case err != nil:
			return false, false, err
		}
	}
	return false, false, nil
}
