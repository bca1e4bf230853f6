package inventory

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// EnvPrefix starts the names of environment variables that override settings:
// DNSPLAN_DEFAULTS_TTL overrides ttl of [defaults].
const EnvPrefix = "DNSPLAN_"

// setting is a key that the environment may override.
type setting struct {
	key string // "defaults::ttl", as viper names it
	set func(t *tables, value string) error
}

// settings lists what the environment may override. Records are never among it.
func settings() []setting {
	return []setting{
		{"defaults::ttl", func(t *tables, v string) error { return setText(&t.Defaults.TTL, v) }},
		{"defaults::change_ttl", func(t *tables, v string) error { return setText(&t.Defaults.ChangeTTL, v) }},
		{"defaults::settle", func(t *tables, v string) error { return setText(&t.Defaults.Settle, v) }},
		{"defaults::strategy", func(t *tables, v string) error { return setText(&t.Defaults.Strategy, v) }},
		{"verify::require", func(t *tables, v string) error { return setText(&t.Verify.Require, v) }},
		{"verify::timeout", func(t *tables, v string) error { return setText(&t.Verify.Timeout, v) }},
		{"check::http_port", func(t *tables, v string) error { return setInt(&t.Check.HTTPPort, v) }},
		{"check::allow_reserved", func(t *tables, v string) error { return setBool(&t.Check.AllowReserved, v) }},
	}
}

func setText[T ~string](to **T, v string) error {
	text := T(v)
	*to = &text
	return nil
}

func setInt(to **int64, v string) error {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return errors.New("must be a whole number")
	}
	*to = &n
	return nil
}

func setBool(to **bool, v string) error {
	b, err := strconv.ParseBool(v)
	if err != nil {
		return errors.New("must be true or false")
	}
	*to = &b
	return nil
}

// SettingKeys returns the settings that Override takes, with "::" between the
// table and the key: "defaults::ttl".
func SettingKeys() []string {
	var keys []string
	for _, s := range settings() {
		keys = append(keys, s.key)
	}
	return keys
}

// SettingVariable returns the environment variable of a setting:
// DNSPLAN_DEFAULTS_TTL for "defaults::ttl".
func SettingVariable(key string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, "::", "_"))
}

// Override lays settings over those of the file, keyed as SettingKeys says.
// Values are written as in the file, without quotes. Resolve reports what is
// wrong with them, under the name of the environment variable.
func (f *File) Override(values map[string]string) {
	known := settings()
	r := &report{doc: f.src}
	for _, s := range known {
		if v, ok := values[s.key]; ok {
			f.override(s, v, r)
		}
	}
	for key := range values {
		if !slices.ContainsFunc(known, func(s setting) bool { return s.key == key }) {
			r.add("unknown-setting", "", "not a setting").setting = SettingVariable(key)
		}
	}
	f.problems = append(f.problems, r.pending...)
}

func (f *File) override(s setting, value string, r *report) {
	path := strings.ReplaceAll(s.key, "::", ".")
	f.settings[path] = SettingVariable(s.key)
	delete(f.src.bad, path)
	if err := s.set(&f.tables, value); err != nil {
		r.add("bad-value", path, "%q %s", value, err).setting = SettingVariable(s.key)
	}
}
