package acme

import (
	"fmt"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// ID is a check's name, as "D-APEX".
type ID string

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

// Finding is what one check has found about one name.
type Finding struct {
	Check ID        `json:"check"`
	Name  zone.Name `json:"name"`
	// View is that of the name's zone; mostly empty.
	View    string  `json:"view,omitempty"`
	Outcome Outcome `json:"outcome"`
	// Severity is how grave it is, or, where the outcome is not Fail, would be.
	Severity Severity `json:"severity"`
	// Because is another check that is not well for the name, for as long as which
	// this one cannot be: "H-PORT80". Empty where the finding stands for itself.
	Because ID `json:"because,omitempty"`
	// Summary says in one sentence what was found, with the names and addresses
	// that it is about.
	Summary string `json:"summary"`
	// Asked are those who were asked and what they said, in a fixed order.
	Asked []Asked `json:"asked"`
	// Remedies are what to do, in the order in which to do it; none where nothing
	// is to be done.
	Remedies []Remedy `json:"remedies"`
}

// Asked is one who was asked, and the answer.
type Asked struct {
	// Who reads "ns1.example.org. (192.0.2.53:53)" or
	// "GET http://www.example.org/ at 203.0.113.11:80".
	Who  string `json:"who"`
	Said string `json:"said"`
}

// Remedy is one thing to do.
type Remedy struct {
	// Do says what, as an order: "Add the record to zone example.org:".
	Do string `json:"do"`
	// Paste is what to put there: lines of a zone file, of a server's
	// configuration, or a command, with the user's own names and addresses. Empty
	// where Do says it all.
	Paste string `json:"paste,omitempty"`
}

// Wrong tells whether the finding is one that exit code 2 is for.
func (f Finding) Wrong() bool { return f.Outcome == Fail && f.Severity >= Error }
