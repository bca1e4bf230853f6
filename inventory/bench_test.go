package inventory_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory"
)

// manyRecords writes an inventory of n names, half of them with a TTL, in an
// order that is not the canonical one.
func manyRecords(n int) string {
	var b strings.Builder
	b.WriteString("version = 1\n[[provider]]\nname = \"p\"\ntype = \"sandbox\"\n[[zone]]\nname = \"example.org\"\nprovider = \"p\"\n")
	for i := range n {
		fmt.Fprintf(&b, "\n[[zone.record]]\nname = \"host-%06d\"\na = [\"192.0.2.%d\"]\n", (i*7919)%n, i%254+1)
		if i%2 == 0 {
			b.WriteString("ttl = \"5m\"\n")
		}
	}
	return b.String()
}

func BenchmarkLoad100k(b *testing.B) {
	path := filepath.Join(b.TempDir(), "inventory.toml")
	if err := os.WriteFile(path, []byte(manyRecords(100_000)), 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		inv, err := inventory.Load(path)
		if err != nil {
			b.Fatal(err)
		}
		if n := len(inv.Zones[0].Records); n != 100_000 {
			b.Fatal(n)
		}
	}
}

// BenchmarkLoad100kWithAMistake shows what finding the place of one costs.
func BenchmarkLoad100kWithAMistake(b *testing.B) {
	text := []byte(manyRecords(100_000) + "\nproxyed = true\n")
	b.ReportAllocs()
	for b.Loop() {
		file, _ := inventory.Decode("inventory.toml", text)
		if _, found := file.Resolve(); len(found) != 1 {
			b.Fatal(found)
		}
	}
}
