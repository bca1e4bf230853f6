package report

import (
	"io"
	"strings"

	"github.com/dnsplan/dnsplan/plan/journal"
)

// VerificationText says what a change log without a fault was found to be.
func VerificationText(w io.Writer, v journal.Verification, o Options) error {
	p := newPage(o)
	if v.Entries == 0 {
		p.row(0, "", txt("No changes are logged."))
	} else {
		p.row(0, "", txt("The change log is as it was written: "+count(v.Entries, "entry")+", "+count(v.Vouching, "run")+" in agreement."))
	}
	if v.Unchained > 0 {
		p.row(0, "", txt("Of these the first "+count(v.Unchained, "entry")+" came without a hash, from an older dnsplan."))
	}
	if len(v.Unread) > 0 {
		p.row(0, "", txt("Not asked, because the journal cannot be read: "+strings.Join(v.Unread, ", ")+"."))
	}
	for _, path := range v.Aside {
		p.row(0, "", txt("A line that was no entry was set aside: "+path))
	}
	if v.Head != "" {
		p.row(0, "", in(dim, "Last hash: "+v.Head))
	}
	return p.writeTo(w)
}

// VerificationJSON writes what became of a change log as one document, also with
// a fault.
func VerificationJSON(w io.Writer, v journal.Verification) error {
	return writeJSON(w, struct {
		FormatVersion int  `json:"format_version"`
		OK            bool `json:"ok"`
		journal.Verification
	}{FormatVersion, v.Fault == nil, v})
}
