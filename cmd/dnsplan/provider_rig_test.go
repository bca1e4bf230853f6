package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// vendor is a provider with a server of its own, which holds example.org: www
// with 192.0.2.1, pool with 192.0.2.21, *.lab with 192.0.2.3, the apex with
// 192.0.2.80, old with 192.0.2.9, all at 3600 s, and an MX record.
type vendor struct {
	typ string
	// settings are the lines of the [[provider]] table behind its type.
	settings string
	// env are the program's variables, and secrets those values that must show
	// nowhere.
	env     map[string]string
	secrets []string
	// handler answers in the place of the server, over a wire of the test; nil
	// where the server is another process.
	handler http.Handler
	// addresses are the live address records: "www 3600 A 192.0.2.1".
	addresses func() []string
	// writes is how many requests may have changed something.
	writes func() int
	// move is somebody else who sets www to one address.
	move func(addr string)
}

// seed is what every vendor starts with.
var seed = []string{"www 3600 A 192.0.2.1", "pool 3600 A 192.0.2.21", "*.lab 3600 A 192.0.2.3", "@ 3600 A 192.0.2.80", "old 3600 A 192.0.2.9"}

// parted is a line of seed as its name, which is empty at the apex, TTL, type
// and value.
func parted(line string) (name string, ttl int, typ, value string) {
	if _, err := fmt.Sscan(line, &name, &ttl, &typ, &value); err != nil {
		panic(err)
	}
	return strings.TrimPrefix(name, "@"), ttl, typ, value
}

// line is parted undone, from an absolute name.
func line(name string, ttl int, typ, value string) string {
	name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "."), "example.org"), ".")
	if name == "" {
		name = "@"
	}
	return fmt.Sprintf("%s %d %s %s", name, ttl, typ, value)
}

// qualified is the name of a line, absolute and without the final dot.
func qualified(name string) string { return strings.TrimPrefix(name+".example.org", ".") }

const (
	cfToken  = "canary/cf+token=0123456789abcdefXYZ"
	cfZones  = "canary/cf+zones=0123456789abcdefXYZ"
	siloKey  = "canary/silo+key=0123456789abcdef&x"
	pdnsKey  = "canary/pdns+key=0123456789abcdef;x"
	awsKey   = "canary/aws+secret=0123456789abcdefghijkl"
	awsToken = "canary/aws+session//token==0123456789abcdefghijklmnopq"
)

// everyVendor runs a test for each provider with a server to be had.
func everyVendor(t *testing.T, test func(t *testing.T, v *vendor)) {
	t.Run("cloudflare", func(t *testing.T) {
		v, _ := newCloudflare(t)
		test(t, v)
	})
	t.Run("namesilo", func(t *testing.T) {
		v, _ := newNameSilo(t)
		test(t, v)
	})
	t.Run("route53", func(t *testing.T) { // in a bubble: it makes 4 requests a second
		v, _, _ := newRoute53(t)
		bubble(t, always(v.handler), func(t *testing.T) { test(t, v) })
	})
	for _, typ := range []string{"powerdns", "rfc2136"} {
		t.Run(typ, func(t *testing.T) {
			v, _ := newPowerDNS(t, typ)
			test(t, v)
		})
	}
}

// newCloudflare starts the fake of Cloudflare, behind wrap.
func newCloudflare(t *testing.T) (*vendor, *cloudflaretest.Server) {
	t.Helper()
	s := cloudflaretest.Start(t)
	s.AddToken(cloudflaretest.Token{Value: cfToken, All: cloudflaretest.Edit})
	s.AddToken(cloudflaretest.Token{Value: cfZones, All: cloudflaretest.See})
	s.AddZone(cloudflaretest.Zone{ID: "z1", Name: "example.org"})
	priority := 10
	s.Put("example.org", cloudflaretest.Record{Type: "MX", Name: "example.org", Content: "mail.example.net", Priority: &priority, TTL: 1})
	for _, l := range seed {
		name, ttl, typ, value := parted(l)
		s.Put("example.org", cloudflaretest.Record{Type: typ, Name: qualified(name), Content: value, TTL: ttl})
	}
	return &vendor{
		typ: "cloudflare", settings: fmt.Sprintf("base_url = %q\n", s.BaseURL()),
		env:     map[string]string{"CLOUDFLARE_API_TOKEN": cfToken, "CF_ZONE_API_TOKEN": cfZones},
		secrets: []string{cfToken, cfZones}, handler: s,
		addresses: func() (out []string) {
			for _, r := range s.Records("example.org") {
				if r.Type == "A" || r.Type == "AAAA" {
					out = append(out, line(r.Name, r.TTL, r.Type, r.Content))
				}
			}
			return out
		},
		writes: func() (n int) {
			for _, r := range s.Log() {
				if r.Method != http.MethodGet {
					n++
				}
			}
			return n
		},
		move: func(addr string) {
			s.Edit("example.org", func(r *cloudflaretest.Record) bool {
				if r.Name == "www.example.org" {
					r.Content = addr
				}
				return true
			})
		},
	}, s
}

// newRoute53 starts the fake of Route 53 and sets the environment of the AWS SDK.
func newRoute53(t *testing.T) (*vendor, *route53test.Server, *route53test.Zone) {
	t.Helper()
	route53test.Setenv(t)
	t.Setenv("AWS_SECRET_ACCESS_KEY", awsKey)
	t.Setenv("AWS_SESSION_TOKEN", awsToken)
	s := route53test.Start(t)
	s.SetKey(route53test.AccessKey, awsKey)
	z := s.AddZone(route53test.Zone{ID: "Z1", Name: "example.org."})
	z.Put(route53test.Simple("example.org.", "MX", 3600, "10 mail.example.net."))
	for _, l := range seed {
		name, ttl, typ, value := parted(l)
		z.Put(route53test.Simple(qualified(name)+".", typ, int64(ttl), value))
	}
	return &vendor{
		typ: "route53", settings: fmt.Sprintf("endpoint = %q\n", s.URL), secrets: []string{awsKey, awsToken}, handler: s,
		addresses: func() (out []string) {
			for _, set := range z.Sets() {
				if (set.Type == "A" || set.Type == "AAAA") && set.TTL != nil {
					for _, v := range set.Values() {
						out = append(out, line(strings.ReplaceAll(set.Name, `\052`, "*"), int(*set.TTL), set.Type, v))
					}
				}
			}
			return out
		},
		writes: func() int { return s.Count("ChangeResourceRecordSets") },
		move:   func(addr string) { z.Put(route53test.Simple("www.example.org.", "A", 3600, addr)) },
	}, s, z
}

// newNameSilo starts the fake of NameSilo.
func newNameSilo(t *testing.T) (*vendor, *namesilotest.Server) {
	t.Helper()
	s := namesilotest.New(t, namesilotest.Options{Key: siloKey})
	records := []namesilotest.Record{{Type: "MX", Value: "mail.example.net", TTL: 3600, Distance: 10}}
	for _, l := range seed {
		name, ttl, typ, value := parted(l)
		records = append(records, namesilotest.Record{Type: typ, Host: name, Value: value, TTL: ttl})
	}
	s.Hold("example.org", records...)
	return &vendor{
		typ: "namesilo", settings: fmt.Sprintf("base_url = %q\n", s.URL),
		env: map[string]string{"NAMESILO_API_KEY": siloKey}, secrets: []string{siloKey}, handler: s,
		addresses: func() (out []string) {
			for _, r := range s.Records("example.org") {
				if r.Type == "A" || r.Type == "AAAA" {
					out = append(out, line(r.Host, r.TTL, r.Type, r.Value))
				}
			}
			return out
		},
		writes: func() (n int) {
			for _, r := range s.Requests() {
				if !strings.HasSuffix(r.Op, "listDomains") && !strings.HasSuffix(r.Op, "dnsListRecords") {
					n++
				}
			}
			return n
		},
		move: func(addr string) {
			records := s.Records("example.org")
			for i := range records {
				if records[i].Host == "www" {
					records[i].Value = addr
				}
			}
			s.Hold("example.org", records...)
		},
	}, s
}

// vendorZone is the zone of a vendor in master file lines.
func vendorZone() string {
	var text strings.Builder
	text.WriteString("@ 3600 IN SOA ns1.example.net. hostmaster.example.net. 1 7200 3600 1209600 300\n@ 3600 IN NS ns1.example.net.\n@ 3600 IN MX 10 mail.example.net.\n")
	for _, l := range seed {
		name, ttl, typ, value := parted(l)
		text.WriteString(fmt.Sprintf("%s. %d IN %s %s\n", qualified(name), ttl, typ, value))
	}
	return text.String()
}

// newPowerDNS starts a PowerDNS, reached over its API or by dynamic updates.
func newPowerDNS(t *testing.T, typ string) (*vendor, *dnsd.Server) {
	t.Helper()
	s := dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: map[string]string{"example.org": vendorZone()}, APIKey: pdnsKey})
	v := &vendor{
		typ: typ, settings: fmt.Sprintf("server_url = %q\n", s.API()),
		env: map[string]string{"PDNS_API_KEY": pdnsKey}, secrets: []string{pdnsKey},
		addresses: func() (out []string) {
			for _, l := range s.AXFR("example.org") {
				f := strings.Fields(l)
				if f[3] == "A" || f[3] == "AAAA" {
					var ttl int
					_, _ = fmt.Sscan(f[1], &ttl)
					out = append(out, line(f[0], ttl, f[3], f[4]))
				}
			}
			return out
		},
		move: func(addr string) {
			var remove []string
			for _, l := range s.AXFR("example.org") {
				if f := strings.Fields(l); f[0] == "www.example.org." && f[3] == "A" {
					remove = append(remove, l)
				}
			}
			s.Update("example.org", remove, []string{"www 3600 A " + addr})
		},
	}
	v.writes = func() (n int) { // of which one record at least is left: the API leaves the serial
		for _, l := range v.addresses() {
			if !slices.Contains(seed, l) {
				n++
			}
		}
		return n
	}
	if typ == "rfc2136" {
		v.settings = signedBy(s.Addr, s.Key, "env:TEST_TSIG")
		v.env, v.secrets = map[string]string{"TEST_TSIG": s.Key.Secret}, []string{s.Key.Secret}
	}
	return v, s
}

// signedBy are the settings of a provider that sends updates to a server, signed by
// the key, whose secret is at a place.
func signedBy(server netip.AddrPort, key dnsd.Key, secret string) string {
	return fmt.Sprintf("server = %q\ntsig_name = %q\ntsig_algorithm = %q\ntsig_secret = %q\n", server, key.Name, key.Algorithm, secret)
}

// wanted are the records that move everything that a vendor starts with.
const wanted = `[[zone.record]]
name = "www"
a    = ["203.0.113.11"]
aaaa = ["2001:db8::11"]
[[zone.record]]
name = "pool"
a    = ["192.0.2.21", "203.0.113.22"]
round_robin = true
[[zone.record]]
name = "*.lab"
a    = ["203.0.113.3"]
[[zone.record]]
name = "@"
a    = ["192.0.2.80"]
`

// inventory is one with v as its only provider, which holds example.org and
// wants records of it.
func (v *vendor) inventory(strategy, records string) string {
	return fmt.Sprintf("version = 1\n[defaults]\nttl = \"1h\"\nstrategy = %q\n[[provider]]\nname = \"vendor\"\ntype = %q\n%s[[zone]]\nname = \"example.org\"\nprovider = \"vendor\"\nservers = []\n%s", strategy, v.typ, v.settings, records)
}

// program is dnsplan with v's inventory and variables.
func (v *vendor) program(t *testing.T, strategy, records string) *program {
	t.Helper()
	p := newProgram(t, v.inventory(strategy, records))
	maps.Copy(p.env, v.env)
	return p
}

// holds compares the live addresses with lines in any order.
func (v *vendor) holds(t *testing.T, want ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(v.addresses()))
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		t.Errorf("live is\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// wire is an http.RoundTripper that calls handlers in place of making
// connections, so that waits are tested in a bubble of synctest. It returns who
// answers a request, or why nobody does.
type wire func(r *http.Request) (http.Handler, error)

// RoundTrip calls the handler. One that panics with http.ErrAbortHandler has
// lost its reply.
func (w wire) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	h, err := w(r)
	if err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "192.0.2.200:40000"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if r.ContentLength > 0 {
		in.Header.Set("Content-Length", fmt.Sprint(r.ContentLength))
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() {
		if v := recover(); v == http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http has it
			resp, err = nil, io.ErrUnexpectedEOF
		} else if v != nil {
			panic(v)
		}
	}()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, in)
	resp = rec.Result()
	resp.Request = r
	return resp, nil
}

// always is a wire on which h answers, whatever the host.
func always(h http.Handler) wire { return func(*http.Request) (http.Handler, error) { return h, nil } }

// closed is a wire to a port on which nobody listens.
func closed(r *http.Request) (http.Handler, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: address(r.URL.Host), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

// bubble runs f where time passes only when all wait, and every request goes over
// w: it is the program's plain transport.
func bubble(t *testing.T, w wire, f func(t *testing.T)) {
	t.Helper()
	usual := http.DefaultTransport
	http.DefaultTransport = transport.NewCarrier(w)
	defer func() { http.DefaultTransport = usual }()
	synctest.Test(t, f)
}

// glob returns the paths of files, relative to the program's folder.
func (p *program) glob(pattern string) []string {
	p.t.Helper()
	found, err := filepath.Glob(p.path(pattern))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range found {
		found[i] = strings.TrimPrefix(found[i], p.dir+"/")
	}
	return found
}

// tells is is, wherever lines are broken.
func (e ended) tells(t *testing.T, code int, texts ...string) ended {
	t.Helper()
	ended{e.code, spaced(e.stdout), spaced(e.stderr)}.is(t, code, texts...)
	return e
}
