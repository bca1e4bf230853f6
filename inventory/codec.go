package inventory

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Codec lets viper read an inventory without losing what viper cannot hold: the
// case of keys, lines and columns, and unknown keys. Register it for "toml":
//
//	codec := &inventory.Codec{Path: path}
//	registry := viper.NewCodecRegistry()
//	err := registry.RegisterCodec("toml", codec)
//	v := viper.NewWithOptions(viper.KeyDelimiter("::"), viper.WithCodecRegistry(registry))
//
// Viper then knows the settings (SettingKeys) and nothing else of the file; the
// rest comes out of Inventory. A Codec is for one file and one goroutine.
type Codec struct {
	// Path names the file in messages and is where relative paths start.
	Path string

	file *File
}

// Decode reads the file strictly and gives viper its settings. It fails only
// with broken syntax, so that Inventory can tell all mistakes at once. The
// error is an Errors.
func (c *Codec) Decode(b []byte, v map[string]any) error {
	f, found := Decode(c.Path, b)
	if f == nil {
		return found.Err()
	}
	c.file = f
	for _, s := range settings() {
		if value, ok := s.get(&f.tables); ok {
			put(v, s.key, value)
		}
	}
	return nil
}

func put(v map[string]any, setting, value string) {
	table, key, _ := strings.Cut(setting, "::")
	inner, ok := v[table].(map[string]any)
	if !ok {
		inner = map[string]any{}
		v[table] = inner
	}
	inner[key] = value
}

// Encode writes settings as TOML. Inventories are written by Write.
func (c *Codec) Encode(v map[string]any) ([]byte, error) {
	b, err := toml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	return b, nil
}

// Inventory resolves the file that Decode read, with overrides laid over its
// settings (File.Override). The error is an Errors, with all findings.
func (c *Codec) Inventory(overrides map[string]string) (*Inventory, error) {
	if c.file == nil {
		return nil, errors.New("resolve inventory: no file was decoded")
	}
	c.file.Override(overrides)
	inv, found := c.file.Resolve()
	if err := found.Err(); err != nil {
		return nil, err
	}
	return inv, nil
}
