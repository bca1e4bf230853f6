package generic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// rateLimitPause is how long a vendor is left alone that says "too many
// requests" through libdns, which drops the moment that the vendor named.
const rateLimitPause = time.Minute

// errTooLong is a call that was given up. What it sent may still be acted on.
var errTooLong = errors.New("took too long")

// call makes one call of vendor code: within the rate, within the time, without
// a crash, and without a secret in the error.
func (p *Provider) call(ctx context.Context, what string, f func(context.Context) error) error {
	if err := p.admit(ctx, what); err != nil {
		return err
	}
	return p.guard(ctx, what, f)
}

// admit waits for the rate.
func (p *Provider) admit(ctx context.Context, what string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := p.limiter.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("%s would not be called in time: %w", what, err)
	}
	return nil
}

func (p *Provider) guard(ctx context.Context, what string, f func(context.Context) error) (err error) {
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = p.redact(fmt.Errorf("%s panicked in %T: %v", what, p.libdns, r))
		}
	}()
	err = p.failed(f(limited))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		// libdns providers put the context's error into text.
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	case limited.Err() != nil:
		return fmt.Errorf("%w: %s, %s: %w", errTooLong, what, p.timeout, err)
	}
	return err
}

// failure is an error of vendor code, without secrets.
type failure struct {
	error
	// status is the HTTP status that it told of; 0 is none.
	status int
	// late says that nobody waited for the end: what was sent may still be
	// acted on.
	late bool
}

// Unwrap returns the error itself.
func (f *failure) Unwrap() error { return f.error }

// failed takes the secrets out of err. The status is read before: an error with
// a secret in it loses its type with it.
func (p *Provider) failed(err error) error {
	if err == nil {
		return nil
	}
	status := 0
	if p.quirks.Status != nil {
		status = p.quirks.Status(err)
	}
	if status == 0 {
		status = statusIn(err.Error())
	}
	timeout, ok := errors.AsType[net.Error](err)
	late := ok && timeout.Timeout() || strings.Contains(err.Error(), "Client.Timeout") || status == http.StatusGatewayTimeout
	return &failure{p.redact(err), status, late}
}

// statusText finds an HTTP status in the text of an error: "returned a 404",
// "status code 429", "HTTP 500", "HTTP error: 401", "Unauthorized (401)".
var statusText = regexp.MustCompile(`(?i)(?:status|status code|http|http error|returned a):? ([45][0-9]{2})\b|\(([45][0-9]{2})\)`)

func statusIn(text string) int {
	m := statusText.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1] + m[2]) // one of them is empty
	return n
}

// status returns the HTTP status that err tells of, or 0.
func status(err error) int {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.status
	}
	return 0
}

// judge gives the error of a read its kind.
func (p *Provider) judge(err error) error {
	if decided(err) {
		return err
	}
	text := err.Error()
	switch status := status(err); {
	case status == http.StatusTooManyRequests:
		return limited(err)
	case status == http.StatusUnauthorized || status == http.StatusForbidden || containsAny(text, p.quirks.NoAccess):
		return refusedAccess(err)
	case status == http.StatusNotFound || containsAny(text, p.quirks.NoZone):
		return fmt.Errorf("%w: %w (is it in this account, and delegated to this provider?)", providers.ErrZoneNotFound, err)
	case strings.Contains(text, "invalid character '<'"): // encoding/json's word for it
		return fmt.Errorf("a web page answers, not the API: check what stands between (a proxy, a login page): %w", err)
	}
	return err
}

// judgeWrite gives the error of a write that changed nothing its kind.
func (p *Provider) judgeWrite(err error, keys []zone.Key) error {
	if f, ok := errors.AsType[*failure](err); errors.Is(err, errTooLong) || ok && f.late {
		return fmt.Errorf("%w: %w", providers.ErrUnknown, err)
	}
	if decided(err) {
		return err
	}
	switch status := status(err); {
	case status == http.StatusTooManyRequests:
		return limited(err)
	case status == http.StatusUnauthorized || status == http.StatusForbidden || containsAny(err.Error(), p.quirks.NoAccess):
		return refusedAccess(err)
	case status >= 400 && status < 500:
		return &providers.RefusedError{Keys: keys, Reason: err.Error()}
	}
	return err
}

func decided(err error) bool {
	if _, ok := errors.AsType[*providers.RateLimitError](err); ok {
		return true
	}
	for _, kind := range []error{
		providers.ErrCredentials, providers.ErrZoneNotFound, providers.ErrUnknown,
		context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func limited(err error) error {
	return fmt.Errorf("%w: %w", &providers.RateLimitError{Until: time.Now().Add(rateLimitPause)}, err)
}

func refusedAccess(err error) error {
	return fmt.Errorf("%w: %w (check that the credentials are right, not expired or revoked, and may read and write the zone's records)", providers.ErrCredentials, err)
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
