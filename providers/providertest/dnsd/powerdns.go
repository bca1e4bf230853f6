package dnsd

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// PowerDNSOptions is what a PowerDNS server serves and allows.
type PowerDNSOptions struct {
	// Zones maps the origins of zones of kind Native to zone-file text. They
	// have no SOA-EDIT-API, so that writes over the API leave the serial.
	Zones map[string]string
	// Listen is where to answer the DNS; port 0 or the zero value is any free
	// port. The API has a free port of its own on the same address.
	Listen netip.AddrPort
	// Key may update and transfer every zone; the zero value is TestKey.
	Key Key
	// APIKey is the key of the HTTP API; empty is TestAPIKey.
	APIKey string
	// NoUpdate and NoTransfer refuse what Key may do otherwise.
	NoUpdate, NoTransfer bool
}

// TestAPIKey is the key of the HTTP API when the options name none.
const TestAPIKey = "dnsplan-test-api-key"

// PowerDNS starts pdns_server over an SQLite database of its own, as a primary
// that takes dynamic updates, with its HTTP API at Server.API. The database is
// as the server's own package makes it.
func PowerDNS(tb testing.TB, o PowerDNSOptions) *Server {
	tb.Helper()
	pdns := needs.Program(tb, "pdns_server", "pdns-server")
	schema := findSchema(tb)
	if o.Key == (Key{}) {
		o.Key = TestKey()
	}
	if o.APIKey == "" {
		o.APIKey = TestAPIKey
	}
	s := &Server{tb: tb, program: "pdns_server", listen: o.Listen, Key: o.Key, zones: slices.Sorted(maps.Keys(o.Zones))}
	s.control = filepath.Join(shortDir(tb), "pdns.controlsocket")
	var beside netip.AddrPort
	s.command = func(s *Server) *exec.Cmd {
		for s.Addr != beside || s.api == s.Addr { // a restart keeps the port
			s.api, beside = freeAddr(tb, s.Addr.Addr()), s.Addr
		}
		s.writeOnce("pdns.conf", powerDNSConfig(s, o))
		s.fillDatabase(schema, o)
		return exec.Command(pdns, "--config-dir="+s.dir, "--daemon=no", "--guardian=no")
	}
	return s.run()
}

// API is the base URL of a PowerDNS server's HTTP API.
func (s *Server) API() string { return "http://" + s.api.String() }

// findSchema returns the file with the tables of PowerDNS's SQLite backend.
func findSchema(tb testing.TB) string {
	tb.Helper()
	for _, path := range []string{
		"/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql",
		"/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql",
		"/usr/share/doc/pdns/schema.sqlite3.sql",
	} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	needs.Missing(tb, "the SQLite backend of PowerDNS", "pdns-backend-sqlite3")
	return ""
}

func powerDNSConfig(s *Server, o PowerDNSOptions) string {
	from := "127.0.0.0/8,::1"
	if o.NoUpdate {
		from = ""
	}
	return fmt.Sprintf(`launch=gsqlite3
gsqlite3-database=%s
gsqlite3-pragma-synchronous=0
local-address=%v
local-port=%d
server-id=%s
socket-dir=%s
api=yes
api-key=%s
webserver=yes
webserver-address=%v
webserver-port=%d
webserver-allow-from=127.0.0.0/8,::1
dnsupdate=yes
allow-dnsupdate-from=%s
allow-axfr-ips=
receiver-threads=1
distributor-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
security-poll-suffix=
loglevel=6
`, s.database(), s.Addr.Addr(), s.Addr.Port(), s.id, filepath.Dir(s.control), o.APIKey, s.api.Addr(), s.api.Port(), from)
}

func (s *Server) database() string { return filepath.Join(s.dir, "pdns.sqlite3") }

// fillDatabase makes the database where there is none: the tables, the zones
// and what the key may do with them.
func (s *Server) fillDatabase(schema string, o PowerDNSOptions) {
	s.tb.Helper()
	if _, err := os.Stat(s.database()); err == nil {
		return
	}
	tables, err := os.ReadFile(schema)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.writeOnce("pdns.sqlite3", "") // an empty file is an empty database
	s.SQL(strings.Split(strings.TrimSpace(string(tables)), ";")...)
	if len(s.zones) > 0 {
		args := []string{"load-zone"}
		for i, z := range s.zones {
			args = append(args, z, s.writeOnce(zoneFile(i), o.Zones[z]))
		}
		s.pdnsutil(args...)
	}
	s.SQL(fmt.Sprintf("INSERT INTO tsigkeys (name, algorithm, secret) VALUES ('%s', '%s', '%s')", o.Key.Name, o.Key.Algorithm, o.Key.Secret))
	if !o.NoUpdate {
		s.permit("TSIG-ALLOW-DNSUPDATE")
	}
	if !o.NoTransfer {
		s.permit("TSIG-ALLOW-AXFR")
	}
}

// permit lets the key do something with every zone.
func (s *Server) permit(what string) {
	s.SQL(fmt.Sprintf("INSERT INTO domainmetadata (domain_id, kind, content) SELECT id, '%s', '%s' FROM domains", what, s.Key.Name))
}

// SQL executes statements on the database of a PowerDNS server, as its
// administrator may.
func (s *Server) SQL(statements ...string) {
	s.tb.Helper()
	args := []string{"backend-cmd", "gsqlite3"}
	for _, st := range statements {
		if st = strings.TrimSpace(st); st != "" {
			args = append(args, st)
		}
	}
	s.pdnsutil(args...)
}

// LoadZone replaces what a zone of a PowerDNS server holds by zone-file text. Its
// dynamic updates refuse some records, which a zone may hold nevertheless.
func (s *Server) LoadZone(zone, text string) {
	s.tb.Helper()
	file := filepath.Join(s.tb.TempDir(), "load.zone")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	s.pdnsutil("load-zone", zone, file)
}

func (s *Server) pdnsutil(args ...string) {
	s.tb.Helper()
	util := needs.Program(s.tb, "pdnsutil", "pdns-server")
	out, err := exec.CommandContext(s.tb.Context(), util, append([]string{"--config-dir=" + s.dir}, args...)...).CombinedOutput()
	if err != nil {
		s.tb.Fatalf("pdnsutil %s: %v: %s", args[0], err, out)
	}
}

// apiAnswers tells whether the HTTP API of s answers; other servers have none.
func (s *Server) apiAnswers() bool {
	if s.api == (netip.AddrPort{}) {
		return true
	}
	req, err := http.NewRequestWithContext(s.tb.Context(), http.MethodGet, s.API()+"/api/v1/servers", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := (&http.Client{Timeout: askTimeout}).Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusUnauthorized
}
