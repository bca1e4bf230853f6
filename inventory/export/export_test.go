package export_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/export"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/providertest/needs"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

func loadInventory(t testing.TB) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Load("testdata/inventory.toml")
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// desired are the zones of the inventory as it wants them.
func desired(t testing.TB) export.Document {
	t.Helper()
	inv := loadInventory(t)
	d := export.Document{Inventory: inv}
	for _, z := range inv.Zones {
		d.Zones = append(d.Zones, export.Desired(inv, z))
	}
	return d
}

// live is the first of them with what its provider has besides.
func live(t testing.TB) export.Document {
	t.Helper()
	inv := loadInventory(t)
	z := inv.Zones[0]
	s := &zone.Snapshot{Zone: z.Name, Others: []zone.Record{
		{Name: z.Name, Type: "MX", TTL: 3600, Data: "10 mail.example.net."},
		{Name: z.Name, Type: "SOA", TTL: 3600, Data: "ns1.example.org. hostmaster.example.org. 1 7200 900 1209600 300"},
		{Name: z.Name, Type: "NS", TTL: 3600, Data: "ns1.example.org."},
		{Name: "txt.example.org.", Type: "TXT", TTL: 3600, Data: `"semicolon; quoted" "s\195\182"`},
		{Name: "_x.example.org.", Type: "TYPE65280", TTL: 3600, Data: `\# 4 c0000201`},
		{Name: "bad.example.org.", Type: "MX", TTL: 60, Data: "nonsense"},
		{Name: "odd.example.org.", Type: "ALIAS", TTL: 60, Data: "x.example.net."},
		{Name: "blog.example.org.", Type: "CNAME", TTL: 60, Data: "pages.example.net."},
	}}
	for _, r := range z.Records {
		set := r.RRset()
		if set.Proxied {
			set.TTL, set.Auto = zone.AutoTTL, true
		}
		s.RRsets = append(s.RRsets, set)
	}
	s.RRsets[0].Members = []zone.Member{{ID: "id1", Comment: "at the\nprovider", Tags: []string{"web", `team:a,b"c`}}}
	addr := netip.MustParseAddr
	s.RRsets = append(s.RRsets,
		zone.RRset{Key: zone.Key{Name: "auto.example.org.", Type: zone.A}, TTL: zone.AutoTTL, Auto: true, Addrs: []netip.Addr{addr("192.0.2.70")}},
		zone.RRset{Key: zone.Key{Name: "ns1.example.org.", Type: zone.A}, TTL: 3600, Addrs: []netip.Addr{addr("192.0.2.53")}},
		zone.RRset{Key: zone.Key{Name: "off.example.org.", Type: zone.A}, TTL: 300, Addrs: []netip.Addr{addr("192.0.2.71")}, Foreign: "disabled"},
		zone.RRset{Key: zone.Key{Name: "lb.example.org.", Type: zone.A}, TTL: 60, Foreign: "alias", Detail: "dualstack.example.net. in Z35"},
		zone.RRset{Key: zone.Key{Name: "split.example.org.", Type: zone.A}, TTL: 60, Addrs: []netip.Addr{addr("192.0.2.72"), addr("192.0.2.73")}, Foreign: "weighted"},
	)
	s.Sort()
	return export.Document{Inventory: inv, Zones: []export.Zone{export.WithLive(inv, z, s)}}
}

func render(t testing.TB, f export.Format, d export.Document) export.Result {
	t.Helper()
	out, err := export.Render(f, d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRender compares every form with its files. Run with -update to rewrite them.
func TestRender(t *testing.T) {
	for _, f := range export.Formats() {
		for name, d := range map[string]export.Document{"desired": desired(t), "live": live(t)} {
			out := render(t, export.Format(f), d)
			var b strings.Builder
			for _, n := range out.Notes {
				b.WriteString("note: " + n + "\n")
			}
			for _, file := range out.Files {
				fmt.Fprintf(&b, "== %s\n%s", file.Name, file.Text)
				if !strings.Contains(string(file.Text[:min(len(file.Text), 512)]), export.Marker) {
					t.Errorf("%s: %s does not say where it is from", f, file.Name)
				}
			}
			path := filepath.Join("testdata", f+"-"+name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
				t.Errorf("%s: %s", path, diff)
			}
		}
	}
}

// addresses are the sets that a form which knows no foreign ones shall hold.
func addresses(z export.Zone) []string {
	var out []string
	for _, s := range z.Sets {
		if s.Foreign == "" {
			out = append(out, fmt.Sprintf("%s %d %s %s", s.Name, s.TTL, s.Type, s.Addrs))
		}
	}
	return out
}

const soa = "@ 3600 IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ 3600 IN NS ns1.example.net.\n"

// readBack reads a zone file as dnsplan's own provider does.
func readBack(t testing.TB, z zone.Name, text string) *zone.Snapshot {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, z.Display()+".zone"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := zonefile.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Read(t.Context(), z)
	if err != nil {
		t.Fatalf("%v of\n%s", err, text)
	}
	return s
}

func lines(s *zone.Snapshot, keep func(zone.RRset) bool) []string {
	var out []string
	for _, r := range s.RRsets {
		if keep(r) {
			out = append(out, fmt.Sprintf("%s %d %s %s", r.Name, r.TTL, r.Type, r.Addrs))
		}
	}
	return out
}

func TestBINDIsReadBack(t *testing.T) {
	d := desired(t)
	for i, f := range render(t, export.BIND, d).Files {
		z := d.Zones[i]
		got := readBack(t, z.Name, "$ORIGIN "+string(z.Name)+"\n"+soa+string(f.Text))
		if diff := cmp.Diff(addresses(z), lines(got, func(zone.RRset) bool { return true })); diff != "" {
			t.Errorf("%s: %s", f.Name, diff)
		}
	}
	whole := live(t)
	got := readBack(t, whole.Zones[0].Name, string(render(t, export.BIND, whole).Files[0].Text))
	notSplit := func(r zone.RRset) bool { return r.Name != "split.example.org." }
	if diff := cmp.Diff(addresses(whole.Zones[0]), lines(got, notSplit)); diff != "" {
		t.Error(diff)
	}
	if len(got.Others) != 6 {
		t.Errorf("%d other records, want those of the zone without the two that no server reads: %v", len(got.Others), got.Others)
	}
}

// TestNamedLoadsTheZoneFile has BIND's own checker load the whole zone.
func TestNamedLoadsTheZoneFile(t *testing.T) {
	program := needs.Program(t, "named-checkzone", "bind9-utils")
	dir := t.TempDir()
	path, compiled := filepath.Join(dir, "zone"), filepath.Join(dir, "compiled")
	if err := os.WriteFile(path, render(t, export.BIND, live(t)).Files[0].Text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "-i", "local", "-D", "-o", compiled, "example.org", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(compiled)
	if err != nil {
		t.Fatal(err)
	}
	got := readBack(t, "example.org.", string(b))
	notSplit := func(r zone.RRset) bool { return r.Name != "split.example.org." }
	if diff := cmp.Diff(addresses(live(t).Zones[0]), lines(got, notSplit)); diff != "" {
		t.Errorf("BIND read something else: %s\n%s", diff, b)
	}
}

// TestCloudflareIsReadBack reads the zone file, and then the comments, as
// Cloudflare documents them.
func TestCloudflareIsReadBack(t *testing.T) {
	d := live(t)
	text := string(render(t, export.Cloudflare, d).Files[0].Text)
	got := readBack(t, "example.org.", "$ORIGIN example.org.\n"+soa+text)
	var want []string
	for _, s := range d.Zones[0].Sets {
		ttl := max(s.TTL, 60)
		if s.Auto {
			ttl = 1
		}
		if s.Foreign == "" {
			want = append(want, fmt.Sprintf("%s %d %s %s", s.Name, ttl, s.Type, s.Addrs))
		}
	}
	if diff := cmp.Diff(want, lines(got, func(zone.RRset) bool { return true })); diff != "" {
		t.Error(diff)
	}
	tags := map[string][]string{}
	for l := range strings.Lines(text) {
		owner, rest, _ := strings.Cut(strings.TrimSpace(l), "\t")
		_, comment, ok := strings.Cut(rest, " ; ")
		if !ok {
			continue
		}
		at := strings.LastIndex(comment, "cf_tags=")
		if at < 0 {
			t.Errorf("no attributes in %q", comment)
			continue
		}
		tags[owner] = append(tags[owner], strings.TrimSpace(comment[:at])+"|"+comment[at+len("cf_tags="):])
	}
	for owner, want := range map[string][]string{
		"example.org.":        {`at the provider|cf-proxied:true,web,team:"a,b\"c"`, `main; with cf_tags= in it|cf-proxied:true`},
		"www.example.org.":    {`|cf-proxied:true`, `|cf-proxied:true`},
		"www-10.example.org.": {`|cf-proxied:false`},
	} {
		if !slices.Equal(tags[owner], want) {
			t.Errorf("%s: %q, want %q", owner, tags[owner], want)
		}
	}
	if strings.Contains(text, "SOA") || strings.Contains(text, "NS\t") {
		t.Error("SOA or NS of the apex, which are Cloudflare's")
	}
}

// batch mirrors the input of ChangeResourceRecordSets.
type batch struct {
	Comment string
	Changes []struct {
		Action            string
		ResourceRecordSet struct {
			Name, Type      string
			TTL             int64
			ResourceRecords []struct{ Value string }
		}
	}
}

func decodeBatch(t testing.TB, f export.File) batch {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(f.Text)))
	d.DisallowUnknownFields()
	var b batch
	if err := d.Decode(&b); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	if len(b.Comment) > 256 {
		t.Errorf("%s: the comment is too long", f.Name)
	}
	return b
}

var octal = regexp.MustCompile(`\\([0-7]{3})`)

func TestRoute53IsReadBack(t *testing.T) {
	d := desired(t)
	for i, f := range render(t, export.Route53, d).Files {
		var got []string
		for _, c := range decodeBatch(t, f).Changes {
			r := c.ResourceRecordSet
			if c.Action != "UPSERT" || !regexp.MustCompile(`^(\*\.)?([a-z0-9_-]|\\[0-7]{3}|\.)+\.$`).MatchString(r.Name) {
				t.Errorf("%+v", c)
			}
			name := octal.ReplaceAllStringFunc(r.Name, func(s string) string {
				n, _ := strconv.ParseUint(s[1:], 8, 8)
				return fmt.Sprintf(`\%03d`, n)
			})
			var addrs []netip.Addr
			for _, v := range r.ResourceRecords {
				addrs = append(addrs, netip.MustParseAddr(v.Value))
			}
			got = append(got, fmt.Sprintf("%s %d %s %s", zone.Canonical(name), r.TTL, r.Type, addrs))
		}
		if diff := cmp.Diff(addresses(d.Zones[i]), got); diff != "" {
			t.Errorf("%s: %s", f.Name, diff)
		}
	}
}

// TestRoute53Batches keeps to the bounds of a request and parts no name.
func TestRoute53Batches(t *testing.T) {
	for _, names := range []int{0, 1, 250, 251, 1200} {
		z := export.Zone{Name: "example.org."}
		for i := range names {
			n := zone.Name(fmt.Sprintf("n%04d.example.org.", i))
			z.Sets = append(z.Sets,
				export.Set{RRset: zone.RRset{Key: zone.Key{Name: n, Type: zone.A}, TTL: 60, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}},
				export.Set{RRset: zone.RRset{Key: zone.Key{Name: n, Type: zone.AAAA}, TTL: 60, Addrs: []netip.Addr{netip.MustParseAddr("2001:db8:1111:2222:3333:4444:5555:6666")}}})
		}
		files := render(t, export.Route53, export.Document{Zones: []export.Zone{z}}).Files
		seen := map[string]int{}
		changes := 0
		for i, f := range files {
			records, characters := 0, 0
			for _, c := range decodeBatch(t, f).Changes {
				changes++
				if last, ok := seen[c.ResourceRecordSet.Name]; ok && last != i {
					t.Errorf("%s is in two files", c.ResourceRecordSet.Name)
				}
				seen[c.ResourceRecordSet.Name] = i
				for _, r := range c.ResourceRecordSet.ResourceRecords {
					records, characters = records+2, characters+2*len(r.Value)
				}
			}
			if records > 1000 || characters > 32000 {
				t.Errorf("%d names: %s has %d records and %d characters", names, f.Name, records, characters)
			}
		}
		if want := max((2*names+499)/500, 1); changes != 2*names || len(files) != want {
			t.Errorf("%d names: %d changes in %d files, want %d", names, changes, len(files), want)
		}
	}
}

func TestNameSiloIsReadBack(t *testing.T) {
	d := desired(t)
	var got, want []string
	for l := range strings.Lines(string(render(t, export.NameSilo, d).Files[0].Text)) {
		if strings.HasPrefix(l, "#") {
			continue
		}
		op, query, _ := strings.Cut(strings.TrimSuffix(l, "\n"), "?")
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if op != "dnsAddRecord" || v.Get("version") != "1" || v.Get("type") != "xml" || v.Has("key") || len(v) != 7 {
			t.Errorf("%q", l)
		}
		ttl, err := strconv.Atoi(v.Get("rrttl"))
		if err != nil || ttl < 3600 || ttl > 2592000 {
			t.Errorf("TTL of %q", l)
		}
		name := v.Get("domain") + "."
		if h := v.Get("rrhost"); h != "" {
			name = h + "." + name
		}
		got = append(got, name+" "+v.Get("rrtype")+" "+v.Get("rrvalue"))
	}
	for _, z := range d.Zones {
		for _, s := range z.Sets {
			for _, a := range s.Addrs {
				if !strings.Contains(string(s.Name), `\`) {
					want = append(want, fmt.Sprintf("%s %s %s", s.Name, s.Type, a))
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// octoRecord is the form that octoDNS documents, for A and AAAA.
type octoRecord struct {
	Octodns *struct {
		Cloudflare struct {
			AutoTTL bool     `yaml:"auto-ttl"`
			Comment string   `yaml:"comment"`
			Proxied *bool    `yaml:"proxied"`
			Tags    []string `yaml:"tags"`
		} `yaml:"cloudflare"`
	} `yaml:"octodns"`
	TTL    int64    `yaml:"ttl"`
	Type   string   `yaml:"type"`
	Value  string   `yaml:"value"`
	Values []string `yaml:"values"`
}

func TestOctoDNSIsReadBack(t *testing.T) {
	for _, d := range []export.Document{desired(t), live(t)} {
		for i, f := range render(t, export.OctoDNS, d).Files {
			var doc yaml.Node
			if err := yaml.Unmarshal(f.Text, &doc); err != nil {
				t.Fatalf("%v of\n%s", err, f.Text)
			}
			top := doc.Content[0]
			var got []string
			var keys []string
			for j := 0; j < len(top.Content); j += 2 {
				if top.Content[j].Tag != "!!str" {
					t.Errorf("the key %s is no text", top.Content[j].Value)
				}
				keys = append(keys, top.Content[j].Value)
				nodes := []*yaml.Node{top.Content[j+1]}
				if nodes[0].Kind == yaml.SequenceNode {
					nodes = nodes[0].Content
				}
				for _, n := range nodes {
					sortedKeys(t, n)
					got = append(got, octoLine(t, d.Zones[i].Name, top.Content[j].Value, n))
				}
			}
			if slices.Contains(keys, "www-9") && slices.Index(keys, "www-9") > slices.Index(keys, "www-10") {
				t.Errorf("not in natural order: %q", keys)
			}
			var want []string
			for _, l := range addresses(d.Zones[i]) {
				if !strings.Contains(l, `\`) {
					want = append(want, l)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", f.Name, diff)
			}
		}
	}
}

// sortedKeys checks the order of every mapping below n, which octoDNS enforces.
func sortedKeys(t *testing.T, n *yaml.Node) {
	t.Helper()
	var keys []string
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			keys = append(keys, c.Value)
		}
		sortedKeys(t, c)
	}
	if !slices.IsSorted(keys) {
		t.Errorf("keys out of order: %q", keys)
	}
}

func octoLine(t *testing.T, z zone.Name, key string, n *yaml.Node) string {
	t.Helper()
	text, err := yaml.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	d.KnownFields(true)
	var r octoRecord
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%s: %v of\n%s", key, err, text)
	}
	if r.Value != "" {
		r.Values = []string{r.Value}
	}
	var addrs []netip.Addr
	for _, v := range r.Values {
		addrs = append(addrs, netip.MustParseAddr(v))
	}
	name := z
	if key != "" {
		name = zone.Name(key + "." + string(z))
	}
	return fmt.Sprintf("%s %d %s %s", name, r.TTL, r.Type, addrs)
}

// The lines that a dnsconfig.js may consist of.
var (
	jsComment = regexp.MustCompile(`^//.*$`)
	jsVar     = regexp.MustCompile(`^var (DSP_[A-Z0-9_]+|REG_NONE) = (NewRegistrar|NewDnsProvider)\("[^"\\]*"\);$`)
	jsZone    = regexp.MustCompile(`^D\("([^"\\!]+)(![a-z]+)?", REG_NONE, DnsProvider\((DSP_[A-Z0-9_]+)\), DefaultTTL\((\d+)\), NO_PURGE(,?)$`)
	jsRecord  = regexp.MustCompile(`^\t(A|AAAA)\("([^"\\]+)", "([0-9a-f.:]+)"(, CF_PROXY_(?:ON|OFF))?(?:, TTL\((\d+)\))?(, \{"skip_fqdn_check": "true"\})?\)(,?)$`)
)

func TestDNSControlIsReadBack(t *testing.T) {
	d := desired(t)
	var got, want []string
	var origin, defaultTTL string
	open := false
	known := map[string]bool{}
	for l := range strings.Lines(string(render(t, export.DNSControl, d).Files[0].Text)) {
		l = strings.TrimSuffix(l, "\n")
		switch {
		case l == "" || jsComment.MatchString(l):
		case jsVar.MatchString(l):
			known[jsVar.FindStringSubmatch(l)[1]] = true
		case jsZone.MatchString(l):
			m := jsZone.FindStringSubmatch(l)
			origin, defaultTTL, open = m[1], m[4], m[5] == ","
			if !known[m[3]] {
				t.Errorf("%s is not declared", m[3])
			}
		case jsRecord.MatchString(l) && open:
			m := jsRecord.FindStringSubmatch(l)
			name, ttl := m[2]+"."+origin+".", m[5]
			if m[2] == "@" {
				name = origin + "."
			}
			if strings.HasSuffix(m[2], origin) != (m[6] != "") {
				t.Errorf("%s: skip_fqdn_check", l)
			}
			if ttl == "" {
				ttl = defaultTTL
			}
			if ttl == "1" {
				ttl = "300"
			}
			got = append(got, fmt.Sprintf("%s %s %s %s", name, ttl, m[1], m[3]))
			open = m[7] == ","
		case l == ");" && !open:
		default:
			t.Errorf("unexpected line %q", l)
		}
	}
	for _, z := range d.Zones {
		for _, s := range z.Sets {
			for _, a := range s.Addrs {
				if !strings.Contains(string(s.Name), `\`) {
					want = append(want, fmt.Sprintf("%s %d %s %s", s.Name, s.TTL, s.Type, a))
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseFormat(t *testing.T) {
	if f, err := export.ParseFormat("octodns"); err != nil || f != export.OctoDNS {
		t.Errorf("%q, %v", f, err)
	}
	_, err := export.ParseFormat("octodnss")
	if err == nil || err.Error() != `unknown format "octodnss": did you mean "octodns"?` {
		t.Error(err)
	}
}
