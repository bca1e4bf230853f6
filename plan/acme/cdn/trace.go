package cdn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// TracePath is where Cloudflare's own servers tell of a request, of each name behind
// its proxy and whatever the customer has set
// (https://developers.cloudflare.com/fundamentals/reference/cdn-cgi-endpoint/).
const TracePath = "/cdn-cgi/trace"

// Trace is what Cloudflare tells of a request.
type Trace struct {
	// From is the address that it came from.
	From netip.Addr
	// Colo is the data centre that took it, as "FRA"; empty where it is not told.
	Colo string
}

// ParseTrace reads the answer to a GET of TracePath for a host: lines of a key and a
// value, among which are fl, h, ip, ts and visit_scheme, each once. What is not just
// so is an error: any server may answer something to any path.
func ParseTrace(body []byte, host string) (Trace, error) {
	fields := map[string]string{}
	for line := range strings.Lines(string(body)) {
		key, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if _, twice := fields[key]; !ok || twice || !isKey(key) {
			return Trace{}, fmt.Errorf("%.60q is no line of a trace", line)
		}
		fields[key] = value
	}
	from, err := netip.ParseAddr(fields["ip"])
	if err != nil {
		return Trace{}, errors.New("it tells no address that the request came from")
	}
	asked := fields["h"]
	if h, _, err := net.SplitHostPort(asked); err == nil {
		asked = h
	}
	_, noTime := strconv.ParseFloat(fields["ts"], 64)
	switch {
	case !strings.EqualFold(asked, host):
		return Trace{}, fmt.Errorf("it is of another host: %.60q", asked)
	case fields["fl"] == "", noTime != nil, fields["visit_scheme"] != "http" && fields["visit_scheme"] != "https":
		return Trace{}, errors.New("it lacks a field")
	}
	return Trace{from, colo(fields["colo"])}, nil
}

func isKey(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// colo takes the code of an airport (IATA) alone.
func colo(s string) string {
	if len(s) != 3 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	return s
}

func byTrace(t *Trace) []Sign {
	switch {
	case t == nil:
		return nil
	case t.Colo == "":
		return []Sign{{Vendor: Cloudflare, Basis: ByTrace, Detail: "its " + TracePath + " is answered, as Cloudflare alone does"}}
	}
	return []Sign{{Vendor: Cloudflare, Basis: ByTrace, Detail: "its " + TracePath + " is answered by Cloudflare's data centre " + t.Colo}}
}

// Traceable tells whether a trace would add something: all that points at Cloudflare
// is of one kind, and not the word of its API. An address may be one that customers
// use without the proxy, and whoever likes to can write fields of an answer.
func (v Verdict) Traceable() bool {
	if v.Vendor != Cloudflare {
		return false
	}
	for _, s := range v.Signs {
		if s.Vendor == Cloudflare && (s.Basis != v.Basis || s.Basis == ByAPI) {
			return false
		}
	}
	return true
}
