package cdn

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Judge weighs the evidence. It is pure: equal evidence and ranges give an equal
// verdict.
func (r Ranges) Judge(e Evidence) Verdict {
	v := Verdict{DNSOnly: e.Proxied != nil && !*e.Proxied}
	v.Signs = slices.Concat(byAPI(e), r.byRange(e), byCNAME(e.CNAMEs), byHeader(e.Header), byTrace(e.Trace))
	v.Challenged = strings.EqualFold(e.Header.Get("Cf-Mitigated"), "challenge")
	if len(v.Signs) > 0 {
		first := v.Signs[0]
		v.Vendor, v.Basis, v.Why = first.Vendor, first.Basis, first.Detail
	}
	return v
}

func byAPI(e Evidence) []Sign {
	if e.Proxied == nil || !*e.Proxied {
		return nil
	}
	return []Sign{{Vendor: e.Proxy, Basis: ByAPI, Detail: "the record is proxied, says the API of " + e.Proxy.Title()}}
}

func (r Ranges) byRange(e Evidence) []Sign {
	var out []Sign
	for _, a := range e.Addrs {
		if l, p, ok := r.Lookup(a); ok {
			out = append(out, Sign{Vendor: l.Vendor, Basis: ByRange, Addr: a, Detail: fmt.Sprintf("%s is in %s, which %s publishes (list of %s)",
				a.Unmap(), p, l.Vendor.Title(), l.Date.Format(time.DateOnly))})
		}
	}
	return out
}

// suffixes are names that vendors have their customers' CNAMEs lead to.
func suffixes() map[zone.Name]Vendor {
	return map[zone.Name]Vendor{
		"akamai.net.": Akamai, "akamaiedge.net.": Akamai, "akamaihd.net.": Akamai, "akamaized.net.": Akamai,
		"edgekey.net.": Akamai, "edgesuite.net.": Akamai,
		"azureedge.net.": Azure, "azurefd.net.": Azure,
		"b-cdn.net.":          Bunny,
		"cdn77.org.":          CDN77,
		"cdn.cloudflare.net.": Cloudflare,
		"cloudfront.net.":     CloudFront,
		"fastly.net.":         Fastly, "fastlylb.net.": Fastly,
		"gcdn.co.":      Gcore,
		"incapdns.net.": Imperva, "impervadns.net.": Imperva,
		"kxcdn.com.": KeyCDN,
	}
}

func byCNAME(chain []zone.Name) []Sign {
	known := suffixes()
	var out []Sign
	for _, n := range chain {
		for z := n; z != zone.Root && z != ""; z = z.Parent() {
			if v, ok := known[z]; ok && z != n {
				out = append(out, Sign{Vendor: v, Basis: ByCNAME, Detail: fmt.Sprintf("its CNAME leads to %s, a name of %s", n.Display(), v.Title())})
				break
			}
		}
	}
	return out
}

// mark is a field of an answer that gives a vendor away.
type mark struct {
	vendor Vendor
	field  string
	// holds, in lower case, stands in the value; empty is any value.
	holds string
}

func marks() []mark {
	return []mark{
		{Cloudflare, "Cf-Ray", ""},
		{Cloudflare, "Cf-Mitigated", ""},
		{Cloudflare, "Server", "cloudflare"},
		{CloudFront, "X-Amz-Cf-Id", ""},
		{CloudFront, "Via", "(cloudfront)"},
		{Akamai, "Server", "akamaighost"},
		{Akamai, "X-Akamai-Transformed", ""},
		{Azure, "X-Azure-Ref", ""},
		{Bunny, "Server", "bunnycdn"},
		{CDN77, "Server", "cdn77"},
		{Google, "Via", "1.1 google"},
		{Imperva, "X-Iinfo", ""},
		{Imperva, "X-Cdn", "imperva"},
		{Imperva, "X-Cdn", "incapsula"},
		{KeyCDN, "Server", "keycdn"},
		{Sucuri, "X-Sucuri-Id", ""},
		{Sucuri, "Server", "sucuri"},
	}
}

// byHeader takes each vendor once, by its first mark.
func byHeader(h http.Header) []Sign {
	var out []Sign
	for _, m := range marks() {
		value := strings.Join(h.Values(m.field), ", ")
		if value != "" && strings.Contains(strings.ToLower(value), m.holds) && !slices.ContainsFunc(out, func(s Sign) bool { return s.Vendor == m.vendor }) {
			out = append(out, Sign{Vendor: m.vendor, Basis: ByHeader, Detail: fmt.Sprintf("it answers with %s: %.60q", m.field, value)})
		}
	}
	if s, ok := fastly(h); ok {
		out = append(out, s)
	}
	return out
}

// fastly takes two marks together: a Varnish of one's own gives either alone.
func fastly(h http.Header) (Sign, bool) {
	by, via := h.Get("X-Served-By"), strings.ToLower(strings.Join(h.Values("Via"), ", "))
	if !strings.HasPrefix(by, "cache-") || !strings.Contains(via, "varnish") {
		return Sign{}, false
	}
	return Sign{Vendor: Fastly, Basis: ByHeader, Detail: fmt.Sprintf("it answers with X-Served-By: %.60q and Via: %.60q", by, via)}, true
}
