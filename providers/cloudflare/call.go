package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/dnsplan/dnsplan/providers/transport"
)

// tally counts the requests of one call of the provider.
type tally int

// envelope is what every answer of the API is wrapped in
// (https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/).
type envelope struct {
	Success *bool           `json:"success"`
	Errors  []fault         `json:"errors"`
	Result  json.RawMessage `json:"result"`
	Info    *resultInfo     `json:"result_info"`
}

// resultInfo tells of pages. What an answer does not hold is nil.
type resultInfo struct {
	PerPage    *int `json:"per_page"`
	Count      *int `json:"count"`
	TotalCount *int `json:"total_count"`
	TotalPages *int `json:"total_pages"`
}

// call makes one request for the SDK, and keeps what came of it: the SDK returns
// the context's error once that has ended, also when a write has landed by then.
type call struct {
	chain  *transport.Chain
	made   bool
	answer envelope
	err    error
}

// Do makes the request.
func (c *call) Do(r *http.Request) (*http.Response, error) {
	c.made = true
	resp, err := c.chain.Client().Do(r)
	if err != nil {
		c.err = err
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.err = err
		return nil, err
	}
	if c.err = c.open(resp.StatusCode, body); c.err != nil {
		return nil, c.err
	}
	resp.Body = http.NoBody
	return resp, nil
}

// open takes the answer out of its envelope.
func (c *call) open(status int, body []byte) error {
	err := json.Unmarshal(body, &c.answer)
	c.redact(c.answer.Errors)
	switch {
	case status >= http.StatusBadRequest:
		return &apiError{status: status, faults: c.answer.Errors}
	case err != nil:
		return fmt.Errorf("%w: %w", errNotAPI, err)
	case c.answer.Success == nil:
		return fmt.Errorf("%w: it does not tell of success", errNotAPI)
	case !*c.answer.Success:
		return &apiError{status: status, faults: c.answer.Errors}
	}
	return nil
}

// redact takes secrets out of messages, which end up in errors of several kinds.
func (c *call) redact(faults []fault) {
	for i := range faults {
		faults[i].Message = c.chain.Redact(errors.New(faults[i].Message)).Error()
		c.redact(faults[i].Chain)
	}
}

var errNotAPI = errors.New("the answer is not one of Cloudflare's API: check base_url in the inventory")

// ask lets the SDK make one request with the given token.
func (p *Provider) ask(n *tally, token string, send func(opts ...option.RequestOption) error) (envelope, error) {
	c := &call{chain: p.chain}
	var unused []byte
	err := send(option.WithHTTPClient(c), option.WithAPIToken(token), option.WithResponseBodyInto(&unused))
	if !c.made {
		return envelope{}, p.chain.Redact(err)
	}
	*n++
	return c.answer, p.chain.Redact(c.err)
}

// askPlain makes a request that the SDK has no part in.
func (p *Provider) askPlain(ctx context.Context, n *tally, token, path string) (envelope, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, nil)
	if err != nil {
		return envelope{}, p.chain.Redact(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	c := &call{chain: p.chain}
	if resp, err := c.Do(r); err == nil {
		resp.Body.Close()
	}
	*n++
	return c.answer, p.chain.Redact(c.err)
}

// fault is one error of an answer.
type fault struct {
	Code    int     `json:"code"`
	Message string  `json:"message"`
	Chain   []fault `json:"error_chain"`
	Source  struct {
		Pointer string `json:"pointer"`
	} `json:"source"`
}

// text is the message, its code, and what lies behind it.
func (f fault) text() string {
	texts := []string{fmt.Sprintf("%s (%d)", strings.TrimSuffix(strings.TrimSpace(f.Message), "."), f.Code)}
	for _, cause := range f.Chain {
		texts = append(texts, cause.text())
	}
	return strings.Join(texts, ": ")
}

// apiError is a request that Cloudflare refused.
type apiError struct {
	status int
	faults []fault
}

// Error is Cloudflare's own words, with its codes.
func (e *apiError) Error() string {
	if len(e.faults) == 0 {
		return fmt.Sprintf("the answer is %d %s, without a word of Cloudflare's API: check base_url in the inventory", e.status, http.StatusText(e.status))
	}
	texts := make([]string, len(e.faults))
	for i, f := range e.faults {
		texts[i] = f.text()
	}
	return "Cloudflare says: " + strings.Join(texts, "; ")
}

// has tells whether one of the codes is among the errors or behind them.
func (e *apiError) has(codes ...int) bool { return holds(e.faults, codes) }

func holds(faults []fault, codes []int) bool {
	for _, f := range faults {
		if slices.Contains(codes, f.Code) {
			return true
		}
		if holds(f.Chain, codes) {
			return true
		}
	}
	return false
}
