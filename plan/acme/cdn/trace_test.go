package cdn_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

const trace = `fl=29f12
h=www.example.org
ip=2001:db8::7
ts=1795593600.731
visit_scheme=http
uag=Mozilla/5.0 (compatible; a=b)
colo=FRA
sliver=none
http=http/1.1
loc=DE
tls=off
sni=off
warp=off
gateway=off
rbi=off
kex=none
`

// TestParseTrace: what is not just so is no trace.
func TestParseTrace(t *testing.T) {
	without := func(key string) string {
		var out strings.Builder
		for line := range strings.Lines(trace) {
			if !strings.HasPrefix(line, key+"=") {
				out.WriteString(line)
			}
		}
		return out.String()
	}
	for name, c := range map[string]struct {
		body string
		want cdn.Trace
		err  string
	}{
		"a trace":           {trace, cdn.Trace{From: netip.MustParseAddr("2001:db8::7"), Colo: "FRA"}, ""},
		"with a port":       {strings.Replace(trace, "example.org", "example.org:8080", 1), cdn.Trace{From: netip.MustParseAddr("2001:db8::7"), Colo: "FRA"}, ""},
		"no data centre":    {without("colo"), cdn.Trace{From: netip.MustParseAddr("2001:db8::7")}, ""},
		"an odd one":        {strings.Replace(trace, "FRA", "\x1b[2J", 1), cdn.Trace{From: netip.MustParseAddr("2001:db8::7")}, ""},
		"nothing":           {"", cdn.Trace{}, "tells no address"},
		"a page":            {"<html>\n", cdn.Trace{}, "is no line of a trace"},
		"a page behind it":  {trace + "<a href=x>\n", cdn.Trace{}, "is no line of a trace"},
		"of another host":   {strings.Replace(trace, "www", "mail", 1), cdn.Trace{}, "of another host"},
		"without a host":    {without("h"), cdn.Trace{}, "of another host"},
		"without a time":    {without("ts"), cdn.Trace{}, "it lacks a field"},
		"without an fl":     {without("fl"), cdn.Trace{}, "it lacks a field"},
		"without a scheme":  {without("visit_scheme"), cdn.Trace{}, "it lacks a field"},
		"another scheme":    {strings.Replace(trace, "=http\n", "=ftp\n", 1), cdn.Trace{}, "it lacks a field"},
		"without an origin": {without("ip"), cdn.Trace{}, "tells no address"},
		"twice the same":    {trace + "fl=1\n", cdn.Trace{}, "is no line of a trace"},
	} {
		got, err := cdn.ParseTrace([]byte(c.body), "www.example.org")
		if got != c.want || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %+v, %v; want %+v, %q", name, got, err, c.want, c.err)
		}
	}
}

// TestTraceable: a trace is asked for where one kind of evidence is all that there is.
func TestTraceable(t *testing.T) {
	ranges, _ := cdn.Load(nil)
	yes, mark := true, header("Server: cloudflare")
	for name, c := range map[string]struct {
		e    cdn.Evidence
		want bool
	}{
		"nothing":              {cdn.Evidence{}, false},
		"a field":              {cdn.Evidence{Header: mark}, true},
		"a field of another":   {cdn.Evidence{Header: header("Server: AkamaiGHost")}, false},
		"an address":           {cdn.Evidence{Addrs: addrs("104.16.1.1")}, true},
		"two addresses":        {cdn.Evidence{Addrs: addrs("104.16.1.1", "104.16.1.2")}, true},
		"an address and field": {cdn.Evidence{Addrs: addrs("104.16.1.1"), Header: mark}, false},
		"the API":              {cdn.Evidence{Proxied: &yes, Proxy: cdn.Cloudflare}, false},
		"a CNAME":              {cdn.Evidence{CNAMEs: names("www.example.org.cdn.cloudflare.net")}, true},
	} {
		if got := ranges.Judge(c.e).Traceable(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	v := ranges.Judge(cdn.Evidence{Header: mark, Trace: &cdn.Trace{Colo: "FRA"}})
	if v.Basis != cdn.ByHeader || len(v.Signs) != 2 || v.Signs[1].Basis.String() != "its trace" || !strings.HasSuffix(v.Signs[1].Detail, "data centre FRA") {
		t.Errorf("%+v", v)
	}
}

// FuzzParseTrace: whatever a server writes, a trace has an address, and a data centre
// that can be printed.
func FuzzParseTrace(f *testing.F) {
	f.Add([]byte(trace))
	f.Add([]byte("h=www.example.org\nip=192.0.2.1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := cdn.ParseTrace(body, "www.example.org")
		if err == nil && (!got.From.IsValid() || len(got.Colo) != 0 && len(got.Colo) != 3) {
			t.Errorf("%+v", got)
		}
	})
}
