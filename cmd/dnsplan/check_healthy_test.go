package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// speaksEDNS answers with EDNS where it is asked with it, as name servers do.
type speaksEDNS struct{ dns.Handler }

func (h speaksEDNS) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	h.Handler.ServeDNS(ednsWriter{w, q}, q)
}

type ednsWriter struct {
	dns.ResponseWriter
	q *dns.Msg
}

func (w ednsWriter) WriteMsg(m *dns.Msg) error {
	if w.q.IsEdns0() != nil {
		m.SetEdns0(1232, false)
	}
	return w.ResponseWriter.WriteMsg(m)
}

// oneSite is an inventory of www.example.org alone, which web serves by HTTP and
// nobody by HTTPS, with its challenges out of a folder, and a name server that gives
// the zone. The zone's file is the caller's.
func oneSite(t *testing.T, web net.Listener, webroot string, zone *resolvertest.Zone) *program {
	t.Helper()
	host, _, err := net.SplitHostPort(web.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return newProgram(t, fmt.Sprintf(`version = 1
[check]
http_port = %d
https_port = %d
allow_reserved = true
[check.challenge]
webroot = %q
[[provider]]
name = "files"
type = "zonefile"
dir  = "zones"
[[zone]]
name     = "example.org"
provider = "files"
servers  = [%q]
ignore   = ["ns1"]
record = [{ name = "www", a = [%q] }]
`, acmetest.Port(web), resolvertest.ClosedPort(t).Port(), webroot, resolvertest.Serve(t, speaksEDNS{zone}), host))
}

// A fresh site with a web server, one A record and nothing written down yet is not
// wrong: warnings alone, and exit code 0. One thing that breaks is wrong.
func TestCheckFreshSite(t *testing.T) {
	web := acmetest.Listen(t, "127.0.0.21")
	webroot := t.TempDir()
	acmetest.Serve(t, web[0], http.FileServer(http.Dir(webroot)))
	soa := "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
	zone := resolvertest.NewZone(t, soa, "www.example.org. 3600 IN A 127.0.0.21")
	p := oneSite(t, web[0], webroot, zone)
	file := soa + "\nexample.org. 300 IN NS ns1.example.org.\nns1.example.org. 300 IN A 127.0.0.1\nwww.example.org. 3600 IN A 127.0.0.21\n"
	p.write("zones/example.org.zone", file)

	e := p.run("check", "--json").is(t, exitDone)
	var doc struct {
		Worst   string
		Summary map[string]int
	}
	if err := json.Unmarshal([]byte(e.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Worst != "warning" || doc.Summary["error"]+doc.Summary["fatal"] > 0 {
		t.Errorf("worst %s, %v", doc.Worst, doc.Summary)
	}
	p.run("check").is(t, exitDone, "warning   O-BACKUP", "H-TOKEN", "with www.example.org")
	if _, err := os.Stat(p.path(".dnsplan")); !os.IsNotExist(err) {
		t.Errorf("a check has made the state folder: %v", err)
	}
	p.write("zones/example.org.zone", "no zone")
	p.run("check").is(t, exitError, "D-AUTH D-EXPECT D-SINGLE", "H-PORT80 H-TOKEN H-PATH", "provider \"files\"") // told without the provider
	p.write("zones/example.org.zone", file)
	_ = web[0].Close()
	p.run("check").is(t, exitDifferences, "error     H-PORT80", "H-TOKEN  as long as H-PORT80 fails")
}
