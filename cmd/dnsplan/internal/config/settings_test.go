package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
)

// Commands are typed where the flags that they repeat are right, and without any where
// the inventory is found by itself.
func TestFolderOfCommands(t *testing.T) {
	here := filepath.Join(t.TempDir(), "of my own")
	if err := os.Mkdir(here, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		env  string
		want string
	}{
		"nothing is said":     {nil, "", Quoted(here)},
		"a flag":              {[]string{"-i", "web/site.toml"}, "", Quoted(here)},
		"a flag over both":    {[]string{"-i", "site.toml"}, "/etc/dns/inventory.toml", Quoted(here)},
		"the state folder":    {[]string{"--state-dir", "past"}, "", Quoted(here)},
		"the environment":     {nil, "/etc/dns/inventory.toml", "/etc/dns"},
		"a folder from there": {nil, "web/inventory.toml", Quoted(filepath.Join(here, "web"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(here)
			fs := pflag.NewFlagSet("", pflag.ContinueOnError)
			Flags(fs)
			if err := fs.Parse(tt.args); err != nil {
				t.Fatal(err)
			}
			s, err := ReadSettings(fs, func(key string) (string, bool) { return tt.env, key == "DNSPLAN_INVENTORY" && tt.env != "" })
			if got := s.folder(); err != nil || got != tt.want {
				t.Errorf("%s, %v; want %s", got, err, tt.want)
			}
		})
	}
}
