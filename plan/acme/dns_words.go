package acme

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// said are the answers, for Finding.Asked.
func said(answers []resolver.Answer) []Asked {
	out := make([]Asked, len(answers))
	for i, a := range answers {
		out[i] = Asked{a.Server.String(), a.Key.Type.String() + ": " + saying(a)}
	}
	return out
}

// saying is one answer in words: "192.0.2.1, TTL 300".
func saying(a resolver.Answer) string {
	if a.Status == resolver.Answered {
		return holding(a) + ", TTL " + a.TTL.String()
	}
	return holding(a)
}

// holding is saying without the TTL.
func holding(a resolver.Answer) string {
	text := silence(a.Status, a.EDE)
	switch a.Status {
	case resolver.Answered:
		text = listed(a.Addrs)
	case resolver.NoData:
		text = "no " + a.Key.Type.String() + " record"
	case resolver.NXDomain:
		text = "the name does not exist"
	}
	if len(a.CNAME) > 0 {
		text = "an alias of " + displayed(a.CNAME, ", of ") + ": " + text
	}
	return text
}

// silence is why there is no answer, with the server's own words.
func silence(s resolver.Status, ede string) string {
	if ede != "" {
		return s.String() + " (" + ede + ")"
	}
	return s.String()
}

// displayed are names as people read them.
func displayed(names []zone.Name, between string) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = n.Display()
	}
	return strings.Join(words, between)
}

// whose names servers, each once: "ns1.example.org (192.0.2.53:53) and ns2 ...".
func whose(answers []resolver.Answer) string {
	var words []string
	for _, a := range answers {
		if w := a.Server.String(); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return joinedWords(words)
}

// noneOf names those at which something is missing, as whose, and in short where it
// is every one of more than two servers.
func (s *Subject) noneOf(answers []resolver.Answer) string {
	servers := map[resolver.Server]bool{}
	for _, a := range answers {
		servers[a.Server] = true
	}
	if len(servers) > 2 && len(servers) == len(s.Zone.addresses()) {
		return "any of its name servers"
	}
	return whose(answers)
}

// of are the answers about one family.
func of(t zone.Type, answers []resolver.Answer) (out []resolver.Answer) {
	for _, a := range answers {
		if a.Key.Type == t {
			out = append(out, a)
		}
	}
	return out
}

// definite are the answers that say what the name holds.
func definite(answers []resolver.Answer) (out []resolver.Answer) {
	for _, a := range answers {
		if a.Status.Definite() {
			out = append(out, a)
		}
	}
	return out
}

// nobody is the finding where no authoritative server can be asked, or none of
// those that were answered; ok is false where one did.
func (s *Subject) nobody(answers []resolver.Answer) (f Finding, ok bool) {
	z := s.Zone.ZoneRef.Zone.Display()
	switch {
	case len(s.Zone.addresses()) == 0 && s.Zone.ServersErr != nil:
		return unclear(nil, "the name servers of %s are not known: %v", z, s.Zone.ServersErr).because("D-AUTH"), true
	case len(s.Zone.addresses()) == 0:
		return unclear(nil, "no name server of %s is asked: the inventory names none", z).because("D-AUTH").with(Remedy{
			Do:    "Name the servers in the inventory, or leave servers out to have them found:",
			Paste: inventoryZone(s.Zone) + `servers = ["ADDRESS"]`,
		}), true
	case len(definite(answers)) == 0:
		return unclear(said(answers), "no name server of %s says what it holds: %s", z, failures(answers)).because("D-AUTH"), true
	}
	return Finding{}, false
}

// inventoryZone is the head of a zone's table.
func inventoryZone(z *Zone) string {
	text := fmt.Sprintf("[[zone]]\nname = %q\n", z.ZoneRef.Zone.Display())
	if z.View != "" {
		text += fmt.Sprintf("view = %q\n", z.View)
	}
	return text
}

// failures says how questions went wrong, each way once.
func failures(answers []resolver.Answer) string {
	var words []string
	for _, a := range answers {
		if w := a.Server.String() + ": " + silence(a.Status, a.EDE); !a.Status.Definite() && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return strings.Join(words, "; ")
}

// line is a record as a line of its zone's file: "www 300 IN A 192.0.2.1".
func (s *Subject) line(name zone.Name, ttl zone.TTL, kind, data string) string {
	return fmt.Sprintf("%s %s IN %s %s", name.Relative(s.Zone.ZoneRef.Zone), ttl, kind, data)
}

// lines are records of addresses at the subject's name.
func (s *Subject) lines(ttl zone.TTL, addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, s.line(s.Name, ttl, zone.TypeOf(a).String(), a.String()))
	}
	return strings.Join(out, "\n")
}

// wantedLines are the wanted records as lines of the zone's file.
func (s *Subject) wantedLines(types ...zone.Type) string {
	var out []string
	for _, r := range s.Records {
		if len(types) == 0 || slices.Contains(types, r.Type) {
			out = append(out, s.lines(cmp.Or(r.TTL, zone.AutoTTL), r.Addrs))
		}
	}
	return strings.Join(out, "\n")
}

// inZone names the zone: "zone example.org", "zone example.org, view internal".
func (s *Subject) inZone() string {
	if s.Zone.View != "" {
		return fmt.Sprintf("zone %s, view %s", s.Zone.ZoneRef.Zone.Display(), s.Zone.View)
	}
	return "zone " + s.Zone.ZoneRef.Zone.Display()
}

// apply is to write what the inventory says.
func (s *Subject) apply() Remedy {
	return Remedy{Do: "Have it written as the inventory says:", Paste: s.applied()}
}

// applied are the commands that plan the name alone, and apply that.
func (s *Subject) applied() string {
	name := s.Name.Display()
	return fmt.Sprintf("dnsplan plan -o %s.plan %s\ndnsplan apply %s.plan", name, name, name)
}

// again is to make a check once more.
func (s *Subject) again(c ID) Remedy {
	return Remedy{Do: "Then look again:", Paste: s.recheck(c)}
}

// recheck is the command that makes checks of the name.
func (s *Subject) recheck(checks ...ID) string {
	words := make([]string, len(checks))
	for i, c := range checks {
		words[i] = string(c)
	}
	return "dnsplan check " + s.Name.Display() + " --only " + strings.Join(words, ",")
}

// home says whose an address is, in brackets behind a space; empty where the
// inventory does not say.
func (r Record) home() string {
	var words []string
	for _, h := range r.Hosts {
		if h.ACMEClient {
			words = append(words, h.Name+", where the ACME client runs")
		} else {
			words = append(words, h.Name)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, "; ") + ")"
}

// moment is a time as people read it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// span is a duration as people read it, to the second and in the two biggest units.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 24*time.Hour:
		d = d.Truncate(time.Hour)
	case d >= time.Hour:
		d = d.Truncate(time.Minute)
	}
	return cmp.Or(zone.FormatDuration(d), "0s")
}

// seconds says a TTL: "86400 s (1d)".
func seconds(t zone.TTL) string {
	if t < 120 {
		return t.String() + " s"
	}
	return fmt.Sprintf("%s s (%s)", t, zone.FormatDuration(t.Duration()))
}
