package http01

import (
	"net/http"
	"slices"
	"strings"
)

// telling are the headers that tell servers, caches and CDNs apart. Cookies are
// not among them.
func telling(all http.Header) http.Header {
	out := http.Header{}
	for name, values := range all {
		if !tells(name) {
			continue
		}
		for _, v := range values {
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
