package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/report"
)

// found is one finding of each kind about two names, one of them in a view.
func found() acme.Found {
	finding := func(name zone.Name, id acme.ID, o acme.Outcome, s acme.Severity, summary string, remedies ...acme.Remedy) acme.Finding {
		return acme.Finding{
			Check: id, Name: name, Outcome: o, Severity: s, Summary: summary, Remedies: append([]acme.Remedy{}, remedies...),
			Asked: []acme.Asked{{Who: "ns1.example.org (192.0.2.53:53)", Said: "A: 203.0.113.10, TTL 300"}},
		}
	}
	const www, api = "www.example.org.", "api.example.org."
	inside := finding(api, "D-SPLIT", acme.Fail, acme.Warning, "inside api.example.org is 10.0.0.50 | and outside `203.0.113.10`")
	inside.View = "internal"
	rude := finding(www, "H-REDIR", acme.Fail, acme.Error, "a server says \x1b[2J and\nmore")
	rude.Asked = []acme.Asked{{Who: "GET http://www.example.org/", Said: "301 to \x1b[31mhttps://elsewhere"}}
	return acme.Found{Checked: made, Subjects: []zone.Name{www, api}, Made: []acme.ID{
		"D-APEX", "D-WWW", "D-AUTH", "D-CAA", "D-SPLIT", "H-TOKEN", "H-PATH", "H-REDIR", "H-PARK", "H-WAF", "H-LB", "H-VANTAGE", "B-BRIDGE", "O-INV", "O-BACKUP", "X-BACK",
	}, Findings: []acme.Finding{
		finding(www, "D-APEX", acme.Pass, acme.Error, "example.org has an address"),
		finding(www, "D-AUTH", acme.Pass, acme.Error, "both name servers answer 203.0.113.10"),
		finding(www, "D-CAA", acme.Fail, acme.Fatal, "CAA at example.org allows only ca.example.net, and letsencrypt.org is to issue for www.example.org",
			acme.Remedy{Do: "Add the record to zone example.org:", Paste: `@ 300 IN CAA 0 issue "letsencrypt.org"`},
			acme.Remedy{Do: "Then look again:", Paste: "dnsplan check www.example.org --only D-CAA"}),
		finding(www, "H-TOKEN", acme.Fail, acme.Error, "203.0.113.10:80 answers the challenge with 404",
			acme.Remedy{Do: "Have the server at 203.0.113.10:80 answer challenges before anything else. For nginx, in the server of www.example.org:", Paste: "location ^~ /.well-known/acme-challenge/ {\n    root /var/www/html;\n}"}),
		rude,
		finding(www, "H-VANTAGE", acme.Unknown, acme.Error, "only this machine has asked for www.example.org: firewalls and filters by country are not proven without a [[vantage]]"),
		finding(www, "H-LB", acme.Unknown, acme.Error, "192.0.2.1:80: this machine has no way there"),
		finding(www, "H-LB", acme.Unknown, acme.Error, "192.0.2.2:80: this machine has no way there"),
		finding(www, "H-LB", acme.Unknown, acme.Error, "192.0.2.3:80: this machine has no way there"),
		because(finding(www, "H-PARK", acme.Unknown, acme.Error, "203.0.113.10:80 has not answered"), "H-TOKEN"),
		because(finding(www, "H-PATH", acme.Unknown, acme.Warning, "203.0.113.10:80: connection refused"), "H-TOKEN"),
		because(finding(www, "B-BRIDGE", acme.Fail, acme.Warning, "the old address does not answer", acme.Remedy{Do: "Write it down."}, acme.Remedy{Do: "Have it answer."}), "H-TOKEN"),
		because(finding(www, "H-WAF", acme.Unknown, acme.Warning, "192.0.2.1:80: this machine has no way there"), "H-LB"),
		finding(www, "D-AUTH", acme.Fail, acme.Warning, "TTLs differ", acme.Remedy{Do: "Add the record to zone example.org:", Paste: `@ 300 IN CAA 0 issue "letsencrypt.org"`}),
		finding(www, "O-INV", acme.Fail, acme.Warning, "the inventory does not say of www.example.org: the owner", acme.Remedy{Do: "Write it down."}),
		finding(www, "X-BACK", acme.Fail, acme.Info, "the issuance window w-17 of www.example.org is open"),
		inside,
		finding(api, "O-BACKUP", acme.Pass, acme.Error, "the backup was read again"),
	}}
}

func because(f acme.Finding, id acme.ID) acme.Finding {
	f.Because = id
	return f
}

// of are the findings about a name.
func of(f acme.Found, name zone.Name) acme.Found {
	out := acme.Found{Checked: f.Checked, Made: f.Made, Subjects: []zone.Name{name}}
	for _, x := range f.Findings {
		if x.Name == name {
			out.Findings = append(out.Findings, x)
		}
	}
	return out
}

func TestFound(t *testing.T) {
	f := found()
	ascii := options()
	ascii.ASCII, ascii.Width = true, 60
	golden(t, "check-wrong.txt", func(w io.Writer) error { return report.FoundText(w, f, false, options()) })
	golden(t, "check-detail.txt", func(w io.Writer) error { return report.FoundText(w, f, true, options()) })
	golden(t, "check-narrow.txt", func(w io.Writer) error { return report.FoundText(w, f, false, ascii) })
	golden(t, "check-list.txt", func(w io.Writer) error { return report.ChecklistText(w, f, options()) })
	golden(t, "check-list-narrow.txt", func(w io.Writer) error { return report.ChecklistText(w, f, ascii) })
	golden(t, "check-wrong.json", func(w io.Writer) error { return report.FoundJSON(w, f, false, nil) })
	golden(t, "check-list.json", func(w io.Writer) error { return report.FoundJSON(w, of(f, "api.example.org."), true, nil) })
	golden(t, "check-wrong.md", func(w io.Writer) error { return report.FoundMarkdown(w, f, false, options()) })
	golden(t, "check-list.md", func(w io.Writer) error { return report.FoundMarkdown(w, f, true, options()) })
	long := acme.Found{Findings: []acme.Finding{f.Findings[3]}}
	long.Findings[0].Remedies = []acme.Remedy{{Do: "Serve it:", Paste: "root /var/www/a-folder-with-a-name-that-is-longer-than-a-line-of-eighty-columns;"}}
	golden(t, "plain-check.txt", func(w io.Writer) error { return report.FoundText(w, long, false, options()) })
	good := acme.Found{Checked: made, Subjects: f.Subjects[:1], Findings: f.Findings[:2]}
	golden(t, "check-ok.txt", func(w io.Writer) error { return report.FoundText(w, good, false, options()) })
	golden(t, "check-none.txt", func(w io.Writer) error { return report.FoundText(w, acme.Found{}, false, options()) })
	golden(t, "checks.txt", func(w io.Writer) error { return report.ChecksText(w, acme.Checks()[28:31], ascii) })
	golden(t, "checks.json", func(w io.Writer) error { return report.ChecksJSON(w, acme.Checks()[28:31]) })
	golden(t, "check-none.json", func(w io.Writer) error { return report.FoundJSON(w, acme.Found{}, false, nil) })
}

// TestFoundWorst: the gravest that fails is told, not what passes or is unclear.
func TestFoundWorst(t *testing.T) {
	f := found()
	for n, want := range map[int]string{0: "null", 2: "null", 3: `"fatal"`, 15: `"fatal"`} {
		var b bytes.Buffer
		var doc struct{ Worst json.RawMessage }
		err := report.FoundJSON(&b, acme.Found{Findings: f.Findings[:n]}, false, nil)
		if err == nil {
			err = json.Unmarshal(b.Bytes(), &doc)
		}
		if err != nil || string(doc.Worst) != want {
			t.Errorf("of %d findings: %s, want %s, %v", n, doc.Worst, want, err)
		}
	}
}
