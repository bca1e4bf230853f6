package inventory

import (
	"maps"
	"slices"

	"github.com/invopop/jsonschema"
)

// genericTypes are the types of providers that go through providers/generic,
// whose package comment says how to add one. The environment variables are those
// of lego and of the vendors' own tools.
func genericTypes() map[string][]option {
	return map[string][]option{
		"bunny": {{key: "api_key", secret: true, variables: []string{"BUNNY_API_KEY"}}},
		"cloudns": {
			{key: "auth_id", secret: true, optional: true, variables: []string{"CLOUDNS_AUTH_ID"}},
			{key: "sub_auth_id", secret: true, optional: true, variables: []string{"CLOUDNS_SUB_AUTH_ID"}},
			{key: "auth_password", secret: true, variables: []string{"CLOUDNS_AUTH_PASSWORD"}},
			{key: "base_url", check: checkURL},
		},
		"desec":        {{key: "api_token", secret: true, variables: []string{"DESEC_TOKEN"}}},
		"digitalocean": {{key: "api_token", secret: true, variables: []string{"DO_AUTH_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"}}},
		"gandi":        {{key: "api_token", secret: true, variables: []string{"GANDIV5_PERSONAL_ACCESS_TOKEN"}}},
		"glesys": {
			{key: "api_user", secret: true, variables: []string{"GLESYS_API_USER"}},
			{key: "api_key", secret: true, variables: []string{"GLESYS_API_KEY"}},
		},
		"hetzner": {{key: "api_token", secret: true, variables: []string{"HCLOUD_TOKEN", "HETZNER_API_TOKEN"}}},
		"ovh": {
			{key: "endpoint", check: checkOVHEndpoint, preset: "ovh-eu"},
			{key: "application_key", secret: true, variables: []string{"OVH_APPLICATION_KEY"}},
			{key: "application_secret", secret: true, variables: []string{"OVH_APPLICATION_SECRET"}},
			{key: "consumer_key", secret: true, variables: []string{"OVH_CONSUMER_KEY"}},
		},
		"transip": {
			{key: "account_name", secret: true, variables: []string{"TRANSIP_ACCOUNT_NAME"}},
			{key: "private_key_file", check: checkPath, required: true},
		},
	}
}

// GenericTypes lists the types of providers that go through providers/generic,
// in order.
func GenericTypes() []string { return slices.Sorted(maps.Keys(genericTypes())) }

// generic returns the settings of the table that only such types have.
func (t *providerTable) generic() map[string]*string {
	return map[string]*string{
		"api_user": t.APIUser, "auth_id": t.AuthID, "sub_auth_id": t.SubAuthID, "auth_password": t.AuthPassword,
		"application_key": t.ApplicationKey, "application_secret": t.ApplicationSecret, "consumer_key": t.ConsumerKey,
		"account_name": t.AccountName, "private_key_file": t.PrivateKeyFile,
	}
}

// isGenericSecret tells whether a key is a secret of one of the types.
func isGenericSecret(key string) bool {
	for _, options := range genericTypes() {
		if slices.ContainsFunc(options, func(o option) bool { return o.key == key && o.secret }) {
			return true
		}
	}
	return false
}

// JSONSchemaExtend names the types that there are, which are more than a tag
// should hold.
func (providerTable) JSONSchemaExtend(s *jsonschema.Schema) {
	if kind, ok := s.Properties.Get("type"); ok {
		kind.Enum = nil
		for _, t := range providerTypes() {
			kind.Enum = append(kind.Enum, t)
		}
	}
}

// checkOVHEndpoint takes a region, as OVH's own tools name it, or an address.
func checkOVHEndpoint(s string) string {
	known := []string{"ovh-eu", "ovh-ca", "ovh-us", "kimsufi-eu", "kimsufi-ca", "soyoustart-eu", "soyoustart-ca"}
	if !slices.Contains(known, s) && checkURL(s) != "" {
		return "must be " + orList(known) + ", or an http or https URL"
	}
	return ""
}
