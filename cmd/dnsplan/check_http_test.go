package main

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// The checks of HTTP as the inventory has them: its port, its webroot, its hosts.
func TestCheckHTTP(t *testing.T) {
	web := acmetest.Listen(t, "127.0.0.11", "127.0.0.12")
	webroot := t.TempDir()
	acmetest.Serve(t, web[0], http.NotFoundHandler())
	acmetest.Serve(t, web[1], http.FileServer(http.Dir(webroot)))
	text := "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60\n" +
		"example.org. 300 IN NS ns1.example.org.\nns1.example.org. 300 IN A 127.0.0.1\nwww.example.org. 300 IN A 127.0.0.11\n"
	zone := resolvertest.NewZone(t,
		"example.org.     300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60",
		"www.example.org. 300 IN A 127.0.0.11")
	port := acmetest.Port(web[0])
	p := newProgram(t, fmt.Sprintf(`version = 1
[check]
http_port = %d
allow_reserved = true
[check.challenge]
webroot = %q
[[provider]]
name = "files"
type = "zonefile"
dir  = "zones"
[[host]]
name = "new"
ipv4 = ["127.0.0.12"]
acme_client = true
[[zone]]
name     = "example.org"
provider = "files"
servers  = [%q]
ignore   = ["ns1"]
record = [
  { name = "www", hosts = ["new"], acme = "http-01" },
]
`, port, webroot, resolvertest.Serve(t, zone)))
	p.write("zones/example.org.zone", text)

	old, client := fmt.Sprintf("127.0.0.11:%d", port), fmt.Sprintf("127.0.0.12:%d", port)
	p.run("check", "--only", "H-TOKEN,B-BRIDGE").is(t, exitDifferences,
		"H-TOKEN", old, "answered 404", "B-BRIDGE", "proxy_pass http://"+client+";", "location ^~ /.well-known/acme-challenge/ {")
	p.run("check", "--only", "H-LB,H-PORT80,H-PATH,H-REDIR,H-WAF,H-VANTAGE").is(t, exitDone, "H-PORT80", "H-VANTAGE", "[[vantage]]")
	if left, err := os.ReadDir(webroot); err != nil || len(left) > 0 {
		t.Errorf("the webroot holds %v (%v)", left, err)
	}
	zone.Set("example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 2 3600 600 86400 60", "www.example.org. 300 IN A 127.0.0.12")
	p.write("zones/example.org.zone", text[:len(text)-3]+"12\n")
	p.run("check", "--only", "H").is(t, exitDone, "H-TOKEN", "H-LB")
}
