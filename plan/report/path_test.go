package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/report"
)

// A path is broken behind a slash, never inside a file name, so that what was
// printed can be found.
func TestPathsKeepTheirFileNamesWhole(t *testing.T) {
	const folder, name = "/srv/dns/state/.dnsplan/backups", "20261123T060001Z-a.very.long.zone.name.example.org.zone"
	for _, width := range []int{40, 60, 80, 100} {
		var b bytes.Buffer
		r := report.Run{ID: "RUN", Backups: []string{folder + "/" + name}}
		if err := report.RunText(&b, r, report.Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), name) || !strings.Contains(b.String(), folder) && width >= 60 {
			t.Errorf("in %d columns:\n%s", width, b.String())
		}
	}
}
