package inventory_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/dnsplan/dnsplan/inventory"
)

const examplePath = "../inventory.example.toml"

func readExample(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// switchedOff is a setting behind "#" with no blank, as the example explains.
var switchedOff = regexp.MustCompile(`(?m)^( *)#([a-z\[])`)

func everythingOn(example string) string {
	return switchedOff.ReplaceAllString(example, "$1$2")
}

func TestExampleLoads(t *testing.T) {
	inv, err := inventory.Load(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Warnings) > 0 {
		t.Errorf("warnings: %v", inv.Warnings)
	}
	var got []string
	for _, r := range inv.Zones[0].Records {
		got = append(got, r.RRset().String())
	}
	want := []string{
		"example.org. 8 A 192.0.2.1",
		"api.example.org. 8 A 192.0.2.2",
		"www.example.org. 8 A 203.0.113.10",
		"www.example.org. 8 AAAA 2001:db8::10",
	}
	if !slices.Equal(got, want) {
		t.Errorf("records:\n%s", strings.Join(got, "\n"))
	}
	if !strings.HasPrefix(readExample(t), "#:schema ") {
		t.Error("the first line does not name the schema")
	}
}

func TestExampleWithEverythingOnIsValid(t *testing.T) {
	file, found := inventory.Decode("example.toml", []byte(everythingOn(readExample(t))))
	if file == nil {
		t.Fatal(found.Err())
	}
	if _, found = file.Resolve(); found.Failed() {
		t.Fatal(found.Err())
	}
}

// TestExampleNamesEveryKey compares the example with the schema, both ways.
func TestExampleNamesEveryKey(t *testing.T) {
	text, err := inventory.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var inSchema []string
	schemaKeys(schema, "", &inSchema)

	var doc map[string]any
	if err := toml.Unmarshal([]byte(everythingOn(readExample(t))), &doc); err != nil {
		t.Fatal(err)
	}
	inExample := map[string]bool{}
	documentKeys(doc, "", inExample)

	for _, k := range inSchema {
		if !inExample[k] {
			t.Errorf("the example does not show %s", k)
		}
	}
	for _, k := range inSchema {
		delete(inExample, k)
	}
	for k := range inExample {
		t.Errorf("the schema does not know %s", k)
	}
}

// sharedKey brings the keys of a challenge together: the default one and that of
// a host are alike, and each holds one key alone.
func sharedKey(path string) string {
	if _, key, ok := strings.Cut(path, ".challenge."); ok {
		return "challenge." + key
	}
	return path
}

func schemaKeys(s map[string]any, prefix string, out *[]string) {
	if items, ok := s["items"].(map[string]any); ok {
		s = items
	}
	properties, _ := s["properties"].(map[string]any)
	for k, v := range properties {
		*out = append(*out, sharedKey(prefix+k))
		schemaKeys(v.(map[string]any), prefix+k+".", out)
	}
}

func documentKeys(v any, prefix string, out map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			out[sharedKey(prefix+k)] = true
			documentKeys(e, prefix+k+".", out)
		}
	case []any:
		for _, e := range v {
			documentKeys(e, prefix, out)
		}
	}
}

func TestExampleHoldsNoSecretAndNoForeignAddress(t *testing.T) {
	for _, a := range regexp.MustCompile(`\d+\.\d+\.\d+\.\d+`).FindAllString(readExample(t), -1) {
		if !regexp.MustCompile(`^(192\.0\.2|198\.51\.100|203\.0\.113)\.|^127\.0\.0\.1$`).MatchString(a) {
			t.Errorf("%s is not an address for documentation (RFC 5737)", a)
		}
	}
}
