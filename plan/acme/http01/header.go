package http01

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxFields bounds how many values of headers are kept.
const maxFields = 24

// telling are the headers that tell servers, caches and CDNs apart. Cookies are
// not among them.
func telling(all http.Header) http.Header {
	out, kept := http.Header{}, 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(name) > maxWord || !tells(name) {
			continue
		}
		for _, v := range all[name] {
			if kept++; kept > maxFields {
				return out
			}
			out.Add(name, clip(v))
		}
	}
	return out
}

// tells takes a name in its canonical form.
func tells(name string) bool {
	switch name {
	case "Server", "Content-Type", "Content-Length", "Via", "Age", "Retry-After", "Www-Authenticate",
		"X-Powered-By", "X-Served-By", "X-Varnish", "X-Timer", "X-Azure-Ref", "X-Iinfo", "X-Sucuri-Id", "X-Vercel-Id":
		return true
	}
	prefixes := []string{"Cf-", "X-Amz-Cf-", "X-Akamai-", "X-Cache", "X-Cdn", "X-Fastly-"}
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}
