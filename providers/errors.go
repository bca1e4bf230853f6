package providers

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Errors by what the caller must do about them. Test with errors.Is.
var (
	// ErrConflict: live is not what the caller saw. Read again and decide; see
	// ConflictError.
	ErrConflict = errors.New("live has moved")
	// ErrPartial: an earlier batch of the same write has landed. Read, then
	// write only the rest.
	ErrPartial = errors.New("partly written")
	// ErrUnknown: a request was sent and its reply was lost. Read, then decide.
	ErrUnknown = errors.New("outcome unknown")
	// ErrForeign: the set is not dnsplan's to write.
	ErrForeign = errors.New("not written by dnsplan")
	// ErrCredentials: the provider refused who is asking.
	ErrCredentials = errors.New("credentials refused")
	// ErrZoneNotFound: the provider holds no such zone.
	ErrZoneNotFound = errors.New("no such zone")
)

// ConflictError is an ErrConflict that names the set and shows both sides. A
// provider that can only tell that something of a batch has moved leaves Live
// nil and lists all keys of the batch.
type ConflictError struct {
	Keys []zone.Key
	Seen *zone.RRset // what the change's Before held; nil: no such set
	Live *zone.RRset // what is there now; nil: no such set, or not told
}

// Error names the keys and, where they are known, both values.
func (e *ConflictError) Error() string {
	keys := make([]string, len(e.Keys))
	for i, k := range e.Keys {
		keys[i] = k.String()
	}
	s := strings.Join(keys, ", ") + ": " + ErrConflict.Error()
	if len(e.Keys) == 1 {
		s += fmt.Sprintf(": seen %s, now %s", orNone(e.Seen), orNone(e.Live))
	}
	return s
}

// Is makes errors.Is(err, ErrConflict) true.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

func orNone(r *zone.RRset) string {
	if r == nil {
		return "nothing"
	}
	return r.String()
}

// RefusedError is a batch that the provider refused whole, for a reason other
// than a conflict. Nothing of the batch was written.
type RefusedError struct {
	// Keys are all sets of the refused batch.
	Keys []zone.Key
	// Culprit is the set that the provider named; zero when it named none.
	Culprit zone.Key
	// Reason is the provider's own word: an rcode, or an error message.
	Reason string
}

// Error names the culprit and every record of the batch.
func (e *RefusedError) Error() string {
	keys := make([]string, len(e.Keys))
	for i, k := range e.Keys {
		keys[i] = k.String()
	}
	s := "refused: " + e.Reason
	if e.Culprit != (zone.Key{}) {
		s = e.Culprit.String() + ": " + s
	}
	return s + " (nothing written of " + strings.Join(keys, ", ") + ")"
}

// RateLimitError is a request that the provider will take again at Until.
type RateLimitError struct {
	Until time.Time
}

// Error says when to come back.
func (e *RateLimitError) Error() string {
	return "rate limited until " + e.Until.UTC().Format(time.RFC3339)
}
