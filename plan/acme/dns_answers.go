package acme

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// of are the answers about one family.
func of(t zone.Type, answers []resolver.Answer) []resolver.Answer {
	return filter(answers, func(a resolver.Answer) bool { return a.Key.Type == t })
}

// definite are the answers that say what the name holds.
func definite(answers []resolver.Answer) []resolver.Answer {
	return filter(answers, func(a resolver.Answer) bool { return a.Status.Definite() })
}

// aliased are the answers that came through a CNAME.
func aliased(answers []resolver.Answer) []resolver.Answer {
	return filter(answers, func(a resolver.Answer) bool { return a.Status.Definite() && len(a.CNAME) > 0 })
}

// missing are the answers that say there is no such RRset.
func missing(answers []resolver.Answer) []resolver.Answer {
	return filter(answers, func(a resolver.Answer) bool {
		return a.Status.Definite() && a.Status != resolver.Answered && len(a.CNAME) == 0
	})
}

// without are the answers, one a server, of those that have neither an address of
// any family nor an alias. A server that does not say of both families is none of
// them.
func without(answers []resolver.Answer) []resolver.Answer {
	bare := map[resolver.Server]int{}
	return filter(missing(answers), func(a resolver.Answer) bool {
		bare[a.Server]++
		return bare[a.Server] == len(families())
	})
}

// unrouted are the answers of servers that there is no way to from here.
func unrouted(answers []resolver.Answer) []resolver.Answer {
	return filter(answers, func(a resolver.Answer) bool { return a.Status == resolver.NoRoute })
}

// highest is the answer with the highest TTL.
func highest(answers []resolver.Answer) (high resolver.Answer, ok bool) {
	for _, a := range answers {
		if a.Status == resolver.Answered && (!ok || a.TTL > high.TTL) {
			high, ok = a, true
		}
	}
	return high, ok
}

// addressesOf are the addresses that answers give, A before AAAA, where any is
// definite.
func addressesOf(answers []resolver.Answer) (out []netip.Addr, known bool) {
	for _, t := range families() {
		for _, a := range definite(of(t, answers)) {
			known = true
			for _, x := range a.Addrs {
				if !slices.Contains(out, x) {
					out = append(out, x)
				}
			}
		}
	}
	return out, known
}

// nobody is the finding where no authoritative server can be asked, or none of
// those that were answered; ok is false where one did.
func (s *Subject) nobody(answers []resolver.Answer) (f Finding, ok bool) {
	z := s.Zone.Zone.Display()
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
