package report_test

import (
	"io"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/providers"
)

func examination() report.Examination {
	about := func(subject, name, topic string, z zone.Name, v providers.Verdict, detail, remedy string) report.Check {
		return report.Check{Subject: subject, Name: name, Finding: providers.Finding{Topic: topic, Zone: z, Verdict: v, Detail: detail, Remedy: remedy}}
	}
	internal := about("provider", "a-provider-with-a-long-name", "zone", "a-long-name-of-a-zone.example.org.", providers.Unclear,
		"not listed for this key, its names can be asked for", "let the key transfer the zone, to see what the inventory does not hold")
	internal.View = "internal"
	return report.Examination{Checked: made, Checks: []report.Check{
		about("provider", "cf", "credentials", "", providers.Good, "api_token: environment variable CF_DNS_API_TOKEN", ""),
		about("provider", "cf", "zones", "", providers.Good, "2 visible, among them all of the inventory", ""),
		about("provider", "cf", "permissions", "", providers.Unclear, "the token's rights are not told",
			"create the token from the template Edit zone DNS, for the zones of the inventory"),
		about("provider", "cf", "zone", "example.org.", providers.Good, "12 address RRsets, 4 other records", ""),
		about("provider", "cf", "limits", "", providers.Good, "TTL 1m to 1d; 200 changes at once, whole or not at all; reads right before it writes", ""),
		internal,
		about("provider", "pdns", "credentials", "", providers.Bad, "api_key: not given, and not set in the environment: PDNS_API_KEY, PDNS_API_KEY_FILE",
			"set the variable, or write the file, that the inventory names for this secret"),
		about("resolver", "google", "answers", "", providers.Good, "8.8.8.8:53, in 12 ms", ""),
		about("resolver", "dead\x1b[2J", "answers", "", providers.Bad, "ask 192.0.2.53:53 for example.org. SOA:\nconnection refused", ""),
		about("state folder", ".dnsplan", "access", "", providers.Good, "not there yet, the first run makes it", ""),
	}}
}

func TestDoctor(t *testing.T) {
	e := examination()
	golden(t, "doctor-wrong.txt", func(w io.Writer) error { return report.DoctorText(w, e, options()) })
	golden(t, "doctor-wrong.json", func(w io.Writer) error { return report.DoctorJSON(w, e) })
	ascii := options()
	ascii.ASCII, ascii.Width = true, 60
	golden(t, "doctor-narrow.txt", func(w io.Writer) error { return report.DoctorText(w, e, ascii) })
	unclear := report.Examination{Checked: made, Checks: e.Checks[:5]}
	golden(t, "doctor-unclear.txt", func(w io.Writer) error { return report.DoctorText(w, unclear, options()) })
	good := report.Examination{Checked: made, Checks: e.Checks[:2]}
	golden(t, "doctor-ok.txt", func(w io.Writer) error { return report.DoctorText(w, good, options()) })
	golden(t, "doctor-none.json", func(w io.Writer) error { return report.DoctorJSON(w, report.Examination{}) })
}

// TestDoctorWorst: one wrong check outweighs all others.
func TestDoctorWorst(t *testing.T) {
	e := examination()
	for n, want := range map[int]providers.Verdict{0: providers.Good, 2: providers.Good, 3: providers.Unclear, 6: providers.Unclear, 7: providers.Bad, 10: providers.Bad} {
		if got := (report.Examination{Checks: e.Checks[:n]}).Worst(); got != want {
			t.Errorf("of %d checks: %s, want %s", n, got, want)
		}
	}
}
