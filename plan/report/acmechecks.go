package report

import (
	"io"

	"github.com/dnsplan/dnsplan/plan/acme"
)

// ChecksText writes the table of checks: a line each, with how grave it is that it
// fails, and what a pass proves.
func ChecksText(w io.Writer, list []acme.Check, o Options) error {
	p := newPage(o)
	pad := len(acme.Warning.String())
	for _, c := range list {
		p.row(checkPad+pad+4, "", in(bold, padded(string(c.ID), checkPad)), txt(keep("  ")+padded(c.Severity.String(), pad)+keep("  ")), txt(c.Proves))
	}
	return p.writeTo(w)
}

// ChecksJSON writes the table of checks as one document.
func ChecksJSON(w io.Writer, list []acme.Check) error {
	return writeJSON(w, struct {
		FormatVersion int          `json:"format_version"`
		Checks        []acme.Check `json:"checks"`
	}{FormatVersion, list})
}
