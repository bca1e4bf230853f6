package generic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// rateLimitPause is how long a vendor is left alone that says "too many
// requests" through libdns alone, which drops the moment that the vendor named.
const rateLimitPause = time.Minute

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
