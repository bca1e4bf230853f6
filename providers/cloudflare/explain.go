package cloudflare

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Codes of Cloudflare's errors, as its answers in public issue trackers show
// them; there is no list of them all.
const (
	codeNoSuchRecord  = 81044
	codeAddressThere  = 81053 // "An A, AAAA, or CNAME record with that host already exists."
	codeCNAMEThere    = 81054
	codeRecordThere   = 81057
	codeIdentical     = 81058
	codeNoRoute       = 7000
	codeBadIdentifier = 7003
	codeNoZone        = 1001
)

// malformed are the codes for a token that is none.
var malformed = []int{6003, 6100, 6103, 6111}

// Permissions as the dashboard names them
// (https://developers.cloudflare.com/fundamentals/api/reference/permissions/).
const (
	zoneRead = "Zone / Zone / Read"
	dnsRead  = "Zone / DNS / Read"
	dnsEdit  = "Zone / DNS / Edit"
)

// advice is an error with what to do about it.
type advice struct {
	cause  error
	remedy string
}

// Error is the cause and the remedy.
func (a *advice) Error() string { return a.cause.Error() + ": " + a.remedy }

// Unwrap returns the cause.
func (a *advice) Unwrap() error { return a.cause }

const whereTokens = "dash.cloudflare.com, My Profile, API Tokens"

// explain turns a refusal of who is asking into ErrCredentials with what to do,
// and leaves other errors as they are. needed is the permission that the request
// takes.
func explain(err error, needed string) error {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		return err
	}
	cause := fmt.Errorf("%w: %w", providers.ErrCredentials, err)
	switch {
	case e.has(codeNoRoute):
		return &advice{err, "check base_url, which is " + defaultBase + " for Cloudflare's own API"}
	case e.has(malformed...):
		return &advice{cause, "the token is not in the form of an API token, which a global API key is not either: give it without quotes and line breaks"}
	case e.status == http.StatusUnauthorized, e.has(1000, 9103, 9106, 9107, 9109, 10001):
		return &advice{cause, "the token is unknown, expired, revoked, or not for this address or zone: look at it at " + whereTokens + "; it needs the permission " + needed}
	case e.status == http.StatusForbidden, e.has(10000):
		return &advice{cause, "the token lacks the permission " + needed + " for the zone: add it at " + whereTokens}
	}
	return err
}

// gone tells whether the zone that was looked up earlier does not exist any
// more.
func gone(err error) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.has(codeBadIdentifier, codeNoZone)
}

// lost is the error of a zone that is gone; the next call looks it up again.
func (p *Provider) lost(z zone.Name, err error) error {
	p.keep(z, nil)
	return fmt.Errorf("%w: it was deleted or moved to another account since it was looked up: %w", providers.ErrZoneNotFound, err)
}
