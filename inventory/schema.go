package inventory

import (
	"encoding/json"
	"fmt"

	"github.com/invopop/jsonschema"
)

// Schema returns the JSON Schema (draft 2020-12) of an inventory, for editors:
// write it beside the inventory and name it in the first line, as in
//
//	#:schema ./dnsplan.schema.json
//
// It knows the shape of the format. Rules that span several values, such as a
// name outside its zone, are found by Load alone.
func Schema() ([]byte, error) {
	reflector := &jsonschema.Reflector{
		Anonymous:                  true,
		DoNotReference:             true,
		RequiredFromJSONSchemaTags: true,
		FieldNameTag:               "toml",
	}
	s := reflector.Reflect(&tables{})
	s.Title = "dnsplan inventory"
	s.Description = "The zones, hosts and address records that dnsplan brings about."
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return append(b, '\n'), nil
}
