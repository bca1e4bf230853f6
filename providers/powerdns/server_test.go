package powerdns_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/powerdns"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

const origin = zone.Name("example.org.")

const exampleZone = `$ORIGIN example.org.
$TTL 3600
@        IN SOA ns1 hostmaster 7 3600 600 86400 60
@        IN NS ns1
@        IN A 192.0.2.10
@        IN MX 10 mail
@        IN TXT "v=spf1 -all" "second \"string\""
ns1      IN A 127.0.0.1
mail     IN A 192.0.2.25
www 300  IN A 192.0.2.1
www 300  IN A 192.0.2.2
www      IN AAAA 2001:db8::1
alias    IN CNAME www
*.wild   IN A 192.0.2.99
mapped   IN AAAA ::ffff:192.0.2.7
odd      IN TYPE65280 \# 3 abcdef
`

// start runs a real PowerDNS with the zone text.
func start(t *testing.T, text string) *dnsd.Server {
	t.Helper()
	return dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: map[string]string{"example.org": text}})
}

func config(url string) powerdns.Config {
	return powerdns.Config{Name: "pdns", ServerURL: url, APIKey: dnsd.TestAPIKey, Pause: time.Millisecond}
}

func provider(t testing.TB, c powerdns.Config) *powerdns.Provider {
	t.Helper()
	p, err := powerdns.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// api is the administrator who uses the API behind the provider's back. It
// returns the reply's body.
func api(t testing.TB, s *dnsd.Server, method, path string, body any) []byte {
	t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.API()+"/api/v1/servers/localhost/zones"+path, bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-API-Key", dnsd.TestAPIKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, answer, err)
	}
	return answer
}

// stored lists every record and comment of the zone as the API shows them, the
// SOA record left out.
func stored(t testing.TB, s *dnsd.Server) []string {
	t.Helper()
	var doc struct {
		RRsets []struct {
			Name, Type string
			TTL        int
			Records    []struct {
				Content  string
				Disabled bool
			}
			Comments []struct{ Content, Account string }
		}
	}
	if err := json.Unmarshal(api(t, s, http.MethodGet, "/example.org.", nil), &doc); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range doc.RRsets {
		if r.Type == "SOA" {
			continue
		}
		for _, rec := range r.Records {
			line := fmt.Sprintf("%s %d %s %s", r.Name, r.TTL, r.Type, rec.Content)
			if rec.Disabled {
				line += " (disabled)"
			}
			out = append(out, line)
		}
		for _, c := range r.Comments {
			out = append(out, fmt.Sprintf("%s %s ; %s: %s", r.Name, r.Type, c.Account, c.Content))
		}
	}
	slices.Sort(out)
	return out
}

// patched is what the administrator does with one RRset: "192.0.2.1 !192.0.2.2"
// are the records, with a ! before disabled ones.
func patched(t testing.TB, s *dnsd.Server, name, typ, records, comment string) {
	t.Helper()
	var list []map[string]any
	for r := range strings.FieldsSeq(records) {
		list = append(list, map[string]any{"content": strings.TrimPrefix(r, "!"), "disabled": strings.HasPrefix(r, "!")})
	}
	set := map[string]any{"name": name, "type": typ, "ttl": 300, "changetype": "REPLACE", "records": list}
	if comment != "" {
		set["comments"] = []map[string]any{{"content": comment, "account": "ops"}}
	}
	api(t, s, http.MethodPatch, "/example.org.", map[string]any{"rrsets": []any{set}})
}

// set reads "www.example.org. 300 A 192.0.2.1 192.0.2.2".
func set(line string) *zone.RRset { return providertest.ParseSet(origin, line) }

// change reads two such lines; "" is no set.
func change(before, after string) providers.Change {
	return providertest.ParseChange(origin, before, after)
}

func write(t *testing.T, p *powerdns.Provider, changes ...providers.Change) error {
	t.Helper()
	_, err := p.Write(t.Context(), origin, changes)
	return err
}

func read(t *testing.T, p *powerdns.Provider) *zone.Snapshot {
	t.Helper()
	snap, err := p.Read(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// others are a snapshot's other records, in the order of the alphabet.
func others(s *zone.Snapshot) []string { return slices.Sorted(slices.Values(providertest.Others(s))) }

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// with returns lines with some replaced, in order.
func with(lines []string, gone, come []string) []string {
	out := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return slices.Contains(gone, l) })
	out = append(out, come...)
	slices.Sort(out)
	return out
}
