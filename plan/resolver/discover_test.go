package resolver

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

var nsZone = []string{
	"example.org.      3600 IN SOA ns1.example.org. hostmaster.example.org. 7 3600 600 86400 60",
	"example.org.      3600 IN NS  NS2.example.org.",
	"example.org.      3600 IN NS  ns1.example.org.",
	"ns1.example.org.   300 IN A    192.0.2.53",
	"ns1.example.org.   300 IN A    192.0.2.52",
	"ns1.example.org.   300 IN AAAA 2001:db8::53",
	"ns2.example.org.   300 IN A    198.51.100.53",
	"txt.example.org.   300 IN TXT  \"no address here\"",
}

func resolve(t *testing.T, lines []string) Server {
	t.Helper()
	z := resolvertest.NewZone(t, lines...)
	z.Recursive = true
	return udp(resolvertest.Serve(t, z))
}

func showServers(list []NameServer) string {
	var parts []string
	for _, n := range list {
		var s strings.Builder
		s.WriteString(n.Name + ":")
		for _, a := range n.Servers {
			s.WriteString(" " + a.Addr.String())
		}
		parts = append(parts, s.String())
	}
	return strings.Join(parts, "; ")
}

func TestNameServers(t *testing.T) {
	via := resolve(t, nsZone)
	dead := udp(resolvertest.ClosedPort(t))
	foreign := resolve(t, []string{"example.com. 3600 IN SOA a.example.com. b.example.com. 1 2 3 4 5"})
	c := newClient(t, patient)
	const all = "ns1.example.org: 192.0.2.52:53 192.0.2.53:53 [2001:db8::53]:53; ns2.example.org: 198.51.100.53:53"
	for _, tt := range []struct {
		what string
		d    Discovery
		want string
		err  string
	}{
		{"asked", Discovery{Via: []Server{via}}, all, ""},
		{"from the snapshot", Discovery{Via: []Server{via}, NS: []zone.Name{"ns2.example.org."}}, "ns2.example.org: 198.51.100.53:53", ""},
		{"named twice", Discovery{Via: []Server{via}, NS: []zone.Name{"ns2.example.org.", "ns2.example.org."}}, "ns2.example.org: 198.51.100.53:53", ""},
		{"first resolver dead", Discovery{Via: []Server{dead, via}}, all, ""},
		{"first resolver refuses", Discovery{Via: []Server{foreign, via}}, all, ""},
		{"another port", Discovery{Via: []Server{via}, NS: []zone.Name{"ns2.example.org."}, Port: 5353}, "ns2.example.org: 198.51.100.53:5353", ""},
		{"glue alone", Discovery{
			Via: []Server{dead}, NS: []zone.Name{"ns.example.org."},
			Glue: map[zone.Name][]netip.Addr{"ns.example.org.": addrs("192.0.2.9", "2001:db8::9", "192.0.2.8")},
		}, "ns.example.org: 192.0.2.8:53 192.0.2.9:53 [2001:db8::9]:53", ""},
		{
			"name without an address",
			Discovery{Via: []Server{via}, NS: []zone.Name{"ns2.example.org.", "txt.example.org.", "gone.example.org."}},
			"gone.example.org:; ns2.example.org: 198.51.100.53:53; txt.example.org:", "gone.example.org: the name has no address",
		},
		{"all resolvers dead", Discovery{Via: []Server{dead}, NS: []zone.Name{"ns2.example.org."}}, "ns2.example.org:", "refused"},
		{"NS asked of the dead", Discovery{Via: []Server{dead}}, "", "refused"},
		{"no NS", Discovery{Via: []Server{via}, Zone: "txt.example.org."}, "", "no NS records"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			if tt.d.Zone == "" {
				tt.d.Zone = "example.org."
			}
			got, err := c.NameServers(t.Context(), tt.d)
			if showServers(got) != tt.want {
				t.Errorf("%s, want %s", showServers(got), tt.want)
			}
			if (err == nil) != (tt.err == "") || !strings.Contains(fmt.Sprint(err), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestNameServersByResolvConf(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct{ path, err string }{
		{filepath.Join(dir, "absent"), "absent"},
		{write("empty", "# nothing\nsearch example.org\n"), "no resolver"},
	} {
		c := newClient(t, Options{ResolvConf: tt.path})
		if _, err := c.NameServers(t.Context(), Discovery{Zone: "example.org."}); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("error %v, want %q", err, tt.err)
		}
	}
	got := parseResolvConf([]byte("; local\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 \nnameserver junk\nnameserver\noptions edns0\n"))
	if len(got) != 2 || got[0].Addr.String() != "192.0.2.1:53" || got[1].Addr.String() != "[2001:db8::1]:53" {
		t.Errorf("servers %v", got)
	}
}
