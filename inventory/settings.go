package inventory

import (
	"errors"
	"fmt"
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
	// get returns the value as text, and whether the file gives one.
	get func(t *tables) (string, bool)
	set func(t *tables, value string) error
}

// settings lists what the environment may override. Records are never among it.
func settings() []setting {
	return []setting{
		textSetting("defaults::ttl", func(t *tables) **span { return &t.Defaults.TTL }),
		textSetting("defaults::change_ttl", func(t *tables) **span { return &t.Defaults.ChangeTTL }),
		textSetting("defaults::settle", func(t *tables) **span { return &t.Defaults.Settle }),
		textSetting("defaults::strategy", func(t *tables) **string { return &t.Defaults.Strategy }),
		textSetting("defaults::on_failure", func(t *tables) **string { return &t.Defaults.OnFailure }),
		textSetting("defaults::max_plan_age", func(t *tables) **span { return &t.Defaults.MaxPlanAge }),
		textSetting("verify::require", func(t *tables) **quorum { return &t.Verify.Require }),
		textSetting("verify::timeout", func(t *tables) **span { return &t.Verify.Timeout }),
		textSetting("backup::keep", func(t *tables) **span { return &t.Backup.Keep }),
		parsedSetting("check::http_port", func(t *tables) **int64 { return &t.Check.HTTPPort }, parsePort),
		parsedSetting("check::https_port", func(t *tables) **int64 { return &t.Check.HTTPSPort }, parsePort),
		parsedSetting("check::allow_reserved", func(t *tables) **bool { return &t.Check.AllowReserved }, parseBool),
		textSetting("check::ca", func(t *tables) **string { return &t.Check.CA }),
		textSetting("check::ca_roots", func(t *tables) **string { return &t.Check.CARoots }),
		textSetting("check::accounturi", func(t *tables) **string { return &t.Check.AccountURI }),
		textSetting("check::ready", func(t *tables) **span { return &t.Check.Ready }),
	}
}

func textSetting[T ~string](key string, field func(*tables) **T) setting {
	return parsedSetting(key, field, func(v string) (T, error) { return T(v), nil })
}

func parsedSetting[T any](key string, field func(*tables) **T, parse func(string) (T, error)) setting {
	return setting{
		key: key,
		get: func(t *tables) (string, bool) {
			p := *field(t)
			if p == nil {
				return "", false
			}
			return fmt.Sprint(*p), true
		},
		set: func(t *tables, value string) error {
			v, err := parse(value)
			if err == nil {
				*field(t) = &v
			}
			return err
		},
	}
}

func parsePort(v string) (int64, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, errors.New("must be a whole number")
	}
	return n, nil
}

func parseBool(v string) (bool, error) {
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, errors.New("must be true or false")
	}
	return b, nil
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

// UnknownSettings warns of variables that look like a setting's and are none,
// as DNSPLAN_DEFAULTS_TLL is: Override never sees them. environ is as os.Environ
// returns it, NAME=value each. The findings are in order of the names, show no
// values, and have no place in a file.
func UnknownSettings(environ []string) Diagnostics {
	var known, tables []string
	for _, key := range SettingKeys() {
		known = append(known, SettingVariable(key))
		table, _, _ := strings.Cut(key, "::")
		tables = append(tables, SettingVariable(table+"::"))
	}
	var out Diagnostics
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		i := slices.IndexFunc(tables, func(table string) bool { return strings.HasPrefix(name, table) })
		if slices.Contains(known, name) || i < 0 {
			continue
		}
		siblings := slices.DeleteFunc(slices.Clone(known), func(k string) bool { return !strings.HasPrefix(k, tables[i]) })
		p := &pending{Diagnostic: Diagnostic{Severity: SeverityWarning, Code: "unknown-setting", Summary: name + ": not a setting, it has no effect"}}
		out = append(out, p.suggest(name, siblings).Diagnostic)
	}
	slices.SortFunc(out, func(a, b Diagnostic) int { return strings.Compare(a.Summary, b.Summary) })
	return out
}

// Override lays settings over those of the file, keyed as SettingKeys says.
// Values are written as in the file, without quotes. Resolve reports what is
// wrong with them, under the name of the environment variable. A value that is
// equal to the file's changes nothing, so that viper's merged view may be given.
func (f *File) Override(values map[string]string) {
	known := settings()
	r := &report{doc: f.src}
	for _, s := range known {
		v, given := values[s.key]
		if old, ok := s.get(&f.tables); given && (!ok || v != old) {
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
