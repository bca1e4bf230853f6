package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory"
)

// TestWindowReady: an authority of which nothing is known may hold the proxy's answer
// for as long as anybody.
func TestWindowReady(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"":                   time.Minute, // Let's Encrypt
		`ready = "90s"`:      90 * time.Second,
		`ca = "letsencrypt"`: time.Minute,
		`ca = "https://ca.example.net/directory"`:                   5 * time.Minute,
		"ca = \"https://ca.example.net/directory\"\nready = \"2s\"": 2 * time.Second,
	} {
		path := filepath.Join(t.TempDir(), "inventory.toml")
		if err := os.WriteFile(path, []byte("version = 1\n[check]\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		inv, err := inventory.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&Session{Inventory: inv}).WindowReady(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
