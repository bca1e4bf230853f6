package namesilo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// The operations in use, by their path below the base URL.
const (
	opListDomains  = "listDomains"
	opListRecords  = "dnsListRecords"
	opAddRecord    = "dnsAddRecord"
	opUpdateRecord = "dnsUpdateRecord"
	opDeleteRecord = "dnsDeleteRecord"
)

// writes tells the operations that change something. An unknown one counts as
// such: a write that is taken for a read would be repeated.
func writes(op string) bool { return op != opListDomains && op != opListRecords }

func operationOf(r *http.Request) string { return path.Base(r.URL.Path) }

// call makes one request, or a second one where a base_url without a path leads
// nowhere: NameSilo has its API below /api. A write is always behind a read.
func (p *Provider) call(ctx context.Context, op string, params url.Values) (reply, error) {
	root := p.root.Load()
	r, err := p.ask(ctx, root, op, params)
	if root.Path != "" || writes(op) || !isMissing(err) {
		return r, err
	}
	below := root.JoinPath("api")
	found, errBelow := p.ask(ctx, below, op, params)
	if isMissing(errBelow) {
		return r, err
	}
	p.root.Store(below)
	return found, errBelow
}

// isMissing tells the status of a path that is not there.
func isMissing(err error) bool {
	a, ok := errors.AsType[*transport.AnswerError](err)
	return ok && a.Status == http.StatusNotFound
}

// ask makes one request. An answer other than success is a *refusal, unless it
// is about the credentials; of a write whose answer cannot be read, the outcome
// is unknown.
func (p *Provider) ask(ctx context.Context, root *url.URL, op string, params url.Values) (reply, error) {
	if ctx.Err() != nil {
		return reply{}, context.Cause(ctx)
	}
	q := url.Values{"version": {"1"}, "type": {"json"}, "key": {p.key}}
	maps.Copy(q, params)
	u := *root.JoinPath(op)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return reply{}, p.chain.Redact(err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return reply{}, p.chain.Redact(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil {
		var r reply
		if r, err = p.judge(op, resp, body); err == nil {
			return r, nil
		}
	}
	return reply{}, p.chain.Redact(err)
}

// judge reads an answer.
func (p *Provider) judge(op string, resp *http.Response, body []byte) (reply, error) {
	r, err := decode(body)
	switch {
	case err == nil && !r.ok():
		return reply{}, r.failure(op)
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return reply{}, fmt.Errorf("%w: %s answers %d: check api_key, and the addresses that may use it at %s",
			providers.ErrCredentials, p.base.Host, resp.StatusCode, keyPage)
	case resp.StatusCode >= http.StatusMultipleChoices, resp.StatusCode < http.StatusOK:
		return reply{}, fmt.Errorf("%w, not as the API would: check base_url", &transport.AnswerError{Host: p.base.Host, Status: resp.StatusCode})
	case err != nil && writes(op):
		return reply{}, fmt.Errorf("%w: %s was sent: %w", providers.ErrUnknown, op, p.unreadable(err))
	case err != nil:
		return reply{}, p.unreadable(err)
	}
	return r, nil
}

// unreadable is the error of an answer with the status of success that is not
// the API's.
func (p *Provider) unreadable(err error) error {
	return fmt.Errorf("%s does not answer as the API would, check base_url: %w", p.base.Host, err)
}

// explain turns a refusal of a read into an error for the caller.
func explain(err error) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return err
	}
	if r.noZone() {
		return fmt.Errorf("%w: %w: check that the domain is active in the account of this key", providers.ErrZoneNotFound, err)
	}
	return err
}
