package sandbox_test

import (
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// protocolZone has one of everything that the lookup rules speak of.
const protocolZone = `
$TTL 60
@        IN SOA ns1 host 7 1h 1h 1h 5
@        NS    ns1
@        NS    ns2.example.net.
@        A     192.0.2.1
@        MX    10 mail
ns1      A     192.0.2.53
www      300 A 192.0.2.1
www      200 A 192.0.2.2
www      AAAA  2001:db8::1
www      A     192.0.2.1 ; again
alias    CNAME www
away     CNAME www.example.net.
dangling CNAME nowhere
loop     CNAME loop2
loop2    CNAME loop
into     CNAME host.sub
sub      NS    ns.sub
sub      NS    ns.example.net.
sub      DS    1 13 2 AA
ns.sub   A     192.0.2.54
ns.sub   AAAA  2001:db8::54
a.deep.tree A  192.0.2.3
*.wild   A     192.0.2.4
*.wild   TXT   "x"
host.wild AAAA 2001:db8::4
*.aliases CNAME www
old-tree DNAME new.example.org.
x.new    A     192.0.2.6
we\.ird  A     192.0.2.7
\065bc   A     192.0.2.8
outside.example.net. A 192.0.2.9
`

// soa is what every negative answer of protocolZone carries: the TTL is the
// SOA's MINIMUM, which is below its own TTL.
const soa = "ns example.org. 5 IN SOA ns1.example.org. host.example.org. 7 3600 3600 3600 5"

func TestAuthorityAnswers(t *testing.T) {
	store := storeOf(t, nil, protocolZone)
	if err := store.Put("example.com.", "@ 9 SOA ns host 1 1h 1h 1h 60\n@ 9 DS 1 13 2 AA\n"); err != nil {
		t.Fatal(err)
	}
	a := authority(t, store, "ns1", 0)
	for _, c := range []struct{ ask, want string }{
		{"example.org. A", "NOERROR aa\nexample.org. 60 IN A 192.0.2.1"},
		{"www.example.org. A", "NOERROR aa\nwww.example.org. 60 IN A 192.0.2.1\nwww.example.org. 60 IN A 192.0.2.2"},
		{"wWw.eXample.oRg. AAAA", "NOERROR aa\nwWw.eXample.oRg. 60 IN AAAA 2001:db8::1"},
		{"example.org. MX", "NOERROR aa\nexample.org. 60 IN MX 10 mail.example.org."},
		{"example.org. NS", "NOERROR aa\nexample.org. 60 IN NS ns1.example.org.\nexample.org. 60 IN NS ns2.example.net."},
		// No such type, no such name, an empty non-terminal.
		{"www.example.org. MX", "NOERROR aa\n" + soa},
		{"nowhere.example.org. A", "NXDOMAIN aa\n" + soa},
		{"deep.tree.example.org. A", "NOERROR aa\n" + soa},
		{"tree.example.org. A", "NOERROR aa\n" + soa},
		// Aliases.
		{"alias.example.org. AAAA", "NOERROR aa\nalias.example.org. 60 IN CNAME www.example.org.\nwww.example.org. 60 IN AAAA 2001:db8::1"},
		{"alias.example.org. CNAME", "NOERROR aa\nalias.example.org. 60 IN CNAME www.example.org."},
		{"alias.example.org. MX", "NOERROR aa\nalias.example.org. 60 IN CNAME www.example.org.\n" + soa},
		{"away.example.org. A", "NOERROR aa\naway.example.org. 60 IN CNAME www.example.net."},
		{"dangling.example.org. A", "NXDOMAIN aa\ndangling.example.org. 60 IN CNAME nowhere.example.org.\n" + soa},
		// Wildcards (RFC 4592).
		{"any.wild.example.org. A", "NOERROR aa\nany.wild.example.org. 60 IN A 192.0.2.4"},
		{"a.b.wild.example.org. TXT", "NOERROR aa\na.b.wild.example.org. 60 IN TXT \"x\""},
		{"any.wild.example.org. MX", "NOERROR aa\n" + soa},
		{"host.wild.example.org. A", "NOERROR aa\n" + soa},
		{"below.host.wild.example.org. A", "NXDOMAIN aa\n" + soa},
		{"*.wild.example.org. A", "NOERROR aa\n*.wild.example.org. 60 IN A 192.0.2.4"},
		{"wild.example.org. A", "NOERROR aa\n" + soa},
		{"q.aliases.example.org. AAAA", "NOERROR aa\nq.aliases.example.org. 60 IN CNAME www.example.org.\nwww.example.org. 60 IN AAAA 2001:db8::1"},
		// Zone cuts.
		{"sub.example.org. DS", "NOERROR aa\nsub.example.org. 60 IN DS 1 13 2 AA"},
		{"www.sub.example.org. A", "NOERROR\nns sub.example.org. 60 IN NS ns.sub.example.org.\nns sub.example.org. 60 IN NS ns.example.net.\nadd ns.sub.example.org. 60 IN A 192.0.2.54\nadd ns.sub.example.org. 60 IN AAAA 2001:db8::54"},
		{"ns.sub.example.org. A", "NOERROR\nns sub.example.org. 60 IN NS ns.sub.example.org.\nns sub.example.org. 60 IN NS ns.example.net.\nadd ns.sub.example.org. 60 IN A 192.0.2.54\nadd ns.sub.example.org. 60 IN AAAA 2001:db8::54"},
		{"into.example.org. A", "NOERROR aa\ninto.example.org. 60 IN CNAME host.sub.example.org.\nns sub.example.org. 60 IN NS ns.sub.example.org.\nns sub.example.org. 60 IN NS ns.example.net.\nadd ns.sub.example.org. 60 IN A 192.0.2.54\nadd ns.sub.example.org. 60 IN AAAA 2001:db8::54"},
		{"x.old-tree.example.org. A", "NOERROR aa\nold-tree.example.org. 60 IN DNAME new.example.org.\nx.old-tree.example.org. 60 IN CNAME x.new.example.org.\nx.new.example.org. 60 IN A 192.0.2.6"},
		// ANY gets one RRset (RFC 8482); odd names; other zones.
		{"example.org. ANY", "NOERROR aa\nexample.org. 60 IN A 192.0.2.1"},
		{"tree.example.org. ANY", "NOERROR aa\n" + soa},
		{`we\.ird.example.org. A`, "NOERROR aa\n" + `we\.ird.example.org. 60 IN A 192.0.2.7`},
		{`abc.example.org. A`, "NOERROR aa\nabc.example.org. 60 IN A 192.0.2.8"},
		{"example.com. DS", "NOERROR aa\nexample.com. 9 IN DS 1 13 2 AA"},
		{"outside.example.net. A", "REFUSED"},
		{"xexample.org. A", "REFUSED"},
		{". NS", "REFUSED"},
		{"example.org. AXFR", "REFUSED"},
		{"example.org. MAILB", "NOTIMP"},
	} {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(network+" "+c.ask, func(t *testing.T) {
				for _, addr := range a.Addrs() {
					want(t, render(exchange(t, network, addr, question(c.ask))), c.want)
				}
			})
		}
	}
}

func TestAliasLoopEnds(t *testing.T) {
	a := authority(t, storeOf(t, nil, protocolZone), "ns1", 0)
	q := question("loop.example.org. A")
	q.SetEdns0(1232, false)
	if m := exchange(t, "udp", a.Addr(), q); m.Rcode != 0 || len(m.Answer) != 16 {
		t.Errorf("got %s", render(m))
	}
}

func TestPutRefusesWhatCannotBeServed(t *testing.T) {
	const head = "@ 60 SOA ns host 1 1h 1h 1h 5\n"
	store := storeOf(t, nil, head+"www 60 A 192.0.2.1")
	a := authority(t, store, "ns1", 0)
	for _, c := range []struct{ text, want string }{
		{"www 60 A 192.0.2.1", "put zone example.org.: no SOA record at the apex"},
		{head + head[:5] + "SOA ns host 2 1h 1h 1h 5", "put zone example.org.: example.org.: second SOA record"},
		{head + "www 60 CNAME a\nwww 60 A 192.0.2.1", "put zone example.org.: www.example.org.: CNAME and other data (RFC 1034, section 3.6.2)"},
		{head + "www 60 CNAME a\nwww 60 CNAME b", "put zone example.org.: www.example.org.: CNAME and other data (RFC 1034, section 3.6.2)"},
		{head + "www 60 CH TXT a", "put zone example.org.: www.example.org.: class CH is not served"},
		{head + "$INCLUDE other", `put zone example.org.: example.org.: dns: $INCLUDE directive not allowed: "other" at line: 2:14`},
		{head + "www 60 A 192.0.2.256", `put zone example.org.: example.org.: dns: bad A A: "192.0.2.256" at line: 2:20`},
	} {
		err := store.Put("example.org.", c.text)
		if err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	want(t, ask(t, a, "www.example.org. A"), "NOERROR aa\nwww.example.org. 60 IN A 192.0.2.1")
}

func TestSpecialOrigins(t *testing.T) {
	store := storeOf(t, nil, "@ SOA ns host 1 1h 1h 1h 5\nwww A 192.0.2.1\n")
	for origin, text := range map[zone.Name]string{
		".":                "@ 60 SOA ns host 1 1h 1h 1h 5\n* 60 TXT root\nx 60 DNAME example.org.\n",
		"sub.example.org.": "@ 60 SOA ns host 1 1h 1h 1h 5\nwww 60 A 192.0.2.2\n",
	} {
		if err := store.Put(origin, text); err != nil {
			t.Fatal(err)
		}
	}
	a := authority(t, store, "ns1", 0)
	for _, c := range []struct{ ask, want string }{
		{"www.example.org. A", "NOERROR aa\nwww.example.org. 5 IN A 192.0.2.1"}, // no TTL anywhere: the MINIMUM
		{"www.sub.example.org. A", "NOERROR aa\nwww.sub.example.org. 60 IN A 192.0.2.2"},
		{"sub.example.org. DS", "NXDOMAIN aa\nns example.org. 5 IN SOA ns.example.org. host.example.org. 1 3600 3600 3600 5"},
		{"q. TXT", "NOERROR aa\nq. 60 IN TXT \"root\""},
	} {
		t.Run(c.ask, func(t *testing.T) { want(t, ask(t, a, c.ask), c.want) })
	}
	store.Remove("sub.example.org.")
	store.Remove("not.there.")
	want(t, ask(t, a, "www.sub.example.org. A"), "NXDOMAIN aa\nns example.org. 5 IN SOA ns.example.org. host.example.org. 1 3600 3600 3600 5")
}
