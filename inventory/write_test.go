package inventory_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// sameMeaning compares inventories but for where they came from.
func sameMeaning() cmp.Options {
	return cmp.Options{
		cmpopts.IgnoreFields(inventory.Inventory{}, "SHA256", "Warnings"),
		cmpopts.IgnoreUnexported(inventory.Inventory{}, inventory.Record{}),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
		cmp.Comparer(func(a, b zone.Glob) bool { return a.String() == b.String() }),
	}
}

func written(t interface{ Fatal(...any) }, inv *inventory.Inventory) string {
	var b bytes.Buffer
	if err := inventory.Write(&b, inv); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteUndoneByLoad(t *testing.T) {
	example := everythingOn(readExample(t))
	first, found := load("inventory.toml", example)
	if first == nil {
		t.Fatal(found.Err())
	}
	text := written(t, first)
	second, found := load("inventory.toml", text)
	if second == nil {
		t.Fatalf("%v in:\n%s", found.Err(), text)
	}
	if diff := cmp.Diff(first, second, sameMeaning()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if again := written(t, second); again != text {
		t.Error("equal inventories gave different bytes")
	}
}

// TestWriteText shows the form that import writes.
func TestWriteText(t *testing.T) {
	addr := netip.MustParseAddr
	yes := true
	inv := &inventory.Inventory{
		Defaults:  inventory.Defaults{TTL: 3600, ChangeTTL: 300, Settle: 600e9, Strategy: inventory.Staged},
		Verify:    inventory.Verify{Require: "all", Timeout: 600e9},
		Check:     inventory.Check{HTTPPort: 80},
		Providers: []inventory.Provider{{Name: "cf", Type: "cloudflare", Settings: map[string]string{"api_token": "env:T"}}},
		Hosts:     []inventory.Host{{Name: "web", IPv4: []netip.Addr{addr("192.0.2.1")}, IPv6: []netip.Addr{addr("2001:db8::1")}}},
		Zones: []inventory.Zone{{
			Name: "example.org.", Provider: "cf",
			Records: []inventory.Record{
				{Key: zone.Key{Name: "example.org.", Type: zone.A}, TTL: 3600, Addrs: []netip.Addr{addr("192.0.2.1"), addr("192.0.2.2")}},
				{Key: zone.Key{Name: "www.example.org.", Type: zone.A}, TTL: 300, Addrs: []netip.Addr{addr("192.0.2.1")}, Hosts: []string{"web"}, Proxied: &yes},
				{Key: zone.Key{Name: "www.example.org.", Type: zone.AAAA}, TTL: 300, Addrs: []netip.Addr{addr("2001:db8::1")}, Hosts: []string{"web"}, Proxied: &yes},
				{Key: zone.Key{Name: "six.example.org.", Type: zone.AAAA}, TTL: 3600, Addrs: []netip.Addr{addr("2001:db8::1")}, Hosts: []string{"web"}},
				{Key: zone.Key{Name: "a.example.org.example.org.", Type: zone.A}, TTL: 90, Addrs: []netip.Addr{addr("192.0.2.1")}, Comment: "tab\there"},
			},
		}},
	}
	want, err := os.ReadFile("testdata/written.toml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(written(t, inv), "\n")); diff != "" {
		t.Error(diff)
	}
	if back, found := load("x", string(want)); back == nil {
		t.Error(found.Err())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteTellsAFailedWrite(t *testing.T) {
	err := inventory.Write(brokenWriter{}, mustLoad(t, "version = 1"))
	if err == nil || err.Error() != "write inventory: disk full" {
		t.Errorf("error: %v", err)
	}
}

// TestWriteUndoneByLoadProperty draws inventories as text, so that what is
// compared is all that a file can say.
func TestWriteUndoneByLoadProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawInventory(t)
		first, found := load("inventory.toml", text)
		if first == nil {
			t.Fatalf("%v in:\n%s", found.Err(), text)
		}
		out := written(t, first)
		second, found := load("inventory.toml", out)
		if second == nil {
			t.Fatalf("%v in:\n%s", found.Err(), out)
		}
		if diff := cmp.Diff(first, second, sameMeaning()); diff != "" {
			t.Fatalf("(-before +after):\n%s\n%s", diff, out)
		}
	})
}

func drawInventory(t *rapid.T) string {
	var b strings.Builder
	b.WriteString("version = 1\n")
	fmt.Fprintf(&b, "[defaults]\nttl = %d\nsettle = \"%dm\"\n", rapid.Int32Range(1, 1<<31-1).Draw(t, "ttl"), rapid.IntRange(0, 200).Draw(t, "settle"))
	if rapid.Bool().Draw(t, "failure") {
		fmt.Fprintf(&b, "on_failure = %q\nmax_plan_age = \"%dh\"\n", rapid.SampledFrom([]string{"rollback", "hold"}).Draw(t, "on failure"), rapid.IntRange(1, 200).Draw(t, "age"))
	}
	b.WriteString(rapid.SampledFrom([]string{
		"", "[check]\nhttp_port = 8080\nhttps_port = 8443\nallow_reserved = true\n",
		"[check]\nca = \"zerossl\"\nready = 60\n", "[check]\nready = \"61s\"\nca_identities = [\"CA.example.net.\", \"letsencrypt.org\"]\n",
		"[check]\nca = \"https://ca.example.net/dir\"\nca_roots = \"ca.pem\"\naccounturi = \"https://ca.example.net/acct/1\"\neab_kid = \"env:KID\"\neab_hmac_key = \"file:mac\"\n",
		"[check]\nca = \"https://acme-staging-v02.api.letsencrypt.org/directory\"\n[check.challenge]\nlisten = \"[::]:80\"\n",
		"[check.challenge]\ncommand = [\"place\", \"\"]\n[[host]]\nname = \"web\"\nipv4 = [\"192.0.2.9\"]\n[host.challenge]\nwebroot = \"/srv/\\\"w\"\n",
	}).Draw(t, "check"))
	if rapid.Bool().Draw(t, "backup") {
		fmt.Fprintf(&b, "[backup]\nkeep = \"%dd\"\n", rapid.IntRange(1, 200).Draw(t, "keep"))
	}
	b.WriteString("[[provider]]\nname = \"p\"\ntype = \"cloudflare\"\n")
	b.WriteString("[[host]]\nname = \"four\"\nipv4 = [\"192.0.2.4\"]\n[[host]]\nname = \"six\"\nipv6 = [\"2001:db8::6\"]\n")
	b.WriteString("[[host]]\nname = \"dual\"\nipv4 = [\"192.0.2.5\"]\nipv6 = [\"2001:db8::6\"]\n")
	for _, z := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"example.org", "example.net", "sub.example.org"}), 0, 3, rapid.ID[string]).Draw(t, "zones") {
		fmt.Fprintf(&b, "[[zone]]\nname = %q\nprovider = \"p\"\n", z)
		if rapid.Bool().Draw(t, "servers") {
			b.WriteString("servers = [" + rapid.SampledFrom([]string{"", `"192.0.2.53"`, `"[2001:db8::53]:5353", "192.0.2.1"`}).Draw(t, "list") + "]\n")
		}
		drawRecords(t, &b, z)
	}
	return b.String()
}

func drawRecords(t *rapid.T, b *strings.Builder, z string) {
	names := []string{"@", "www", "*", "a.b", "ööö", z + "." + z + ".", "_x"}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 5, rapid.ID[string]).Draw(t, "names") {
		tables := rapid.SampledFrom([][]string{
			{`a = ["192.0.2.1"]`},
			{`a = ["192.0.2.1", "192.0.2.2"]` + "\nround_robin = true"},
			{`aaaa = ["2001:db8::1"]` + "\nround_robin = true"},
			{`a = ["192.0.2.1"]` + "\n" + `aaaa = ["2001:db8::1"]`},
			{`a = ["192.0.2.1"]`, `aaaa = ["2001:db8::1"]` + "\nttl = 77\nproxied = false"},
			{`hosts = ["dual"]`},
			{`hosts = ["six", "four"]`},
			{`hosts = ["dual", "six"]`},
			{`hosts = ["dual", "four"]` + "\nround_robin = true"},
			{`hosts = ["six"]` + "\n" + `a = ["192.0.2.1"]`},
			{`hosts = ["six"]`, `hosts = ["four"]` + "\nreplace_cname = true"},
		}).Draw(t, "addresses")
		comment := rapid.StringMatching(`[a-z"\\ \t]{0,6}`).Draw(t, "comment")
		group := rapid.SampledFrom([]string{"", "web"}).Draw(t, "group")
		for _, table := range tables {
			fmt.Fprintf(b, "[[zone.record]]\nname = \"%s\"\n%s\n", name, table)
			fmt.Fprintf(b, "comment = %q\ngroup = %q\n", comment, group)
			b.WriteString(rapid.SampledFrom([]string{
				"", "[zone.record.probe]\ntype = \"tcp\"\nport = 25\n",
				"[zone.record.probe]\ntype = \"tls\"\nhost = \"www.example.net\"\nca = \"ca.pem\"\ntimeout = 9\n",
				"[zone.record.probe]\ntype = \"http\"\nhost = \"www.example.org.\"\nstatus = 204\nbody = \"all \\\"is\\\" well\"\n",
				"[zone.record.probe]\ntype = \"http\"\nscheme = \"https\"\nport = 8443\nhost = \"a.example\"\npath = \"/up?x=1\"\nstatus = \"2xx\"\n",
			}).Draw(t, "probe"))
		}
	}
}
