package export_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/export"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

// TestNoTextBreaksOut draws names, comments and tags of any content: no form may
// let one of them become another record, and BIND's is read back whole.
func TestNoTextBreaksOut(t *testing.T) {
	dir := t.TempDir()
	inv := &inventory.Inventory{Defaults: inventory.Defaults{TTL: 60}}
	rapid.Check(t, func(t *rapid.T) {
		z := export.Zone{Name: "example.org.", Provider: inventory.Provider{Name: rapid.String().Draw(t, "provider"), Type: "cloudflare"}}
		s := &zone.Snapshot{}
		for _, octets := range rapid.SliceOfNDistinct(rapid.SliceOfN(rapid.Byte(), 1, 6), 1, 4, func(b []byte) string { return strings.ToLower(string(b)) }).Draw(t, "names") {
			var label strings.Builder
			for _, c := range octets {
				fmt.Fprintf(&label, `\%03d`, c)
			}
			s.RRsets = append(s.RRsets, zone.RRset{
				Key: zone.Key{Name: zone.Canonical(label.String() + ".example.org."), Type: zone.A}, TTL: 60, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
				Members: []zone.Member{{Comment: rapid.String().Draw(t, "comment"), Tags: []string{rapid.String().Draw(t, "tag")}}},
			})
		}
		s.Sort()
		for _, r := range s.RRsets {
			z.Sets = append(z.Sets, export.Set{RRset: r, ProxyKnown: true})
		}
		out := map[export.Format]string{}
		for _, f := range export.Formats() {
			r, err := export.Render(export.Format(f), export.Document{Inventory: inv, Zones: []export.Zone{z}})
			if err != nil {
				t.Fatal(err)
			}
			out[export.Format(f)] = string(r.Files[0].Text)
		}
		for _, f := range []export.Format{export.BIND, export.Cloudflare} {
			text := "$ORIGIN example.org.\n" + soa + out[f]
			if err := os.WriteFile(filepath.Join(dir, "example.org.zone"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			p, err := zonefile.New(dir)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Read(t.Context(), z.Name)
			if err != nil {
				t.Fatalf("%v of\n%s", err, text)
			}
			if diff := cmp.Diff(addresses(z), lines(got, func(zone.RRset) bool { return true })); diff != "" {
				t.Fatalf("%s: %s of\n%s", f, diff, text)
			}
		}
		if err := yaml.Unmarshal([]byte(out[export.OctoDNS]), &map[string]any{}); err != nil {
			t.Fatalf("%v of\n%s", err, out[export.OctoDNS])
		}
		if !json.Valid([]byte(out[export.Route53])) {
			t.Fatalf("no JSON: %s", out[export.Route53])
		}
		for l := range strings.Lines(out[export.NameSilo]) {
			if !strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "dnsAddRecord?version=1&type=xml&domain=example.org&") {
				t.Fatalf("a line of its own: %q", l)
			}
		}
		for l := range strings.Lines(out[export.Markdown]) {
			if strings.HasPrefix(l, "|") && strings.Count(strings.ReplaceAll(l, `\|`, ""), "|") < 5 {
				t.Fatalf("a row of its own: %q", l)
			}
		}
	})
}
