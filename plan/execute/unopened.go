package execute

import "fmt"

// UnopenedError is a provider that cannot be opened, so that nothing was asked
// of it: its settings or its credentials are missing. A run does not begin with
// it; a zone of one that has begun waits for a person, who sets them right and
// resumes.
type UnopenedError struct {
	Provider string // its name in the inventory
	Err      error
}

// Error names the provider and says what is missing.
func (e *UnopenedError) Error() string {
	return fmt.Sprintf("planned with provider %q, which cannot be opened: %v", e.Provider, e.Err)
}

// Unwrap returns what is missing.
func (e *UnopenedError) Unwrap() error { return e.Err }

// UnreadError is a zone that could not be read before its run begins.
type UnreadError struct {
	Provider string // its name in the inventory
	Err      error  // names the zone
}

// Error names the provider and says why.
func (e *UnreadError) Error() string { return fmt.Sprintf("provider %q: %v", e.Provider, e.Err) }

// Unwrap returns why.
func (e *UnreadError) Unwrap() error { return e.Err }
