package inventory

import (
	"strconv"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// span is a TTL or duration as it was written: "90s", "1h30m", "300" or 300.
// It is parsed where its meaning is known, so that a bad one is found together
// with all other mistakes.
type span string

// UnmarshalText keeps the digits of a TOML integer; strings do not come here.
func (s *span) UnmarshalText(b []byte) error {
	*s = span(b)
	return nil
}

// JSONSchema says that a span is a string or whole seconds.
func (span) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Pattern: `^([0-9]+|([0-9]+[wW])?([0-9]+[dD])?([0-9]+[hH])?([0-9]+[mM])?([0-9]+[sS])?)$`},
		{Type: "integer", Minimum: "0"},
	}}
}

func (s span) ttl() (zone.TTL, error) { return zone.ParseTTL(s.plain()) }

func (s span) duration() (time.Duration, error) { return zone.ParseDuration(s.plain()) }

// plain turns the forms of integers that TOML has beside decimal digits
// (3_600, 0xe10, +300) into decimal digits.
func (s span) plain() string {
	if _, err := zone.ParseDuration(string(s)); err == nil {
		return string(s)
	}
	if n, err := strconv.ParseInt(string(s), 0, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	return string(s)
}

// quorum is verify.require as it was written: "all", "majority", "2" or 2.
type quorum string

// UnmarshalText keeps the digits of a TOML integer; strings do not come here.
func (q *quorum) UnmarshalText(b []byte) error {
	*q = quorum(b)
	return nil
}

// status is what a probe of HTTP wants, as it was written: "2xx", "200" or 200.
type status string

// UnmarshalText keeps the digits of a TOML integer; strings do not come here.
func (s *status) UnmarshalText(b []byte) error {
	*s = status(b)
	return nil
}

// JSONSchema says that a status is a number or a class.
func (status) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Pattern: `^[1-5]([0-9][0-9]|xx)$`},
		{Type: "integer", Minimum: "100", Maximum: "599"},
	}}
}

// JSONSchema says that a quorum is a word or a number.
func (quorum) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Pattern: `^(all|majority|[1-9][0-9]*)$`},
		{Type: "integer", Minimum: "1"},
	}}
}
