package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// A split horizon: what resolvers answer tells which view the authority sees, and
// what to do about the other one repairs it.
func TestCheckViews(t *testing.T) {
	const soa = "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
	www := func(a string) string { return "www.example.org. 300 IN A " + a }
	view := func(name, addr, mark string) string {
		at := resolvertest.Serve(t, resolvertest.NewZone(t, soa, www(addr)))
		return fmt.Sprintf(`[[provider]]
name = %[1]q
type = "zonefile"
dir  = %[1]q
[[zone]]
name     = "example.org"
provider = %[1]q
view     = %[1]q
servers  = [%[2]q]
record = [ { name = "www", a = [%[3]q], ttl = 300%[4]s } ]
`, name, at, addr, mark)
	}
	public := resolvertest.NewZone(t, soa, www("8.8.4.10"))
	public.Recursive = true
	site := func(inside string) *program {
		p := newProgram(t, fmt.Sprintf("version = 1\n[verify]\nresolver = [ { name = \"public\", address = %q } ]\n", resolvertest.Serve(t, public))+
			view("external", "8.8.4.10", `, acme = "http-01"`)+view("internal", "10.0.0.50", inside))
		for name, addr := range map[string]string{"external": "8.8.4.10", "internal": "10.0.0.50"} {
			if err := os.Mkdir(p.path(name), 0o700); err != nil {
				t.Fatal(err)
			}
			p.write(name+"/example.org.zone", strings.Join([]string{soa, www(addr)}, "\n")+"\n")
		}
		return p
	}
	args := []string{"check", "www.example.org", "--only", "D-SPLIT,D-RESERVED"}
	says := func(got ended, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(flowing(got), text) {
				t.Errorf("nothing says %q:\n%s", text, got.stdout)
			}
		}
	}
	says(site("").run(args...).is(t, exitDifferences),
		"10.0.0.50 in view internal, but the authority sees view external", `acme = "none"`, "D-RESERVED as long as D-SPLIT fails")
	got := site(`, acme = "none"`).run(args...).is(t, exitDone)
	says(got, "8.8.4.10 in view external, which the authority sees, and 10.0.0.50 in view internal")
	if strings.Contains(got.stdout, "view internal)") {
		t.Errorf("a view that is not validated is judged:\n%s", got.stdout)
	}
}
