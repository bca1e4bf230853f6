package config

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
)

// vendor is a provider that says what a test wants it to say.
type vendor struct {
	listed  []zone.Name
	listErr error
	read    func(ctx context.Context, z zone.Name) (*zone.Snapshot, error)
	limits  map[zone.Name]providers.Limits
	found   []providers.Finding
	left    providers.Budget
}

func (v *vendor) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	if v.read != nil {
		return v.read(ctx, z)
	}
	return &zone.Snapshot{Zone: z}, nil
}

func (v *vendor) Write(context.Context, zone.Name, []providers.Change) (providers.Receipt, error) {
	panic("doctor never writes")
}
func (v *vendor) Limits(z zone.Name) providers.Limits                      { return v.limits[z] }
func (v *vendor) ListZones(context.Context) ([]zone.Name, error)           { return v.listed, v.listErr }
func (v *vendor) Examine(context.Context, []zone.Name) []providers.Finding { return v.found }
func (v *vendor) Budget() providers.Budget                                 { return v.left }

// shy is a vendor that lists no zone and answers for single names.
type shy struct{ vendor }

func (s *shy) Look(_ context.Context, z zone.Name, _ []zone.Key) (*zone.Snapshot, error) {
	return &zone.Snapshot{Zone: z}, nil
}

const examined = `version = 1
[[provider]]
name = "first"
type = "zonefile"
dir = "zones"
[[provider]]
name = "second"
type = "zonefile"
dir = "zones"
[[zone]]
name = "example.org"
provider = "first"
[[zone]]
name = "example.net"
provider = "first"
[[zone]]
name = "example.com"
provider = "second"
`

// session has both providers opened already.
func session(t *testing.T, first, second providers.Provider) *Session {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inventory.toml")
	if err := os.WriteFile(path, []byte(examined), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Settings{Inventory: path, StateDir: filepath.Join(filepath.Dir(path), ".dnsplan")}, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.opened["first"], s.opened["second"] = first, second
	return s
}

// told are the lines about a provider, without those that say that it is open.
func told(e report.Examination, provider string) []string {
	var out []string
	for _, c := range e.Checks {
		if c.Name != provider || c.Topic == "open" {
			continue
		}
		line := fmt.Sprintf("%s %s %s: %s", c.Verdict, c.Topic, c.Zone, c.Detail)
		if c.Remedy != "" {
			line += " -> " + c.Remedy
		}
		out = append(out, line)
	}
	return out
}

func quiet(error) string { return "" }

func TestExamine(t *testing.T) {
	addr := []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	full := func(_ context.Context, z zone.Name) (*zone.Snapshot, error) {
		return &zone.Snapshot{
			Zone:   z,
			RRsets: []zone.RRset{{Addrs: addr}, {Foreign: "weighted"}, {Foreign: "alias"}, {Foreign: "alias"}},
			Others: []zone.Record{{Type: "MX"}},
		}, nil
	}
	broken := func(_ context.Context, z zone.Name) (*zone.Snapshot, error) {
		if z == "example.net." {
			return nil, errors.New(`provider "first": it is Monday`)
		}
		return full(nil, z)
	}
	const anyLimits = "ok limits : any TTL; a failure may leave a part applied; dnsplan reads right before it writes"
	const unknown = "ok budget : 0 requests made for this, the vendor does not tell what is left"
	const whole = "4 address RRsets (not written by dnsplan: 1 weighted, 2 alias), 1 other record"
	tests := []struct {
		name string
		p    providers.Provider
		want []string
	}{
		{"all is well", &vendor{
			listed: []zone.Name{"example.net.", "example.org."}, read: full,
			found: []providers.Finding{
				{Topic: "clock", Detail: "as the vendor's"},
				{Topic: "zone", Zone: "example.org.", Detail: "plan free"},
				{Topic: "credentials", Detail: "active"},
			},
			left:   providers.Budget{Limit: 1200, Remaining: 1196, Reset: now.Add(time.Minute), Used: 4},
			limits: map[zone.Name]providers.Limits{"example.org.": {MinTTL: 60, MaxTTL: 86400, Batch: 200, Atomic: true, Proxy: true}, "example.net.": {MinTTL: 60, MaxTTL: 86400, Batch: 200, Atomic: true, Proxy: true}},
		}, []string{
			"ok credentials : active",
			"ok zones : 2 visible, among them all 2 of the inventory",
			"ok zone example.org.: plan free",
			"ok records example.org.: " + whole,
			"ok records example.net.: " + whole,
			"ok limits : TTL 1m to 1d; 200 changes at once; applied whole or not at all; dnsplan reads right before it writes; has a proxy",
			"ok budget : 4 requests made for this, 1196 of 1200 left until 06:01:00 UTC",
			"ok clock : as the vendor's",
		}},
		{"limits by zone", &vendor{
			listed: []zone.Name{"example.net.", "example.org."},
			left:   providers.Budget{Limit: 100, Remaining: 9, Reset: now, Used: 1},
			limits: map[zone.Name]providers.Limits{"example.org.": {MinTTL: 3600, Batch: 1, Sync: 30 * time.Minute}, "example.net.": {MaxTTL: 600, Conditional: true}},
		}, []string{
			"ok zones : 2 visible, among them all 2 of the inventory",
			"ok records example.org.: 0 address RRsets, 0 other records",
			"ok records example.net.: 0 address RRsets, 0 other records",
			"ok limits example.org.: TTL 1h or more; 1 change at a time; a failure may leave a part applied; dnsplan reads right before it writes; in sync after up to 30m",
			"ok limits example.net.: TTL up to 10m; a failure may leave a part applied; the provider compares as it writes",
			"unclear budget : 1 request made for this, 9 of 100 left until 06:00:00 UTC -> runs wait for the reset; see what else uses the account",
		}},
		{"a zone is not shown and cannot be read", &vendor{listed: []zone.Name{"example.org."}, read: broken}, []string{
			"wrong zones : 1 visible, not among them: example.net -> check the zone's name and provider in the inventory, and which zones the credentials may see",
			"ok records example.org.: " + whole,
			"wrong records example.net.: it is Monday -> check dir of the provider; -v shows each request",
			anyLimits, unknown,
		}},
		{"zones are not shown, yet readable", &vendor{listed: []zone.Name{"example.org."}, read: full}, []string{
			"unclear zones : 1 visible, not among them: example.net -> check the zone's name and provider in the inventory, and which zones the credentials may see",
			"ok records example.org.: " + whole,
			"ok records example.net.: " + whole,
			anyLimits, unknown,
		}},
		{"listing is refused, reading is not", &vendor{listErr: providers.ErrCredentials, read: full}, []string{
			"unclear zones : credentials refused",
			"ok records example.org.: " + whole,
			"ok records example.net.: " + whole,
			anyLimits, unknown,
		}},
		{"everything is refused", &vendor{
			listErr: providers.ErrCredentials,
			read:    func(context.Context, zone.Name) (*zone.Snapshot, error) { return nil, providers.ErrCredentials },
		}, []string{
			"wrong zones : credentials refused -> check dir of the provider; -v shows each request",
			"wrong records example.org.: credentials refused -> check dir of the provider; -v shows each request",
			"wrong records example.net.: credentials refused -> check dir of the provider; -v shows each request",
			anyLimits, unknown,
		}},
		{"what the vendor says is wrong is not told twice", &vendor{
			listErr: providers.ErrCredentials,
			read:    func(context.Context, zone.Name) (*zone.Snapshot, error) { return nil, providers.ErrCredentials },
			found:   []providers.Finding{{Topic: "zone", Zone: "example.net.", Verdict: providers.Bad, Detail: "not on this account"}},
		}, []string{
			"wrong zones : credentials refused -> check dir of the provider; -v shows each request",
			"wrong records example.org.: credentials refused -> check dir of the provider; -v shows each request",
			"wrong zone example.net.: not on this account -> check dir of the provider; -v shows each request",
			anyLimits, unknown,
		}},
		{"what cannot work is not tried", &vendor{
			listErr: errors.New("never asked"),
			read:    func(context.Context, zone.Name) (*zone.Snapshot, error) { panic("never read") },
			found:   []providers.Finding{{Topic: "credentials", Verdict: providers.Bad, Detail: "revoked", Remedy: "make another"}},
		}, []string{
			"wrong credentials : revoked -> make another",
			anyLimits, unknown,
		}},
		{"not listed, and names cannot be asked for", &vendor{
			listed: []zone.Name{"example.net.", "example.org."},
			read: func(context.Context, zone.Name) (*zone.Snapshot, error) {
				return nil, fmt.Errorf("transfer refused: %w", providers.ErrNoListing)
			},
		}, []string{
			"ok zones : 2 visible, among them all 2 of the inventory",
			"unclear records example.org.: transfer refused: the zone is not listed",
			"unclear records example.net.: transfer refused: the zone is not listed",
			anyLimits, unknown,
		}},
		{"not listed, names can be asked for", &shy{vendor{
			listed: []zone.Name{"example.net.", "example.org."},
			read:   func(context.Context, zone.Name) (*zone.Snapshot, error) { return nil, providers.ErrNoListing },
		}}, []string{
			"ok zones : 2 visible, among them all 2 of the inventory",
			"unclear records example.org.: the inventory's names can be asked for, others are not seen: the zone is not listed -> permit the listing or the transfer of the zone, so that plans see what the inventory does not hold",
			"unclear records example.net.: the inventory's names can be asked for, others are not seen: the zone is not listed -> permit the listing or the transfer of the zone, so that plans see what the inventory does not hold",
			anyLimits, unknown,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := session(t, tt.p, &vendor{})
			if diff := cmp.Diff(tt.want, told(s.Examine(t.Context(), now, quiet), "first")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := os.Stat(s.Settings.StateDir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the state folder was made: %v", err)
			}
		})
	}
}

// TestExamineImpatient: a provider that never answers costs half a minute, not
// more, and stands in nobody's way; the order is the inventory's all the same.
func TestExamineImpatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := &vendor{read: func(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
			<-ctx.Done()
			return nil, fmt.Errorf("read %s: %w", z, ctx.Err())
		}}
		s := session(t, silent, &vendor{listed: []zone.Name{"example.com."}})
		began := time.Now()
		e := s.Examine(t.Context(), now, quiet)
		if d := time.Since(began); d != patience {
			t.Errorf("took %s", d)
		}
		lines := told(e, "first")
		if !slices.Contains(lines, "wrong records example.org.: no answer within 30s -> check dir of the provider; -v shows each request") {
			t.Errorf("%q", lines)
		}
		if lines := told(e, "second"); !slices.Contains(lines, "ok records example.com.: 0 address RRsets, 0 other records") {
			t.Errorf("%q", lines)
		}
		var order []string
		for _, c := range e.Checks {
			order = append(order, c.Subject+" "+c.Name)
		}
		if got := slices.Compact(order); !slices.Equal(got, []string{"provider first", "provider second", "state folder "}) {
			t.Errorf("order %q", got)
		}
	})
}

// TestExamineInterrupted: Ctrl-C ends it at once.
func TestExamineInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := &vendor{read: func(ctx context.Context, _ zone.Name) (*zone.Snapshot, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		s := session(t, silent, silent)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		s.Examine(ctx, now, quiet)
		if d := time.Since(began); d != time.Second {
			t.Errorf("took %s", d)
		}
	})
}

// TestAnswers judges what a resolver says about a zone.
func TestAnswers(t *testing.T) {
	server := resolver.Server{Name: "one", Addr: netip.MustParseAddrPort("192.0.2.53:53")}
	query := func(s resolver.Status, cause string) error {
		return &resolver.QueryError{Server: server, Question: "example.org. SOA", Status: s, Cause: errors.New(cause)}
	}
	tests := []struct {
		answer  resolver.SOAAnswer
		verdict providers.Verdict
		detail  string
	}{
		{resolver.SOAAnswer{Status: resolver.Answered, Rcode: "NOERROR", RTT: 12345 * time.Microsecond}, providers.Good, "192.0.2.53:53, in 12 ms"},
		{resolver.SOAAnswer{Status: resolver.Answered, Rcode: "NOERROR", RTT: time.Microsecond}, providers.Good, "192.0.2.53:53, in less than 1 ms"},
		{resolver.SOAAnswer{Status: resolver.NXDomain, Rcode: "NXDOMAIN"}, providers.Unclear, "192.0.2.53:53 knows no zone example.org: NXDOMAIN"},
		{resolver.SOAAnswer{Status: resolver.NoData, Rcode: "NOERROR"}, providers.Unclear, "192.0.2.53:53 knows no zone example.org: no data"},
		{resolver.SOAAnswer{Status: resolver.Refused, Rcode: "REFUSED", Err: query(resolver.Refused, "REFUSED")}, providers.Bad, "192.0.2.53:53 does not resolve example.org: REFUSED"},
		{resolver.SOAAnswer{Status: resolver.ServFail, Rcode: "SERVFAIL", Err: query(resolver.ServFail, "SERVFAIL (DNSSEC Bogus)")}, providers.Bad, "192.0.2.53:53 does not resolve example.org: SERVFAIL (DNSSEC Bogus)"},
		{resolver.SOAAnswer{Status: resolver.ConnRefused, Err: query(resolver.ConnRefused, "read udp 192.0.2.1:4711: connection refused")}, providers.Bad, "192.0.2.53:53: connection refused"},
		{resolver.SOAAnswer{Status: resolver.Timeout, Err: query(resolver.Timeout, "no reply in 3 tries")}, providers.Bad, "192.0.2.53:53: timed out"},
		{resolver.SOAAnswer{Status: resolver.Malformed, Err: query(resolver.Malformed, "malformed reply: too short")}, providers.Bad, "192.0.2.53:53: malformed reply: too short"},
	}
	for _, tt := range tests {
		tt.answer.Server, tt.answer.Zone = server, "example.org."
		f := answers(tt.answer)
		if f.Verdict != tt.verdict || f.Detail != tt.detail || (f.Remedy == "") != (f.Verdict == providers.Good) {
			t.Errorf("%s: %+v, want %s %q", tt.answer.Status, f, tt.verdict, tt.detail)
		}
	}
}

// TestExamineState looks at state folders that are there and that are not.
func TestExamineState(t *testing.T) {
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(filepath.Join(dir, "good"), 0o700))
	must(os.Mkdir(filepath.Join(dir, "open"), 0o700))
	must(os.Chmod(filepath.Join(dir, "open"), 0o777))
	must(os.Symlink("good", filepath.Join(dir, "link")))
	must(os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	for name, want := range map[string]string{
		"good":     "ok DIR/good can be written",
		"new":      "ok DIR/new is not there yet, the first run makes it",
		"new/deep": "ok DIR/new/deep is not there yet, the first run makes it",
		"open":     "wrong DIR/open: others may write to it (mode 0777) -> run: chmod 700 DIR/open",
		"link":     "wrong DIR/link: it is a symbolic link -> name the folder itself",
		"file":     "wrong DIR/file: it is not a folder -> name another one with --state-dir",
		"file/in":  "wrong lstat DIR/file/in: not a directory",
	} {
		c := (&Session{Settings: Settings{StateDir: filepath.Join(dir, name)}}).examineState(quiet)
		got := c.Verdict.String() + " " + c.Detail
		if c.Remedy != "" {
			got += " -> " + c.Remedy
		}
		if got = strings.ReplaceAll(got, dir, "DIR"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
}

// TestExamineOnceOfAll: what is wrong with the whole provider is not said again
// of each of its zones; what is wrong with a zone of its own is.
func TestExamineOnceOfAll(t *testing.T) {
	const down = "dial tcp 192.0.2.1:443: connection refused"
	bad := func(topic string, z zone.Name, detail string, err error) providers.Finding {
		return providers.Finding{Topic: topic, Zone: z, Verdict: providers.Bad, Detail: detail, Remedy: "mend it", Err: err}
	}
	refused := providers.ErrCredentials
	tests := []struct {
		name  string
		found []providers.Finding
		want  []string
	}{
		{"nobody listens", []providers.Finding{
			bad("credentials", "", "api_token: "+down, errors.New(down)),
			bad("zone", "example.org.", down, errors.New(down)), bad("zone", "example.net.", down, errors.New(down)),
		}, []string{"wrong credentials : api_token: " + down + " -> mend it"}},
		{"a revoked token", []providers.Finding{
			bad("credentials", "", "api_token: refused: Invalid API Token (1000)", refused),
			bad("zone", "example.org.", "refused: Invalid access token (9109)", refused),
			{Topic: "zone", Zone: "example.net.", Detail: "active"},
		}, []string{"wrong credentials : api_token: refused: Invalid API Token (1000) -> mend it", "ok zone example.net.: active"}},
		{"a zone is missing, too", []providers.Finding{
			bad("clock", "", "an hour ahead", nil), bad("credentials", "", "api_token expires today", nil),
			bad("zone", "example.org.", "no such zone", providers.ErrZoneNotFound),
		}, []string{"wrong credentials : api_token expires today -> mend it", "wrong zone example.org.: no such zone -> mend it"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := session(t, &vendor{found: tt.found}, &vendor{})
			got := slices.DeleteFunc(told(s.Examine(t.Context(), time.Now(), quiet), "first"), func(line string) bool {
				return strings.HasPrefix(line, "ok limits") || strings.HasPrefix(line, "ok budget") || strings.HasPrefix(line, "wrong clock")
			})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
