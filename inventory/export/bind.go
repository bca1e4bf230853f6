package export

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// bind renders a zone file (RFC 1035, section 5). Without what is live it is a
// part for $INCLUDE: addresses alone, no SOA and no NS.
func bind(z Zone, n *notes) []byte {
	var b bytes.Buffer
	what := "the addresses that the inventory wants; a part to $INCLUDE, without SOA and NS"
	switch {
	case !z.Live:
		n.add("%s: address records only, without SOA and NS; with --live it is a whole zone file", z.title())
	case !hasSOA(z):
		what = "all that the provider shows, which is no SOA record: a server needs one added"
		n.add("%s: the provider shows no SOA record: add one before a server loads this", z.title())
	default:
		what = "the whole zone"
	}
	fmt.Fprintf(&b, "; %s of %s: %s\n$ORIGIN %s\n", Marker, line(z.title()), what, masterName(string(z.Name)))
	for _, apex := range []bool{true, false} {
		for _, r := range z.Others {
			if (r.Type == "SOA" && r.Name == z.Name) == apex {
				otherLine(&b, r)
			}
		}
	}
	for _, s := range z.Sets {
		bindSet(&b, z, s)
	}
	return b.Bytes()
}

func hasSOA(z Zone) bool {
	for _, r := range z.Others {
		if r.Type == "SOA" && r.Name == z.Name {
			return true
		}
	}
	return false
}

// otherLine writes a record of another type, as a comment where a name server
// would refuse it and with it the whole file.
func otherLine(b *bytes.Buffer, r zone.Record) {
	text, standard := backup.RecordLine(r)
	if standard {
		if rr, err := dns.NewRR(text); err != nil || rr == nil {
			text = "; not standard: " + text
		}
	}
	b.WriteString(text + "\n")
}

func bindSet(b *bytes.Buffer, z Zone, s Set) {
	start, note := "", s.Foreign
	if s.Detail != "" {
		note += ": " + s.Detail
	}
	if !served(s.RRset) {
		start = "; "
	}
	owner := masterName(s.Name.Relative(z.Name))
	if len(s.Addrs) == 0 {
		fmt.Fprintf(b, "; %s\t%d\tIN\t%s\t; %s\n", owner, s.TTL, s.Type, line(note))
		return
	}
	for i, a := range s.Addrs {
		fmt.Fprintf(b, "%s%s\t%d\tIN\t%s\t%s", start, owner, s.TTL, s.Type, a)
		if text := bindNote(s, i, note); text != "" {
			b.WriteString("\t; " + line(text))
		}
		b.WriteByte('\n')
	}
}

func bindNote(s Set, i int, note string) string {
	var parts []string
	if note != "" {
		parts = append(parts, note)
	}
	if s.Proxied {
		parts = append(parts, "proxied")
	}
	if c := s.comment(i); c != "" {
		parts = append(parts, c)
	}
	return strings.Join(parts, ", ")
}

// served tells whether the addresses of a set are records of the zone, as
// backups have it.
func served(r zone.RRset) bool {
	switch r.Foreign {
	case "alias", "traffic-policy", "disabled":
		return false
	}
	return true
}

// masterName is a name of a zone, or relative to one, in a zone file: a dollar
// sign in front would be a directive.
func masterName(n string) string { return strings.ReplaceAll(n, "$", `\$`) }
