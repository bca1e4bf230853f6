package http01

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxRedirects may be followed; the next one is one too many.
	maxRedirects = 11
	// maxPath bounds the path of a redirect's target, in octets.
	maxPath = 2000
)

// redirects tells which statuses are redirects that clients follow where they
// carry a Location. Any other answer, and a redirect without one, is final.
func redirects(code int) bool {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// judge decides on a redirect with code from one URL to location, behind the
// URLs that were fetched. What it returns has a lower case host. The error's
// Kind and Cause alone are set.
func (o *Options) judge(from *url.URL, code int, location string, fetched []string) (*url.URL, *Error) {
	to, err := from.Parse(location)
	if err != nil {
		return nil, &Error{Kind: RedirectURL, Cause: fmt.Errorf("redirect to %q: no URL", clip(location))}
	}
	to.Host = strings.ToLower(to.Host)
	refuse := func(k Kind, cause error) (*url.URL, *Error) {
		return nil, &Error{Kind: k, Cause: fmt.Errorf("redirect to %q: %w", clip(to.String()), cause)}
	}
	if len(fetched) > maxRedirects {
		return refuse(TooManyRedirects, fmt.Errorf("it is redirect number %d, and %d are followed", len(fetched), maxRedirects))
	}
	if code == http.StatusSeeOther {
		return refuse(RedirectStatus, fmt.Errorf("status %d is not followed: only 301, 302, 307 and 308 are", code))
	}
	if k, err := o.refuses(to); err != nil {
		return refuse(k, err)
	}
	if slices.Contains(fetched, to.String()) {
		return refuse(RedirectLoop, errors.New("it was fetched before"))
	}
	return to, nil
}

// refuses says what is wrong with a redirect's target.
func (o *Options) refuses(to *url.URL) (Kind, error) {
	if to.Scheme != "http" && to.Scheme != "https" {
		return RedirectScheme, fmt.Errorf("the scheme is %q: only http and https are followed", clip(to.Scheme))
	}
	if _, ok := o.port(to); !ok {
		return RedirectPort, fmt.Errorf("port %s is not followed: only %s are", clip(to.Port()), o.ports())
	}
	if k, err := o.refusesHost(to.Hostname()); err != nil {
		return k, err
	}
	if len(to.Path) > maxPath {
		return RedirectURL, fmt.Errorf("its path has %d octets: at most %d are followed", len(to.Path), maxPath)
	}
	return "", nil
}

func (o *Options) refusesHost(host string) (Kind, error) {
	switch {
	case host == "":
		return RedirectHost, errNoHost
	case strings.HasSuffix(host, ".well-known"):
		return MissingSlash, fmt.Errorf("the slash behind the host %q is missing", clip(strings.TrimSuffix(host, ".well-known")))
	}
	if a, err := netip.ParseAddr(host); err == nil {
		switch {
		case a.Zone() != "":
			return RedirectHost, errZoned
		case o.Reserved(a.Unmap()):
			return RedirectReserved, fmt.Errorf("%s is a reserved address", a)
		}
		return "", nil
	}
	if !o.PublicName(host) {
		return RedirectTLD, fmt.Errorf("the name %q is below no public top-level domain", clip(host))
	}
	if _, err := parseHost(host); err != nil && !errors.Is(err, errOneLabel) {
		return RedirectHost, err
	}
	return "", nil
}

// port is where u is connected to; false where a URL may not lead there.
func (o *Options) port(u *url.URL) (uint16, bool) {
	if u.Port() == "" {
		return o.scheme(u.Scheme == "https"), true
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	switch port := uint16(n); {
	case err != nil:
		return 0, false
	case n == 80, n == 443:
		return o.scheme(n == 443), true
	case port == o.Ports.HTTP, port == o.Ports.HTTPS:
		return port, true
	}
	return 0, false
}

// scheme is the port of HTTP or of HTTPS.
func (o *Options) scheme(secure bool) uint16 {
	if secure {
		return o.Ports.HTTPS
	}
	return o.Ports.HTTP
}

// ports are the ports that a URL may name.
func (o *Options) ports() string {
	ports := []uint16{80, 443, o.Ports.HTTP, o.Ports.HTTPS}
	slices.Sort(ports)
	var words []string
	for _, p := range slices.Compact(ports) {
		words = append(words, strconv.Itoa(int(p)))
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// shown is a URL fit to be printed: in ASCII, without a password, and with an end.
// A server may redirect to one whose query holds any octets.
func shown(u *url.URL) string {
	var b strings.Builder
	for _, o := range []byte(u.Redacted()) {
		if o > ' ' && o <= '~' {
			b.WriteByte(o)
		} else {
			fmt.Fprintf(&b, "%%%02X", o)
		}
	}
	if b.Len() > maxPath {
		return b.String()[:maxPath] + "..."
	}
	return b.String()
}

// maxWord bounds what of a server's words stands in an error, in octets.
const maxWord = 200

// clip bounds what a server, which may be anybody's, gets to say. Print it
// with %q.
func clip(s string) string {
	if len(s) <= maxWord {
		return s
	}
	return s[:maxWord] + "..."
}
