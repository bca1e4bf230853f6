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

	"github.com/dnsplan/dnsplan/providers/transport"
)

// errTooLong is a call that was given up. What it sent may still be acted on.
var errTooLong = errors.New("took too long")

// perRecord is added to a call's time for each record that it is to change: a
// record takes a request or two, which wait for the rate.
const perRecord = 5 * time.Second

// call makes one call of vendor code, about n records that change: within the
// time, without a crash, and without a secret in the error.
func (p *Provider) call(ctx context.Context, what string, n int, f func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	limit := p.timeout + time.Duration(n)*perRecord
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	carried, heard, done := p.carry(limited)
	defer done()
	err := p.crashed(what, func() error { return f(carried) })
	err = p.failed(err, heard)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		// libdns providers put the context's error into text.
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	case limited.Err() != nil:
		return fmt.Errorf("%w: %s, %s: %w", errTooLong, what, limit, err)
	}
	return err
}

// crashed makes an error of a panic.
func (p *Provider) crashed(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s panicked in %T: %v", what, p.libdns, r)
		}
	}()
	return f()
}

// failure is an error of vendor code, without secrets.
type failure struct {
	error
	// said is what the chain said to the call's requests; may be nil.
	said error
	// status is the HTTP status that it told of; 0 is none.
	status int
	// late says that nobody waited for the end: what was sent may still be
	// acted on.
	late bool
}

// Unwrap returns the error itself, and what the chain said.
func (f *failure) Unwrap() []error {
	if f.said == nil {
		return []error{f.error}
	}
	return []error{f.error, f.said}
}

// failed takes the secrets out of err. The status is read before: an error with
// a secret in it loses its type with it.
func (p *Provider) failed(err error, heard *heard) error {
	if err == nil {
		return nil
	}
	said := heard.err()
	status := 0
	if p.quirks.Status != nil {
		status = p.quirks.Status(err)
	}
	if answer, ok := errors.AsType[*transport.AnswerError](said); ok && status == 0 {
		status = answer.Status
	}
	if status == 0 {
		status = statusIn(err.Error())
	}
	timeout, ok := errors.AsType[net.Error](err)
	late := ok && timeout.Timeout() || strings.Contains(err.Error(), "Client.Timeout") || status == http.StatusGatewayTimeout
	return &failure{p.redact(err), said, status, late}
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
