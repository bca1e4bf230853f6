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
	// ErrNoListing: the zone is not listed for whoever asks, but a Looker
	// answers for the names that it is asked for. See ReadOrLook.
	ErrNoListing = errors.New("the zone is not listed")
	// ErrZoneNotFound: the provider holds no such zone.
	ErrZoneNotFound = errors.New("no such zone")
)

// uncertain tells whether something may have been written in spite of err.
func uncertain(err error) bool { return errors.Is(err, ErrPartial) || errors.Is(err, ErrUnknown) }

// maxNamed is how many keys an error's text names; its Keys hold all. A batch of
// thousands would make a text that nobody reads, kept in a journal and repeated
// wherever the error is told.
const maxNamed = 100

// nameKeys lists keys, the first 100 of them by name.
func nameKeys(keys []zone.Key) string {
	named := make([]string, min(len(keys), maxNamed))
	for i := range named {
		named[i] = keys[i].String()
	}
	text := strings.Join(named, ", ")
	if more := len(keys) - len(named); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// ConflictError is an ErrConflict that names the set and shows both sides. A
// provider that can only tell that something of a batch has moved leaves Live
// nil and lists all keys of the batch.
type ConflictError struct {
	Keys []zone.Key
	Seen *zone.RRset // what the change's Before held; nil: no such set
	Live *zone.RRset // what is there now; nil: no such set, or not told
}

// Error names the keys, at most 100 of them, and, where there is one, both
// values.
func (e *ConflictError) Error() string {
	s := nameKeys(e.Keys) + ": " + ErrConflict.Error()
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

// Error names the culprit and every record of the batch; of more than 100 it
// names the first 100 and says how many more there are.
func (e *RefusedError) Error() string {
	s := "refused: " + e.Reason
	if e.Culprit != (zone.Key{}) {
		s = e.Culprit.String() + ": " + s
	}
	return s + " (nothing written of " + nameKeys(e.Keys) + ")"
}

// RateLimitError is a request that the provider will take again at Until.
type RateLimitError struct {
	Until time.Time
}

// Error says when to come back.
func (e *RateLimitError) Error() string {
	return "rate limited until " + e.Until.UTC().Format(time.RFC3339)
}
