package acme_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme"
)

// Each set of CAA records that forbids it is changed as the remedies say, and then
// permits it: at the name servers, which are asked again.
func TestCAARemediesPermit(t *testing.T) {
	for name, c := range map[string]struct {
		records []string
		offers  []string
	}{
		"another issuer":     {[]string{`0 issue "digicert.com"`}, []string{`Add to zone example.org:` + "\n" + `@ 300 IN CAA 0 issue "letsencrypt.org"`}},
		"two other issuers":  {[]string{`0 issue "digicert.com"`, `0 issue "sectigo.com"`}, []string{`issue "letsencrypt.org"`}},
		"nobody":             {[]string{`0 issue ";"`}, []string{`0 issue "letsencrypt.org"`}},
		"other letters":      {[]string{`0 issue "LetsEncrypt.org"`}, []string{`Delete from zone example.org:` + "\n" + `@ 300 IN CAA 0 issue "LetsEncrypt.org"`, `0 issue "letsencrypt.org"`}},
		"no value":           {[]string{`0 issue "letsencrypt.org; validationmethods"`}, []string{`@ 300 IN CAA 0 issue "letsencrypt.org; validationmethods"`, `0 issue "letsencrypt.org"`}},
		"another method":     {[]string{`0 issue "letsencrypt.org; validationmethods=dns-01"`}, []string{"validationmethods=dns-01,http-01"}},
		"methods of no kind": {[]string{`0 issue "letsencrypt.org; validationmethods=,"`}, []string{`0 issue "letsencrypt.org; validationmethods=http-01"`}},
		"a method of one's":  {[]string{`0 issue "letsencrypt.org; validationmethods=dns-01; accounturi=https://example.net/2"`}, []string{`accounturi=https://example.net/2; validationmethods=dns-01,http-01`}},
		"another account":    {[]string{`0 issue "letsencrypt.org; accounturi=https://example.net/1"`}, []string{"accounturi=https://example.net/2", "Or issue with the account that the record names."}},
		"an unknown one":     {[]string{`128 tbs "x"`}, []string{`Delete from zone example.org:` + "\n" + `@ 300 IN CAA 128 tbs "x"`}},
		"and another issuer": {[]string{`128 tbs "x"`, `0 issue "digicert.com"`}, []string{`CAA 128 tbs "x"`, `Add to zone example.org:`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := fine()
			s.ns1 = drop(s.ns1, "@ 300 CAA")
			for _, r := range c.records {
				s.ns1 = append(s.ns1, "@ 300 CAA "+r)
			}
			s.options = func(o *acme.Options) { o.Issuer.Accounts = []string{"https://example.net/2"} }
			f := s.check(t, "D-CAA")[0]
			if f.Outcome != acme.Fail {
				t.Fatalf("%+v", f)
			}
			acme.Offers(t, f, c.offers...)
			s.ns1 = mended(t, s.ns1, f.Remedies)
			if f := s.check(t, "D-CAA")[0]; f.Outcome != acme.Pass {
				t.Errorf("with %q: %s", s.ns1, f.Summary)
			}
		})
	}
}

// mended are the records of the zone with what remedies add, and without what they
// delete.
func mended(t *testing.T, zone []string, remedies []acme.Remedy) []string {
	t.Helper()
	for _, r := range remedies {
		lines := strings.Split(strings.ReplaceAll(r.Paste, " IN CAA ", " CAA "), "\n")
		switch {
		case strings.HasPrefix(r.Do, "Delete from zone example.org"):
			for _, l := range lines {
				if !slices.Contains(zone, l) {
					t.Errorf("%q is to be deleted, and is not among %q", l, zone)
				}
				zone = slices.DeleteFunc(zone, func(x string) bool { return x == l })
			}
		case strings.HasPrefix(r.Do, "Add to zone example.org"):
			zone = append(zone, lines...)
		}
	}
	return zone
}
