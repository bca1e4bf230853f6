package namesilo_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/namesilo"
	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

// TestRead shows what becomes of the API's records.
func TestRead(t *testing.T) {
	for _, c := range []struct {
		typ, host, value string
		distance         int
		want             string
	}{
		{"A", "www", "192.0.2.1", 0, "www.example.org. 3600 A 192.0.2.1"},
		{"A", "", "192.0.2.1", 0, "example.org. 3600 A 192.0.2.1"},
		{"A", "*", "192.0.2.1", 0, "*.example.org. 3600 A 192.0.2.1"},
		{"A", "WWW.Lab", "192.0.2.1", 0, "www.lab.example.org. 3600 A 192.0.2.1"},
		{"A", "bücher", "192.0.2.1", 0, "xn--bcher-kva.example.org. 3600 A 192.0.2.1"},
		{"AAAA", "www", "2001:0DB8:0::1", 0, "www.example.org. 3600 AAAA 2001:db8::1"},
		{"a", "www", " 192.0.2.1 ", 0, "www.example.org. 3600 A 192.0.2.1"},
		{"CNAME", "www", "mail.Example.net", 0, "www.example.org. 3600 CNAME mail.Example.net."},
		{"CNAME", "www", "mail.example.net.", 0, "www.example.org. 3600 CNAME mail.example.net."},
		{"MX", "", "mail.example.net", 10, "example.org. 3600 MX 10 mail.example.net."},
		{"MX", "", "mail.example.net", 0, "example.org. 3600 MX 0 mail.example.net."},
		{"TXT", "", `v=spf1 -all`, 0, `example.org. 3600 TXT "v=spf1 -all"`},
		{"TXT", "", `"v=spf1" "-all"`, 0, `example.org. 3600 TXT "v=spf1" "-all"`},
		{"TXT", "", `say "hi" \ bye`, 0, `example.org. 3600 TXT "say \"hi\" \\ bye"`},
		{"TXT", "", `"half`, 0, `example.org. 3600 TXT "\"half"`},
		{"TXT", "", "a\nb\tü", 0, `example.org. 3600 TXT "a\010b\009\195\188"`},
		{"TXT", "", strings.Repeat("x", 256), 0, `example.org. 3600 TXT "` + strings.Repeat("x", 255) + `" "x"`},
		{"SRV", "_sip._tcp", "60 5060 sip.example.net", 10, "_sip._tcp.example.org. 3600 SRV 10 60 5060 sip.example.net."},
		{"SRV", "_sip._tcp", "10 60 5060 sip.example.net", 0, "_sip._tcp.example.org. 3600 SRV 10 60 5060 sip.example.net."},
		{"SRV", "_sip._tcp", "sip.example.net", 10, "_sip._tcp.example.org. 3600 SRV sip.example.net"},
		{"CAA", "", `0 issue "ca.example.net"`, 0, `example.org. 3600 CAA 0 issue "ca.example.net"`},
		// What cannot be read hides nothing.
		{"A", "www", "not an address", 0, "www.example.org. 3600 A not an address"},
		{"A", "www", "2001:db8::1", 0, "www.example.org. 3600 A 2001:db8::1"},
		{"AAAA", "www", "::ffff:192.0.2.1", 0, "www.example.org. 3600 AAAA ::ffff:192.0.2.1"},
		{"AAAA", "www", "fe80::1%eth0", 0, "www.example.org. 3600 AAAA fe80::1%eth0"},
		{"", "www", "x", 0, "www.example.org. 3600  x"},
	} {
		for _, o := range []namesilotest.Options{{Lone: true}, {XML: true}} {
			_, p := open(t, o, namesilotest.Record{Type: c.typ, Host: c.host, Value: c.value, Distance: c.distance, TTL: 3600})
			s, err := p.Read(t.Context(), org)
			if err != nil {
				t.Fatal(err)
			}
			got := append(providertest.Sets(s), providertest.Others(s)...)
			wantLines(t, fmt.Sprintf("XML %t: %s %s", o.XML, c.typ, c.value), got, c.want)
		}
	}
}

// TestForms reads one and the same zone out of all the forms in which the API
// is known or may be feared to answer.
func TestForms(t *testing.T) {
	const one = `{"record_id":"r1","type":"A","host":"www.example.org","value":"192.0.2.1","ttl":"3600","distance":0}`
	for name, body := range map[string]string{
		"a list":           `{"request":{},"reply":{"code":300,"detail":"success","resource_record":[` + one + `]}}`,
		"no list":          `{"reply":{"code":300,"detail":"success","resource_record":` + one + `}}`,
		"code in words":    `{"reply":{"code":"300","resource_record":[` + one + `]}}`,
		"TTL as number":    `{"reply":{"code":300,"resource_record":[` + strings.Replace(one, `"3600"`, "3600", 1) + `]}}`,
		"relative host":    `{"reply":{"code":300,"resource_record":[` + strings.Replace(one, "www.example.org", "www", 1) + `]}}`,
		"final dot":        `{"reply":{"code":300,"resource_record":[` + strings.Replace(one, "www.example.org", "www.example.org.", 1) + `]}}`,
		"distance null":    `{"reply":{"code":300,"resource_record":[` + strings.Replace(one, `"distance":0`, `"distance":null`, 1) + `]}}`,
		"byte order mark":  "\xef\xbb\xbf" + ` {"reply":{"code":300,"resource_record":[` + one + `]}}`,
		"XML":              `<?xml version="1.0"?><namesilo><reply><code>300</code><detail>success</detail>` + xmlRecord + `</reply></namesilo>`,
		"XML, other order": `<namesilo><reply>` + xmlRecord + `<code> 300 </code></reply><request><ip>192.0.2.9</ip></request></namesilo>`,
	} {
		s, p := open(t, namesilotest.Options{})
		s.Inject(namesilotest.Serve("dnsListRecords", 0, status(http.StatusOK, body)))
		snap, err := p.Read(t.Context(), org)
		if err != nil || len(snap.RRsets) != 1 || snap.RRsets[0].String() != "www.example.org. 3600 A 192.0.2.1" || snap.RRsets[0].Members[0].ID != "r1" {
			t.Errorf("%s: %+v, error %v", name, snap, err)
		}
	}
	for name, body := range map[string]string{
		"none":      `{"reply":{"code":300,"detail":"success"}}`,
		"null":      `{"reply":{"code":300,"resource_record":null}}`,
		"nothing":   `{"reply":{"code":300,"resource_record":""}}`,
		"no member": `{"reply":{"code":300,"resource_record":[]}}`,
		"XML":       `<namesilo><reply><code>300</code></reply></namesilo>`,
	} {
		s, p := open(t, namesilotest.Options{})
		s.Inject(namesilotest.Serve("dnsListRecords", 0, status(http.StatusOK, body)))
		if snap, err := p.Read(t.Context(), org); err != nil || len(snap.RRsets)+len(snap.Others) != 0 {
			t.Errorf("empty zone, %s: %+v, error %v", name, snap, err)
		}
	}
}

const xmlRecord = `<resource_record><record_id>r1</record_id><type>A</type><host>www.example.org</host><value>192.0.2.1</value><ttl>3600</ttl><distance>0</distance></resource_record>`

// TestNoAnswer are answers that must not be taken for an empty zone.
func TestNoAnswer(t *testing.T) {
	for _, body := range []string{
		"", "null", "[]", "{}", `{"reply":null}`, `{"reply":{"detail":"success"}}`, `{"reply":{"code":"three hundred"}}`,
		`{"reply":{"code":300,"resource_record":"what"}}`, `{"reply":{"code":300,"resource_record":[`, `{"reply":{"code":300}} trailing`,
		"<namesilo>", "<namesilo/>", "<namesilo><reply><code>300</code>", "<html><body>hello</body></html>", "hello",
	} {
		s, p := open(t, namesilotest.Options{})
		s.Inject(namesilotest.Serve("dnsListRecords", 0, status(http.StatusOK, body)))
		if snap, err := p.Read(t.Context(), org); err == nil || snap != nil || !strings.Contains(err.Error(), "base_url") {
			t.Errorf("%q: %+v, error %v, want one that says what to check", body, snap, err)
		}
	}
}

// TestCodes maps the API's reply codes, and what a caller is told to do.
func TestCodes(t *testing.T) {
	for _, c := range []struct {
		code   int
		detail string
		want   error
		text   string
	}{
		{109, "No API key specified", providers.ErrCredentials, "check api_key"},
		{110, "Invalid API Key", providers.ErrCredentials, "make a new key"},
		{111, "Invalid User", providers.ErrCredentials, "check api_key"},
		{112, "API not available to Sub-Accounts", providers.ErrCredentials, "main account"},
		{113, "This API account cannot be accessed from your IP", providers.ErrCredentials, "allow the address of this machine"},
		{116, "Invalid sandbox account", providers.ErrCredentials, "base_url"},
		{114, "Invalid Domain Syntax", providers.ErrZoneNotFound, "active in the account"},
		{200, "Domain is not active, or does not belong to this user", providers.ErrZoneNotFound, "active in the account"},
		{210, "The domain does not exist", providers.ErrZoneNotFound, "active in the account"},
		{210, "Something else", nil, "NameSilo answers code 210: Something else"},
		{115, "Central Registry Not Responding", nil, "code 115"},
		{201, "Internal system error", nil, "code 201"},
		{999, "", nil, "NameSilo answers code 999"},
	} {
		s, p := open(t, namesilotest.Options{})
		s.Inject(namesilotest.Refuse("dnsListRecords", 0, c.code, c.detail))
		snap, err := p.Read(t.Context(), org)
		if err == nil || snap != nil || !strings.Contains(err.Error(), c.text) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("code %d: error %v, want %v: %q", c.code, err, c.want, c.text)
		}
		if c.want == nil && (errors.Is(err, providers.ErrCredentials) || errors.Is(err, providers.ErrZoneNotFound) || errors.Is(err, providers.ErrUnknown)) {
			t.Errorf("code %d: error %v is of a kind", c.code, err)
		}
	}
}

// TestWrongPath has a base URL with a typo.
func TestWrongPath(t *testing.T) {
	for _, code := range []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone} {
		s, p := open(t, namesilotest.Options{})
		s.Inject(namesilotest.Serve("", 0, status(code, "no such path")))
		if _, err := p.Read(t.Context(), org); err == nil || !strings.Contains(err.Error(), "check base_url") {
			t.Errorf("%d: error %v", code, err)
		}
	}
}

// TestBaseWithoutPath has a base URL that lacks /api, of a server that has the
// API there, and of one that has it at its root.
func TestBaseWithoutPath(t *testing.T) {
	www := a("r1", "www", "192.0.2.1", 3600)
	swap := []providers.Change{change("www 3600 A 192.0.2.1", "www 3600 A 192.0.2.2")}
	for name, page := range map[string]string{"a web page": "text/html", "text": "text/plain"} {
		s, _ := open(t, namesilotest.Options{}, www)
		var asked []string
		outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.Path)
			if !strings.HasPrefix(r.URL.Path, "/api/") {
				w.Header().Set("Content-Type", page)
				w.WriteHeader(http.StatusNotFound)
				return
			}
			s.ServeHTTP(w, r)
		}))
		t.Cleanup(outer.Close)
		p := provider(t, namesilo.Config{BaseURL: outer.URL})
		if _, err := p.Write(t.Context(), org, swap); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantLines(t, name, asked, "/dnsListRecords", "/api/dnsListRecords", "/api/dnsUpdateRecord")
	}
	s, _ := open(t, namesilotest.Options{}, www)
	root := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/api" + r.URL.Path
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(root.Close)
	if _, err := provider(t, namesilo.Config{BaseURL: root.URL + "/"}).Write(t.Context(), org, swap); err != nil {
		t.Error(err)
	}
}

func TestListZones(t *testing.T) {
	want := []zone.Name{"xn--bcher-kva.example.", "example.net.", "example.org."}
	for name, body := range map[string]string{
		"strings":    `{"reply":{"code":300,"domains":{"domain":["example.org","Example.net","bücher.example"]}}}`,
		"objects":    `{"reply":{"code":300,"domains":[{"domain":"example.org","expires":"2030-01-01"},{"domain":"example.net"},{"domain":"bücher.example"}]}}`,
		"mixed":      `{"reply":{"code":300,"domains":{"domain":[{"domain":"example.org"},"example.net","bücher.example","example.org",null]}}}`,
		"attributes": `<namesilo><reply><code>300</code><domains><domain expires="2030-01-01">example.org</domain><domain>example.net</domain><domain>bücher.example</domain></domains></reply></namesilo>`,
	} {
		s, p := open(t, namesilotest.Options{})
		s.Inject(namesilotest.Serve("listDomains", 0, status(http.StatusOK, body)))
		if got, err := p.ListZones(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, error %v", name, got, err)
		}
	}
	_, p := open(t, namesilotest.Options{Lone: true})
	if got, err := p.ListZones(t.Context()); err != nil || !slices.Equal(got, []zone.Name{org}) {
		t.Errorf("one domain: %v, error %v", got, err)
	}
}

func TestExamine(t *testing.T) {
	s, p := open(t, namesilotest.Options{}, a("r1", "www", "192.0.2.1", 3600))
	lines := func() []string {
		var out []string
		for _, f := range p.Examine(t.Context(), []zone.Name{org, "example.net."}) {
			if f.Topic != "clock" {
				out = append(out, fmt.Sprintf("%s %s %s", f.Topic, f.Zone, f.Verdict))
			}
			if (f.Verdict == providers.Bad) != (f.Remedy != "") && f.Topic != "clock" {
				t.Errorf("%+v: a remedy goes with what is wrong", f)
			}
		}
		return out
	}
	wantLines(t, "findings", lines(), "credentials  ok", "permissions  unclear", "zone example.org. ok", "zone example.net. wrong")
	s.Inject(namesilotest.Refuse("listDomains", 0, 110, "Invalid API Key"))
	wantLines(t, "findings of a bad key", lines(), "credentials  wrong")
	s.Inject(namesilotest.Refuse("dnsListRecords", 0, 200, "Domain is not active"))
	wantLines(t, "findings of a domain that does not open", lines(), "credentials  ok", "permissions  unclear", "zone example.org. wrong", "zone example.net. wrong")
	if n := len(wrote(s)); n != 0 {
		t.Errorf("%d writes", n)
	}
}
