package inventory

import (
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// option is a setting that a type of provider knows.
type option struct {
	key      string
	check    func(string) string // what is wrong with a value, or nothing
	required bool
	preset   string // the value where none is given

	secret bool
	// variables hold the secret where the file names no place for it.
	variables []string
	optional  bool // a secret that a provider does without
}

// providerTypes lists the types that exist, for messages.
func providerTypes() []string {
	return append([]string{"cloudflare", "route53", "namesilo", "rfc2136", "powerdns", "zonefile", "sandbox"}, GenericTypes()...)
}

// optionsOf returns what a type of provider knows. The names of environment
// variables are those that lego and the vendors' own tools use.
func optionsOf(typ string) []option {
	switch typ {
	case "cloudflare":
		return []option{
			{key: "api_token", secret: true, variables: []string{"CLOUDFLARE_API_TOKEN", "CF_DNS_API_TOKEN"}},
			{key: "zone_token", secret: true, variables: []string{"CF_ZONE_API_TOKEN"}, optional: true},
			{key: "base_url", check: checkURL},
		}
	case "route53":
		return []option{{key: "hosted_zone_id", check: checkWord}, {key: "endpoint", check: checkURL}}
	case "namesilo":
		return []option{
			{key: "api_key", secret: true, variables: []string{"NAMESILO_API_KEY"}},
			{key: "base_url", check: checkURL},
		}
	case "rfc2136":
		return []option{
			{key: "server", check: checkHostPort, required: true},
			{key: "tsig_name", check: checkName},
			{key: "tsig_algorithm", check: checkAlgorithm},
			{key: "tsig_secret", secret: true, optional: true},
		}
	case "powerdns":
		return []option{
			{key: "server_url", check: checkURL, required: true},
			{key: "server_id", check: checkWord, preset: "localhost"},
			{key: "api_key", secret: true, variables: []string{"PDNS_API_KEY"}},
		}
	case "zonefile":
		return []option{{key: "dir", check: checkPath, required: true}}
	case "sandbox":
		return []option{{key: "dir", check: checkPath}}
	}
	return genericTypes()[typ]
}

// given returns the settings of the table by key; nil where one is absent.
func (t *providerTable) given() map[string]*string {
	all := map[string]*string{
		"api_token": t.APIToken, "zone_token": t.ZoneToken, "base_url": t.BaseURL,
		"hosted_zone_id": t.HostedZoneID, "endpoint": t.Endpoint,
		"server": t.Server, "tsig_name": t.TSIGName, "tsig_algorithm": t.TSIGAlgo, "tsig_secret": t.TSIGSecret,
		"server_url": t.ServerURL, "server_id": t.ServerID, "api_key": t.APIKey, "dir": t.Dir,
	}
	maps.Copy(all, t.generic())
	return all
}

func isSecretKey(key string) bool {
	return slices.Contains([]string{"api_token", "zone_token", "tsig_secret", "api_key"}, key) || isGenericSecret(key)
}

func (r *resolver) resolveProviders() {
	r.providers, r.folders = map[string]string{}, map[string]string{}
	seen := map[string]string{}
	for i := range r.tables.Provider {
		t := &r.tables.Provider[i]
		path := pathOf("provider", i)
		p := Provider{Name: t.Name, Type: t.Type, Settings: map[string]string{}}
		if r.unique(seen, "provider", t.Name, path) {
			r.providers[t.Name] = t.Type
		}
		if r.providerType(t.Type, path) {
			r.providerSettings(t, path, p.Settings)
			r.noteFolder(p)
		}
		r.inv.Providers = append(r.inv.Providers, p)
	}
}

// noteFolder notes where a provider keeps zone files. A sandbox without dir has
// a folder of the state folder, which is one for all.
func (r *resolver) noteFolder(p Provider) {
	dir, given := p.Settings["dir"]
	switch {
	case given:
		if dir = r.inv.InFolder(dir); !filepath.IsAbs(dir) {
			if abs, err := filepath.Abs(dir); err == nil {
				dir = abs
			}
		}
		r.folders[p.Name] = filepath.Clean(dir)
	case p.Type == "sandbox":
		r.folders[p.Name] = ""
	}
}

func (r *resolver) providerType(typ, path string) bool {
	switch {
	case typ == "":
		r.missing(path + ".type")
	case slices.Contains(providerTypes(), typ):
		return true
	default:
		r.add("unknown-type", path+".type", "unknown provider type %q", typ).suggest(strings.TrimPrefix(typ, "generic:"), providerTypes())
	}
	return false
}

func (r *resolver) providerSettings(t *providerTable, path string, out map[string]string) {
	given := t.given()
	known := optionsOf(t.Type)
	for _, o := range known {
		if v := given[o.key]; v != nil {
			r.option(o, *v, path+"."+o.key, out)
		} else if o.required {
			r.missing(path + "." + o.key)
		} else if o.preset != "" {
			out[o.key] = o.preset
		}
		delete(given, o.key)
	}
	for key, v := range given {
		if v == nil {
			continue
		}
		p := r.add("unknown-key", path+"."+key, "a provider of type %s has no %s", t.Type, key).key()
		p.suggest(key, keysOf(known))
		if isSecretKey(key) {
			r.secret(key, *v, path+"."+key)
		}
	}
	if t.Type == "rfc2136" && (t.TSIGName == nil) != (t.TSIGSecret == nil) && !r.undecoded(path+".tsig_name", path+".tsig_secret") {
		r.add("missing-key", path, "tsig_name and tsig_secret belong together")
	}
}

func keysOf(options []option) []string {
	var keys []string
	for _, o := range options {
		keys = append(keys, o.key)
	}
	return keys
}

func (r *resolver) option(o option, value, path string, out map[string]string) {
	if o.secret {
		r.secret(o.key, value, path)
	} else if wrong := o.check(value); wrong != "" {
		r.add("bad-value", path, "%s %s", o.key, wrong)
	}
	out[o.key] = value
}

// secret checks a reference. It never shows the value, which may be a secret.
func (r *resolver) secret(key, value, path string) {
	if _, err := ParseSecretRef(value); err != nil {
		p := r.add("literal-secret", path, "%s is not a reference to a secret", key)
		p.fix("write env:NAME, file:PATH or cred:NAME; the secret itself must not stand here")
	}
}

// checkURL does not show the value: a user part of it would be a secret.
func checkURL(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return "must be an http or https URL"
	case u.User != nil:
		return "must not hold a user or a password"
	}
	return ""
}

func checkPath(s string) string {
	if s == "" || strings.ContainsRune(s, 0) {
		return "must be a path"
	}
	return ""
}

func checkWord(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\r\n?#") {
		return "must be one word"
	}
	return ""
}

func checkName(s string) string {
	if _, err := zone.ParseName(s); err != nil {
		return "must be a domain name"
	}
	return ""
}

// checkAlgorithm takes what the adapter takes: RFC 8945, section 6 leaves those
// on SHA-1 and shorter to old servers.
func checkAlgorithm(s string) string {
	known := []string{"hmac-sha256", "hmac-sha384", "hmac-sha512"}
	if !slices.Contains(known, strings.ToLower(strings.TrimSuffix(s, "."))) {
		return "must be " + orList(known)
	}
	return ""
}

// checkHostPort takes an IP address or a host name, with or without a port.
func checkHostPort(s string) string {
	const wrong = "must be a host or host:port"
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "53"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return wrong
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return ""
	}
	n, err := zone.ParseName(host)
	if err != nil || badChar(string(n)) != "" {
		return wrong
	}
	return ""
}
