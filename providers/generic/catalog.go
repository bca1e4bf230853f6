package generic

const day = 86400

// Catalogue returns the types of providers that go through this package, each
// with what its libdns provider (the version in go.mod) and its vendor do.
func Catalogue() map[string]Entry {
	return map[string]Entry{
		"bunny":        bunnyEntry(),
		"cloudns":      cloudnsEntry(),
		"desec":        desecEntry(),
		"digitalocean": digitaloceanEntry(),
		"gandi":        gandiEntry(),
		"glesys":       glesysEntry(),
		"hetzner":      hetznerEntry(),
		"ovh":          ovhEntry(),
		"transip":      transipEntry(),
	}
}
