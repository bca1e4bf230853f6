package acme

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// operationChecks are the rows of the table about how the name is kept.
func operationChecks() []check {
	return []check{
		{"O-INV", Warning, "server, purpose, owner and ACME client are written down", checkInventory},
		{"O-BACKUP", Error, "there is a backup of the zone that can be read", checkBackup},
		{"O-ROLL", Error, "there is a way back, and a server at its end", checkWayBack},
		{"O-MON", Warning, "somebody looks whether live is what it should be", checkWatch},
		{"O-GROUP", Warning, "names that belong together have the same addresses", checkGroup},
	}
}

// checkInventory is O-INV.
func checkInventory(_ context.Context, e *examination) []Finding {
	log, known, err := told(e.opts.Past.Changes)
	if err != nil {
		return []Finding{unclear(nil, "the change log cannot be read: %v", err)}
	}
	return []Finding{e.judgeInventory(log, known)}
}

// judgeInventory names what the inventory leaves out, and what the change log does
// not tell about the name's values.
func (e *examination) judgeInventory(log []journal.Change, known bool) Finding {
	s, name := e.subject, e.subject.Name.Display()
	var missing, lines []string
	lack := func(yes bool, what, line string) {
		if yes {
			missing, lines = append(missing, what), append(lines, line)
		}
	}
	hosts := s.hosts()
	lack(len(hosts) == 0, "the server", `hosts   = ["HOST"] # a [[host]], in place of its addresses`)
	lack(s.Owner == "", "the owner", `owner   = "TEAM"`)
	lack(s.Comment == "", "the purpose", `comment = "PURPOSE"`)
	lack(s.ACME == "", "how it is validated", `acme    = "http-01"`)
	var out Finding
	if len(missing) > 0 {
		out = failed(nil, "the inventory does not say of %s: %s", name, strings.Join(missing, ", ")).with(
			Remedy{Do: fmt.Sprintf("Write into its record in the inventory, in %s:", s.inZone()), Paste: strings.Join(lines, "\n")})
	} else {
		out = passed(nil, "server, owner, purpose and validation of %s are in the inventory", name)
	}
	if len(hosts) > 0 && s.ACME == HTTP01 && !slices.ContainsFunc(hosts, func(h Host) bool { return h.ACMEClient }) && e.client().Planter == nil {
		out = failed(nil, "%s", joinedSummary(out, "no host of "+name+" says that an ACME client runs there")).with(out.Remedies...).with(
			Remedy{Do: fmt.Sprintf("Write into the [[host]] where it runs, perhaps %s:", hosts[0].Name), Paste: "acme_client = true"})
	}
	if told := s.untold(log); known && told != "" {
		out = failed([]Asked{{Who: "change log", Said: told}}, "%s", joinedSummary(out, "the change log does not tell of what is live")).with(out.Remedies...).with(
			Remedy{Do: "See what has changed past dnsplan:", Paste: "dnsplan drift"})
	}
	return out
}

// joinedSummary adds to what is missing; what was well is left out.
func joinedSummary(f Finding, more string) string {
	if f.Outcome == Fail {
		return f.Summary + "; " + more
	}
	return more
}

// hosts are those of all records.
func (s *Subject) hosts() (out []Host) {
	for _, r := range s.Records {
		out = append(out, r.Hosts...)
	}
	return out
}

// untold says how live differs from the last entry of the change log about each
// RRset; empty where it does not, and where there is none.
func (s *Subject) untold(log []journal.Change) string {
	for _, t := range families() {
		live, ok := s.Live(t)
		if !ok {
			continue
		}
		if last, ok := lastOf(log, s, t); ok {
			was := strings.Join(last.stands(), ", ")
			var is []string
			for _, a := range live.Addrs {
				is = append(is, a.String())
			}
			if now := strings.Join(is, ", "); now != was {
				return fmt.Sprintf("%s %s is %s since %s, and live is %s", s.Name.Display(), t, was, minute(last.At), now)
			}
		}
	}
	return ""
}

func lastOf(log []journal.Change, s *Subject, t zone.Type) (out logged, ok bool) {
	for _, c := range log {
		if c.Zone == s.Zone.Zone && c.View == s.Zone.View && c.Name == s.Name && c.Type == t.String() {
			out, ok = logged{c}, true
		}
	}
	return out, ok
}

// watchedFor is how long a comparison of live with the inventory counts.
const watchedFor = 25 * time.Hour

// checkWatch is O-MON.
func checkWatch(_ context.Context, e *examination) []Finding {
	last, known, err := told(e.opts.Past.Watched)
	if err != nil {
		return []Finding{unclear(nil, "when live was last compared cannot be read: %v", err)}
	}
	return []Finding{e.judgeWatch(last, known)}
}

func (e *examination) judgeWatch(last time.Time, known bool) Finding {
	hourly := Remedy{Do: "Have it compared every hour; for cron, with a [[notify]] that tells of drift:", Paste: "DIR=" + e.opts.Folder + "\n17 * * * * cd \"$DIR\" && dnsplan drift --no-color"}
	now, name := e.opts.Now(), e.subject.Name.Display()
	switch {
	case !known || last.IsZero():
		return unclear(nil, "dnsplan drift was not run with this state folder: whether somebody looks after %s elsewhere cannot be told", name).with(hourly)
	case now.Sub(last) > watchedFor:
		return failed(nil, "nobody has compared %s with the inventory for %s", name, span(now.Sub(last))).with(hourly)
	}
	return passed(nil, "%s was compared with the inventory on %s", name, minute(last))
}
