package report

import (
	"slices"

	"github.com/dnsplan/dnsplan/plan/execute"
)

// issuedText says what came of the window; empty where nobody was asked.
func (w *Window) issuedText() string {
	if w.partlyIssued() {
		return "a new certificate is served, but not everywhere"
	}
	switch w.Issued {
	case execute.IssuedNew:
		return "a new certificate is served"
	case execute.IssuedSame:
		return "the certificate of before is served"
	case execute.IssuedNone:
		return "no certificate is served behind the proxy"
	case execute.IssuedUnknown:
		return "whether a new certificate is served is not known"
	}
	return ""
}

// partlyIssued tells whether one address serves a new certificate, and another does
// not.
func (w *Window) partlyIssued() bool {
	isNew := func(c execute.CertificateResult) bool { return c.Issued == execute.IssuedNew }
	return w.Issued != execute.IssuedNew && slices.ContainsFunc(w.Certificates, isNew)
}

// unrenewed says that no new certificate is served, or not everywhere, or that nobody
// knows; empty where one is, and where nobody was asked.
func (w *Window) unrenewed() string {
	switch {
	case w == nil || w.Issued == "" || w.Issued == execute.IssuedNew:
		return ""
	case w.Issued == execute.IssuedUnknown:
		return "not known to be renewed"
	case w.partlyIssued():
		return "not renewed everywhere"
	}
	return "not renewed"
}

// certificates lists what each address behind the proxy serves.
func (p *page) certificates(w *Window) {
	if w == nil || len(w.Certificates) == 0 {
		return
	}
	p.heading("Certificates behind the proxy")
	for _, c := range w.Certificates {
		p.marked(2, issuedMark(c.Issued), len(execute.IssuedUnknown), txt(c.String()))
	}
}

func issuedMark(i execute.Issued) mark {
	switch i {
	case execute.IssuedNew:
		return mark{"✓", "=", string(i), green}
	case execute.IssuedSame, execute.IssuedNone:
		return mark{"!", "!", string(i), yellow}
	}
	return mark{"?", "?", string(i), dim}
}
