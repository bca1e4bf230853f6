package acme

import "fmt"

// Outcome is how a check came out.
type Outcome uint8

// The outcomes. Unknown says that it cannot be told from here: nothing that was
// asked could have shown it.
const (
	Pass Outcome = iota + 1
	Fail
	Unknown
)

// String returns "pass", "fail" or "unknown".
func (o Outcome) String() string {
	return word(int(o)-1, "pass", "fail", "unknown")
}

// MarshalText writes String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Severity is how grave it is that a check fails.
type Severity uint8

// The severities. With Fatal no certificate can be issued, with Error one that is
// issued is luck, or somebody loses by it; Warning and Info stop nothing.
const (
	Info Severity = iota + 1
	Warning
	Error
	Fatal
)

// String returns "info", "warning", "error" or "fatal".
func (s Severity) String() string {
	return word(int(s)-1, "info", "warning", "error", "fatal")
}

// MarshalText writes String.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func word(i int, words ...string) string {
	if i < 0 || i >= len(words) {
		return fmt.Sprintf("value %d", i+1)
	}
	return words[i]
}
