package inventory_test

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

var update = flag.Bool("update", false, "rewrite the expected findings in testdata")

// load decodes and resolves a text as Load does.
func load(path, text string) (*inventory.Inventory, inventory.Diagnostics) {
	file, found := inventory.Decode(path, []byte(text))
	if file == nil {
		return nil, found
	}
	return file.Resolve()
}

func mustLoad(t *testing.T, text string) *inventory.Inventory {
	t.Helper()
	inv, found := load("inventory.toml", text)
	if inv == nil {
		t.Fatal(found.Err())
	}
	return inv
}

// TestMistakes loads each file of testdata/mistakes and compares all findings,
// line by line. Run with -update to write what is found into the files.
func TestMistakes(t *testing.T) {
	paths, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no test data", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			head, want, _ := strings.Cut(string(data), "-- want --\n")
			_, text, _ := strings.Cut(head, "-- inventory.toml --\n")
			inv, found := load("inventory.toml", text)
			if inv != nil {
				t.Error("an inventory came back in spite of mistakes")
			}
			got := inventory.Errors(found).Error() + "\n"
			if strings.Contains(got, "canary-secret") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			if *update {
				if err := os.WriteFile(path, []byte(head+"-- want --\n"+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestByteOrderMark loads a file as some editors save it: positions are those
// that the editors show, the digest is that of the whole file.
func TestByteOrderMark(t *testing.T) {
	inv := mustLoad(t, "\ufeffversion = 1\r\n[defaults]\r\nttl = \"5m\"\r\n")
	if inv.Defaults.TTL != 300 {
		t.Errorf("ttl: %d", inv.Defaults.TTL)
	}
	if plain := mustLoad(t, "version = 1\r\n[defaults]\r\nttl = \"5m\"\r\n"); plain.SHA256 == inv.SHA256 {
		t.Error("two files have one digest")
	}
	for text, want := range map[string]string{
		"version = 2\n":              "inventory.toml:1:11: version is 2, but this dnsplan reads version 1",
		"vers = 1\n":                 "inventory.toml:1:1: unknown key \"vers\"",
		"version = 1\nversion = 1\n": "inventory.toml:2:1: key version is already defined",
		"version =\n":                "inventory.toml:1:",
		"\ufeffversion = 1\n":        "inventory.toml:1:1: ",
	} {
		_, found := load("inventory.toml", "\ufeff"+text)
		if !found.Failed() || !strings.Contains(found.Err().Error(), want) {
			t.Errorf("%q: %v, want %s", text, found, want)
		}
	}
}

const preamble = `
version = 1
[[provider]]
name = "p"
type = "sandbox"
[[provider]]
name = "cf"
type = "cloudflare"
[[host]]
name = "dual"
ipv4 = ["192.0.2.9"]
ipv6 = ["2001:db8::9"]
[[host]]
name = "six"
ipv6 = ["2001:DB8:0::6"]
[[zone]]
name = "Example.ORG"
provider = "cf"
`

// TestRecords resolves tables and compares the RRsets, as a zone file has them.
func TestRecords(t *testing.T) {
	for _, test := range []struct{ name, record, want string }{
		{"apex", `name = "@"` + "\n" + `a = ["192.0.2.1"]`, "example.org. 3600 A 192.0.2.1"},
		{"relative", `name = "WWW"` + "\n" + `a = ["192.0.2.1"]`, "www.example.org. 3600 A 192.0.2.1"},
		{"absolute", `name = "www.example.org."` + "\n" + `a = ["192.0.2.1"]`, "www.example.org. 3600 A 192.0.2.1"},
		{"wildcard", `name = "*.lab"` + "\n" + `a = ["192.0.2.1"]`, "*.lab.example.org. 3600 A 192.0.2.1"},
		{"u-label", `name = "ööö"` + "\n" + `a = ["192.0.2.1"]`, "xn--ndaaa.example.org. 3600 A 192.0.2.1"},
		{"escape", `name = 'a\.b'` + "\n" + `a = ["192.0.2.1"]`, `a\.b.example.org. 3600 A 192.0.2.1`},
		{"integer ttl", `name = "@"` + "\nttl = 300\n" + `a = ["192.0.2.1"]`, "example.org. 300 A 192.0.2.1"},
		{"toml integer ttl", `name = "@"` + "\nttl = 0x1_2c\n" + `a = ["192.0.2.1"]`, "example.org. 300 A 192.0.2.1"},
		{"text ttl", `name = "@"` + "\nttl = \"300\"\n" + `a = ["192.0.2.1"]`, "example.org. 300 A 192.0.2.1"},
		{"seconds ttl", `name = "@"` + "\nttl = \"300s\"\n" + `a = ["192.0.2.1"]`, "example.org. 300 A 192.0.2.1"},
		{"days ttl", `name = "@"` + "\nttl = \"2d\"\n" + `a = ["192.0.2.1"]`, "example.org. 172800 A 192.0.2.1"},
		{
			"host", `name = "@"` + "\n" + `hosts = ["dual"]`,
			"example.org. 3600 A 192.0.2.9\nexample.org. 3600 AAAA 2001:db8::9",
		},
		{
			"hosts of one family beside literals", `name = "@"` + "\n" + `hosts = ["six"]` + "\n" + `a = ["192.0.2.1"]`,
			"example.org. 3600 A 192.0.2.1\nexample.org. 3600 AAAA 2001:db8::6",
		},
		{
			"sorted, parsed", `name = "@"` + "\nround_robin = true\n" + `aaaa = ["2001:DB8::2", "2001:db8:0::1"]`,
			"example.org. 3600 AAAA 2001:db8::1 2001:db8::2",
		},
		{
			"families apart", `name = "@"` + "\nttl = 60\n" + `a = ["192.0.2.1"]` + "\n[[zone.record]]\n" + `name = "example.org."` + "\n" + `aaaa = ["2001:db8::1"]`,
			"example.org. 60 A 192.0.2.1\nexample.org. 3600 AAAA 2001:db8::1",
		},
		{
			"proxied for both", `name = "@"` + "\nproxied = true\n" + `a = ["192.0.2.1"]` + "\n[[zone.record]]\n" + `name = "@"` + "\n" + `aaaa = ["2001:db8::1"]`,
			"example.org. 3600 A 192.0.2.1 (proxied)\nexample.org. 3600 AAAA 2001:db8::1 (proxied)",
		},
		{
			"canonical order", `name = "b.a"` + "\n" + `a = ["192.0.2.1"]` + "\n[[zone.record]]\n" + `name = "a"` + "\n" + `a = ["192.0.2.1"]`,
			"a.example.org. 3600 A 192.0.2.1\nb.a.example.org. 3600 A 192.0.2.1",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			inv := mustLoad(t, preamble+"[[zone.record]]\n"+test.record)
			var got []string
			for _, r := range inv.Zones[0].Records {
				got = append(got, r.RRset().String())
			}
			if g := strings.Join(got, "\n"); g != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", g, test.want)
			}
			if len(inv.Warnings) > 0 {
				t.Errorf("warnings: %v", inv.Warnings)
			}
		})
	}
}

// A schedule that never comes is a mistake; one whose days may be misread is told.
func TestSchedulesOfWindows(t *testing.T) {
	for _, tt := range []struct{ cron, want string }{
		{"0 2 * * sat", ""},
		{"0 2 * * THU", ""}, // an H is a hash to the library
		{"0 2 29 2 *", ""},
		{"0 22-2 * * FRI-MON", ""},
		{"0 2 30 2 *", `inventory.toml:5:8: cron "0 2 30 2 *" never comes: there is no such time`},
		{"0 , * * *", `inventory.toml:5:8: cron "0 , * * *" never comes: there is no such time`},
		{"0 H * * *", `is not a schedule of five fields`},
		{"0 2 13 * FRI", `inventory.toml:5:8: warning: cron "0 2 13 * FRI" gives days of the month and weekdays: as in crontab, a day of either kind counts`},
	} {
		f, _ := inventory.Decode("inventory.toml", fmt.Appendf(nil, "version = 1\n[[window]]\nname = \"w\"\nkind = \"deny\"\ncron = %q\nduration = \"1h\"\n", tt.cron))
		_, found := f.Resolve()
		if got := fmt.Sprint(found); tt.want == "" && len(found) > 0 || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.cron, got, tt.want)
		}
	}
}

func TestSmallestInventoryHasDefaults(t *testing.T) {
	inv := mustLoad(t, "version = 1")
	want := inventory.Defaults{TTL: 3600, ChangeTTL: 300, Settle: 10 * time.Minute, Strategy: "staged", OnFailure: "rollback"}
	if inv.Defaults != want {
		t.Errorf("defaults: %+v", inv.Defaults)
	}
	if inv.Verify.Require != "all" || inv.Verify.Timeout != 10*time.Minute || inv.Verify.Resolvers != nil {
		t.Errorf("verify: %+v", inv.Verify)
	}
	if inv.Check.HTTPPort != 80 || len(inv.Zones) != 0 {
		t.Errorf("check %+v, zones %v", inv.Check, inv.Zones)
	}
	if len(inv.SHA256) != 64 || inv.Path != "inventory.toml" || inv.Dir != "." {
		t.Errorf("%s %s %s", inv.SHA256, inv.Path, inv.Dir)
	}
}

func TestServersTellAnEmptyListFromNone(t *testing.T) {
	inv := mustLoad(t, `version = 1
provider = [{ name = "p", type = "sandbox" }]
zone = [
  { name = "a.example", provider = "p" },
  { name = "b.example", provider = "p", servers = [] },
  { name = "c.example", provider = "p", servers = ["192.0.2.53", "[2001:db8::53]:5353", "2001:db8::54", "[2001:db8::55]"] },
]`)
	if inv.Zones[0].ServersGiven || !inv.Zones[1].ServersGiven || len(inv.Zones[1].Servers) != 0 {
		t.Errorf("%+v", inv.Zones[:2])
	}
	want := []netip.AddrPort{
		netip.MustParseAddrPort("192.0.2.53:53"), netip.MustParseAddrPort("[2001:db8::53]:5353"),
		netip.MustParseAddrPort("[2001:db8::54]:53"), netip.MustParseAddrPort("[2001:db8::55]:53"),
	}
	if diff := cmp.Diff(want, inv.Zones[2].Servers, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestLoadTellsAMissingFile(t *testing.T) {
	_, err := inventory.Load(filepath.Join(t.TempDir(), "none.toml"))
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "read inventory: ") {
		t.Errorf("error: %v", err)
	}
}

func TestLoadReturnsAllFindings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory.toml")
	if err := os.WriteFile(path, []byte("version = 1\nnotfy = 1\n[defaults]\nttl = 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := inventory.Load(path)
	errs, ok := errors.AsType[inventory.Errors](err)
	if !ok || len(errs) != 2 {
		t.Fatalf("error: %v", err)
	}
	want := inventory.Diagnostic{
		Severity: inventory.SeverityError, Code: "unknown-key", Summary: `unknown key "notfy"`, Fix: `did you mean "notify"?`,
		File: path, Line: 2, Col: 1, Subject: "notfy",
	}
	if diff := cmp.Diff(want, errs[0]); diff != "" {
		t.Error(diff)
	}
}

func TestWarningsDoNotStopLoading(t *testing.T) {
	inv := mustLoad(t, preamble+"[[zone.record]]\nname = \"www\"\na = [\"192.0.2.1\", \"192.0.2.1\"]\naaaa = []\nttl = 60\nproxied = true\n[[zone.record]]\nname = \"*\"\na = [\"192.0.2.1\"]\nacme = \"http-01\"\n")
	want := []string{
		`inventory.toml:21:19: warning: a: 192.0.2.1 stands twice`,
		`inventory.toml:22:8: warning: aaaa is empty, which deletes nothing (leave it out)`,
		`inventory.toml:23:7: warning: ttl has no effect while www is proxied (leave ttl out)`,
		`inventory.toml:28:8: warning: acme = "http-01", but HTTP-01 cannot prove *.example.org, a wildcard (say acme = "dns-01", or leave acme out)`,
	}
	if got := inventory.Errors(inv.Warnings).Error(); got != strings.Join(want, "\n") {
		t.Errorf("warnings:\n%s", got)
	}
}

func TestWhereFindsTheTableOfARecord(t *testing.T) {
	inv := mustLoad(t, preamble+"[[zone.record]]\nname = \"b\"\na = [\"192.0.2.1\"]\n\n  [[zone.record]]\nname = \"a\"\na = [\"192.0.2.1\"]\n")
	a := inv.Zones[0].Records[0]
	if line, col := inv.Where(0, a); a.Name != "a.example.org." || line != 23 || col != 3 {
		t.Errorf("%s at %d:%d", a.Name, line, col)
	}
}

func TestLookups(t *testing.T) {
	inv := mustLoad(t, preamble)
	if _, ok := inv.Zone(zone.MustParseName("example.org"), ""); !ok {
		t.Error("zone not found")
	}
	if _, ok := inv.Zone(zone.MustParseName("example.org"), "inside"); ok {
		t.Error("a view that does not exist was found")
	}
	p, ok := inv.Provider("cf")
	if !ok || p.Type != "cloudflare" {
		t.Errorf("provider: %+v", p)
	}
	if h, ok := inv.Host("six"); !ok || len(h.IPv4) != 0 {
		t.Errorf("host: %+v", h)
	}
}

func TestPathsStartAtTheFolder(t *testing.T) {
	inv, _ := load("conf/dns/inventory.toml", "version = 1")
	if got := inv.InFolder("zones"); got != filepath.Join("conf", "dns", "zones") {
		t.Errorf("relative: %s", got)
	}
	if got := inv.InFolder("/srv/zones"); got != "/srv/zones" {
		t.Errorf("absolute: %s", got)
	}
}
