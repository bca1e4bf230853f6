package inventory_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory"
)

// TestGenericCredentials shows where each type looks when the inventory names no
// place.
func TestGenericCredentials(t *testing.T) {
	want := `bunny api_key: env:BUNNY_API_KEY
cloudns auth_id (optional): env:CLOUDNS_AUTH_ID
cloudns sub_auth_id (optional): env:CLOUDNS_SUB_AUTH_ID
cloudns auth_password: env:CLOUDNS_AUTH_PASSWORD
desec api_token: env:DESEC_TOKEN
digitalocean api_token: env:DO_AUTH_TOKEN env:DIGITALOCEAN_ACCESS_TOKEN
gandi api_token: env:GANDIV5_PERSONAL_ACCESS_TOKEN
glesys api_user: env:GLESYS_API_USER
glesys api_key: env:GLESYS_API_KEY
hetzner api_token: env:HCLOUD_TOKEN env:HETZNER_API_TOKEN
ovh application_key: env:OVH_APPLICATION_KEY
ovh application_secret: env:OVH_APPLICATION_SECRET
ovh consumer_key: env:OVH_CONSUMER_KEY
transip account_name: env:TRANSIP_ACCOUNT_NAME
`
	var got strings.Builder
	for _, kind := range inventory.GenericTypes() {
		given := ""
		if kind == "transip" {
			given = `private_key_file = "transip.pem"`
		}
		inv := mustLoad(t, fmt.Sprintf("version = 1\n[[provider]]\nname = \"p\"\ntype = %q\n%s\n", kind, given))
		for _, c := range inv.Providers[0].Credentials() {
			optional := ""
			if c.Optional {
				optional = " (optional)"
			}
			fmt.Fprintf(&got, "%s %s%s:", kind, c.Key, optional)
			for _, ref := range c.Refs {
				fmt.Fprintf(&got, " %s", ref)
			}
			got.WriteByte('\n')
		}
		if want := map[string]string{"ovh": "ovh-eu"}[kind]; inv.Providers[0].Settings["endpoint"] != want {
			t.Errorf("%s: endpoint %q, want %q", kind, inv.Providers[0].Settings["endpoint"], want)
		}
	}
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Errorf("credentials (-want +got):\n%s", d)
	}
}

// TestSchemaNamesEveryType compares the schema with what Load takes.
func TestSchemaNamesEveryType(t *testing.T) {
	text, err := inventory.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Provider struct {
				Items struct {
					Properties struct{ Type struct{ Enum []string } }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	enum := schema.Properties.Provider.Items.Properties.Type.Enum
	for _, kind := range append([]string{"cloudflare", "zonefile"}, inventory.GenericTypes()...) {
		if !slices.Contains(enum, kind) {
			t.Errorf("the schema lacks %q: %v", kind, enum)
		}
	}
}
