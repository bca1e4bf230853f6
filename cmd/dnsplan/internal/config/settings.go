package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/dnsplan/dnsplan/inventory"
)

// Settings are the flags that every command has. Each may also be given as an
// environment variable, DNSPLAN_INVENTORY and so on; a flag wins.
type Settings struct {
	Inventory string
	StateDir  string
	JSON      bool
	NoColor   bool
	Verbose   bool

	// given are the flags that say where things are, as they were given.
	given []string
}

// Command returns what to type for a command of this program with the same
// inventory and state folder: "dnsplan resume 01K5 -i web.toml".
func (s Settings) Command(words string) string {
	return strings.Join(append([]string{"dnsplan " + words}, s.given...), " ")
}

// folder is where what Command returns is to be typed, quoted; empty where that cannot be
// told.
func (s Settings) folder() string {
	dir := "."
	if len(s.given) == 0 {
		dir = filepath.Dir(s.Inventory)
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	return Quoted(whole)
}

// Quoted makes a word safe to paste into a shell.
func Quoted(word string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:@%+,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !safe(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Flags adds the settings' flags to a flag set.
func Flags(fs *pflag.FlagSet) {
	fs.StringP("inventory", "i", "inventory.toml", "the `file` that says what is wanted (DNSPLAN_INVENTORY)")
	fs.String("state-dir", "", "the `folder` of runs, backups and the change log (default .dnsplan beside the inventory)")
	fs.Bool("json", false, "print JSON")
	fs.Bool("no-color", false, "print no colors (NO_COLOR)")
	fs.BoolP("verbose", "v", false, "say more, and on standard error each request to a provider")
}

// ReadSettings reads the flags and the environment through viper.
func ReadSettings(fs *pflag.FlagSet, env func(string) (string, bool)) (Settings, error) {
	v := viper.New()
	if err := v.BindPFlags(fs); err != nil {
		return Settings{}, err
	}
	fs.VisitAll(func(f *pflag.Flag) {
		if value, ok := env(variable(f.Name)); ok && !f.Changed && isSetting(f.Name) {
			v.Set(f.Name, value)
		}
	})
	s := Settings{
		Inventory: v.GetString("inventory"), StateDir: v.GetString("state-dir"),
		JSON: v.GetBool("json"), NoColor: v.GetBool("no-color"), Verbose: v.GetBool("verbose"),
	}
	if f := fs.Lookup("inventory"); f != nil && f.Changed {
		s.given = append(s.given, "-i", Quoted(s.Inventory))
	}
	if f := fs.Lookup("state-dir"); f != nil && f.Changed {
		s.given = append(s.given, "--state-dir", Quoted(s.StateDir))
	}
	if s.StateDir == "" {
		s.StateDir = filepath.Join(filepath.Dir(s.Inventory), ".dnsplan")
	}
	return s, nil
}

// isSetting tells the common flags from a command's own.
func isSetting(flag string) bool {
	switch flag {
	case "inventory", "state-dir", "json", "no-color", "verbose":
		return true
	}
	return false
}

// variable is the environment variable of a flag or a setting.
func variable(key string) string {
	return inventory.EnvPrefix + strings.ToUpper(strings.NewReplacer("::", "_", "-", "_").Replace(key))
}

// Load reads the inventory, with the environment laid over its settings
// (DNSPLAN_DEFAULTS_TTL and so on); records are never overridden. The error
// holds all mistakes of the file.
func Load(path string, env func(string) (string, bool)) (*inventory.Inventory, error) {
	codec := &inventory.Codec{Path: path}
	registry := viper.NewCodecRegistry()
	if err := registry.RegisterCodec("toml", codec); err != nil {
		return nil, err
	}
	v := viper.NewWithOptions(viper.KeyDelimiter("::"), viper.WithCodecRegistry(registry))
	v.SetConfigFile(path)
	v.SetConfigType("toml")
	if err := v.ReadInConfig(); err != nil {
		return nil, unwrapViper(path, err)
	}
	overrides := map[string]string{}
	for _, key := range inventory.SettingKeys() {
		if value, ok := env(variable(key)); ok {
			v.Set(key, value)
			overrides[key] = v.GetString(key)
		}
	}
	return codec.Inventory(overrides)
}

// ErrNoInventory is an inventory that is not there.
var ErrNoInventory = errors.New("no such file")

// unwrapViper says what happened without viper's own words around it.
func unwrapViper(path string, err error) error {
	if parse, ok := err.(viper.ConfigParseError); ok { //nolint:errorlint // the value that viper returns, not wrapped
		return parse.Unwrap()
	}
	if os.IsNotExist(err) {
		return fmt.Errorf("inventory %s: %w", path, ErrNoInventory)
	}
	return fmt.Errorf("inventory %s: %w", path, err)
}
