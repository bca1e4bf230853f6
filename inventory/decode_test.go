package inventory_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/viper"

	"github.com/dnsplan/dnsplan/inventory"
)

// FuzzDecode makes sure that no text stops the program, that every finding has
// a place, and that what is accepted can be written and read again.
func FuzzDecode(f *testing.F) {
	paths, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range append(paths, examplePath) {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		_, text, ok := strings.Cut(string(b), "-- inventory.toml --\n")
		if !ok {
			text = string(b)
		}
		text, _, _ = strings.Cut(text, "-- want --\n")
		f.Add(text)
	}
	for _, s := range []string{"", "a", "a.b.c = 1", "[[a]]", "[", "\"\" = 1", "zone = [[]]", "[zone.\"a.b\"]", "\ufeffversion = 1", "version = 1\r\n", "zone.record = 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inv, found := load("f", text)
		for _, d := range found {
			if d.Line < 0 || d.Line > strings.Count(text, "\n")+1 || d.Summary == "" || d.Code == "" {
				t.Errorf("odd finding: %+v", d)
			}
		}
		if (inv == nil) != found.Failed() {
			t.Fatalf("inventory %v, findings %v", inv != nil, found)
		}
		if inv == nil {
			return
		}
		out := written(t, inv)
		if again, found := load("f", out); again == nil {
			t.Errorf("%v in:\n%s", found.Err(), out)
		}
	})
}

func TestDiagnosticJSON(t *testing.T) {
	_, found := load("i.toml", "version = 1\n[defaults]\ntll = 1\n")
	b, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"severity":"error","code":"unknown-key","summary":"unknown key \"tll\"","fix":"did you mean \"ttl\"?","file":"i.toml","line":3,"col":1,"subject":"defaults.tll"}]`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
}

func TestManyMistakesAreAllTold(t *testing.T) {
	text := strings.ReplaceAll(manyRecords(2000), "192.0.2.", "192.0.222222.")
	_, found := load("i.toml", text)
	if len(found) != 2000 {
		t.Errorf("%d findings", len(found))
	}
}

func viperWith(t *testing.T, text string) (*viper.Viper, *inventory.Codec) {
	t.Helper()
	codec := &inventory.Codec{Path: "inventory.toml"}
	registry := viper.NewCodecRegistry()
	if err := registry.RegisterCodec("toml", codec); err != nil {
		t.Fatal(err)
	}
	v := viper.NewWithOptions(viper.KeyDelimiter("::"), viper.WithCodecRegistry(registry))
	v.SetConfigType("toml")
	v.SetEnvPrefix("DNSPLAN")
	v.SetEnvKeyReplacer(strings.NewReplacer("::", "_"))
	v.AutomaticEnv()
	if err := v.ReadConfig(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return v, codec
}

func TestCodecUnderViper(t *testing.T) {
	t.Setenv("DNSPLAN_DEFAULTS_TTL", "7m")
	v, codec := viperWith(t, preamble+"[[zone.record]]\nname = \"WWW\"\na = [\"192.0.2.1\"]\n[defaults]\nttl = \"1m\"\nchange_ttl = 30\n[check]\nhttp_port = 8080\n")
	if got := v.GetString("defaults::change_ttl"); got != "30" {
		t.Errorf("change_ttl through viper: %q", got)
	}
	overrides := map[string]string{}
	for _, key := range inventory.SettingKeys() {
		if v.IsSet(key) {
			overrides[key] = v.GetString(key)
		}
	}
	inv, err := codec.Inventory(overrides)
	if err != nil {
		t.Fatal(err)
	}
	if r := inv.Zones[0].Records[0]; r.TTL != 420 || r.Name != "www.example.org." {
		t.Errorf("record: %v %d", r.Key, r.TTL)
	}
	if inv.Defaults.ChangeTTL != 30 || inv.Check.HTTPPort != 8080 {
		t.Errorf("%+v %+v", inv.Defaults, inv.Check)
	}
	if v.IsSet("zone") {
		t.Error("records passed through viper")
	}
}

// TestViperMistakesKeepTheirPlace gives viper's merged view back: what came from
// the file is still told with its line.
func TestViperMistakesKeepTheirPlace(t *testing.T) {
	v, codec := viperWith(t, "version = 1\n[defaults]\nttl = \"soon\"\n")
	_, err := codec.Inventory(map[string]string{"defaults::ttl": v.GetString("defaults::ttl")})
	if err == nil || !strings.HasPrefix(err.Error(), "inventory.toml:3:7: ttl:") {
		t.Errorf("error: %v", err)
	}
}

func TestOverrideMistakesNameTheVariable(t *testing.T) {
	file, found := inventory.Decode("i.toml", []byte("version = 1\nx = 1\n[defaults]\nttl = [1]\n"))
	if len(found) != 2 {
		t.Fatal(found)
	}
	file.Override(map[string]string{
		"defaults::ttl": "0", "check::http_port": "many", "check::allow_reserved": "true",
		"verify::require": "most", "zone::name": "example.org",
	})
	_, found = file.Resolve()
	var got []string
	for _, d := range found {
		got = append(got, d.String())
	}
	slices.Sort(got)
	want := []string{
		`DNSPLAN_CHECK_HTTP_PORT: "many" must be a whole number`,
		`DNSPLAN_DEFAULTS_TTL: ttl: "0": a TTL is from 1 second to 2147483647 seconds (RFC 2181, section 8)`,
		`DNSPLAN_VERIFY_REQUIRE: require is "most", but must be "all", "majority" or a positive number`,
		`DNSPLAN_ZONE_NAME: not a setting`,
		`i.toml:2:1: unknown key "x" (known: backup, check, defaults, failover, host, notify, provider, vantage, verify, version, window, zone)`,
		`i.toml:4:7: ttl is a list, but must be a duration such as "1h30m", or whole seconds`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s", strings.Join(got, "\n"))
	}
}

func TestUnknownSettings(t *testing.T) {
	got := inventory.UnknownSettings([]string{
		"DNSPLAN_VERIFY_TIMEOUTS=canary", "DNSPLAN_DEFAULTS_TLL=1m", "DNSPLAN_DEFAULTS_=1", "DNSPLAN_CHECK_NOTHING_LIKE_IT", "HOME=/",
		"DNSPLAN_DEFAULTS_TTL=1m", "DNSPLAN_CHECK_HTTP_PORT=80", "DNSPLAN_INVENTORY=i.toml", "DNSPLAN_DEFAULTS=x", "=", "",
		"dnsplan_defaults_tll=1m", "X_DNSPLAN_DEFAULTS_TLL=1m",
	})
	want := []string{
		`warning: DNSPLAN_CHECK_NOTHING_LIKE_IT: not a setting, it has no effect (known: ` + known(t, "DNSPLAN_CHECK_") + `)`,
		`warning: DNSPLAN_DEFAULTS_: not a setting, it has no effect (did you mean "DNSPLAN_DEFAULTS_TTL"?)`,
		`warning: DNSPLAN_DEFAULTS_TLL: not a setting, it has no effect (did you mean "DNSPLAN_DEFAULTS_TTL"?)`,
		`warning: DNSPLAN_VERIFY_TIMEOUTS: not a setting, it has no effect (did you mean "DNSPLAN_VERIFY_TIMEOUT"?)`,
	}
	if text := inventory.Errors(got).Error(); text != strings.Join(want, "\n") {
		t.Errorf("got:\n%s", text)
	}
	if got := inventory.UnknownSettings(nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// known lists the variables of one table.
func known(t *testing.T, table string) string {
	t.Helper()
	var names []string
	for _, key := range inventory.SettingKeys() {
		if name := inventory.SettingVariable(key); strings.HasPrefix(name, table) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func TestCodecFailsWithoutAFile(t *testing.T) {
	codec := &inventory.Codec{Path: "i.toml"}
	if _, err := codec.Inventory(nil); err == nil {
		t.Error("no error")
	}
	err := codec.Decode([]byte("x ="), map[string]any{})
	if err == nil || !strings.HasPrefix(err.Error(), "i.toml:1:") {
		t.Errorf("error: %v", err)
	}
	if b, err := codec.Encode(map[string]any{"defaults": map[string]any{"ttl": "1h"}}); err != nil || !strings.Contains(string(b), "ttl = '1h'") {
		t.Errorf("%s %v", b, err)
	}
}

// TestSchema pins what editors rely on.
func TestSchema(t *testing.T) {
	first, err := inventory.Schema()
	if err != nil {
		t.Fatal(err)
	}
	second, err := inventory.Schema()
	if err != nil || string(first) != string(second) {
		t.Error("the schema is not stable", err)
	}
	var s map[string]any
	if err := json.Unmarshal(first, &s); err != nil {
		t.Fatal(err)
	}
	if s["$schema"] != "https://json-schema.org/draft/2020-12/schema" || s["additionalProperties"] != false {
		t.Errorf("head: %v %v", s["$schema"], s["additionalProperties"])
	}
	everyTable(t, "", s)
	text := string(first)
	if strings.Contains(text, "hmac-sha1") || strings.Contains(text, "hmac-sha224") {
		t.Error("the schema has an algorithm that rfc2136 does not take")
	}
	for _, word := range []string{`"window-open-too-long"`, `"rfc2136"`, `"dns-01"`, `all|majority`} {
		if !strings.Contains(text, word) {
			t.Errorf("the schema lacks %s", word)
		}
	}
}

func everyTable(t *testing.T, path string, s map[string]any) {
	t.Helper()
	if items, ok := s["items"].(map[string]any); ok {
		s = items
	}
	properties, ok := s["properties"].(map[string]any)
	if !ok {
		return
	}
	if s["additionalProperties"] != false {
		t.Errorf("%s takes any key", path)
	}
	for k, v := range properties {
		p := v.(map[string]any)
		if p["description"] == nil {
			t.Errorf("%s%s has no description", path, k)
		}
		everyTable(t, path+k+".", p)
	}
}
