package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkBack is X-BACK.
func checkBack(ctx context.Context, e *examination) []Finding {
	open, known, err := told(e.opts.Past.Windows)
	for _, w := range open {
		if slices.Contains(w.Names, e.subject.Name) {
			return []Finding{e.judgeWindow(w)}
		}
	}
	if err != nil {
		return []Finding{unclear(nil, "the marks of open issuance windows cannot all be read: %v", err)}
	}
	if !e.subject.Zone.Proxy {
		return nil
	}
	last, changed, err := e.lastChange()
	if err != nil {
		return []Finding{unclear(nil, "the change log cannot be read: %v", err)}
	}
	if m, ok := e.subject.marker(); ok {
		return []Finding{e.judgeMarker(m, e.left(m.Run))}
	}
	f := e.judgeBack(last, changed && known)
	if f.Outcome == Pass && e.subject.Proxied() {
		return []Finding{e.judgeEdges(ctx, f)}
	}
	return []Finding{f}
}

// judgeWindow judges a window that is open.
func (e *examination) judgeWindow(w journal.OpenWindow) Finding {
	said := []Asked{{Who: "mark of window " + w.Run, Said: "the proxy is off, or may be, until " + moment(w.Deadline)}}
	if e.opts.Now().After(w.Deadline) {
		return failed(said, "the issuance window %s of %s is open past its deadline, %s", w.Run, e.subject.Name.Display(), moment(w.Deadline)).with(
			Remedy{Do: "Close it:", Paste: "dnsplan recover"})
	}
	return failed(said, "the issuance window %s of %s is open, until %s at the latest", w.Run, e.subject.Name.Display(), moment(w.Deadline)).at(Info)
}

// judgeBack compares what the provider says of the proxy with what should be:
// the inventory's word, or else that of the last change in the log.
func (e *examination) judgeBack(last logged, changed bool) Finding {
	name := e.subject.Name.Display()
	if f, none := e.subject.unread(); none {
		return f
	}
	is := e.subject.proxyWords()
	said := []Asked{{Who: "provider " + e.subject.Zone.Provider, Said: name + " " + is}}
	switch {
	case e.subject.Proxied():
		return passed(said, "%s is proxied, and no window is open", name)
	case e.subject.wantsProxy() && e.subject.empty():
		return failed(said, "%s %s, and the inventory wants it proxied", name, is).with(e.subject.apply()).because(e.subject.existence())
	case e.subject.wantsProxy():
		return failed(said, "%s %s, and the inventory wants it proxied", name, is).with(
			Remedy{Do: "Turn the proxy on again:", Paste: e.subject.applied()})
	case changed && last.LeftOff() && !e.subject.saysProxy():
		return e.judgeLeft(said, last.Run, e.left(last.Run))
	case changed && last.proxied() && !e.subject.saysProxy():
		said = append(said, Asked{Who: "change log", Said: fmt.Sprintf("proxied since %s, run %s", minute(last.At), last.Run)})
		return failed(said, "%s %s, and run %s has left it proxied", name, is, last.Run).with(
			Remedy{Do: "If that was not meant, write into its record in the inventory:", Paste: "proxied = true"},
			Remedy{Do: "and turn the proxy on again:", Paste: e.subject.applied()})
	}
	if !e.subject.empty() {
		is += ", as it should be"
	}
	return passed(said, "%s %s, and no window is open", name, is)
}

// proxyWords reads "is proxied", "is DNS-only" or "has no record".
func (s *Subject) proxyWords() string {
	switch {
	case s.Proxied():
		return "is proxied"
	case s.empty():
		return "has no record"
	}
	return "is DNS-only"
}

// saysProxy tells whether the inventory is not silent about the proxy.
func (s *Subject) saysProxy() bool {
	return slices.ContainsFunc(s.Records, func(r Record) bool { return r.ProxiedGiven })
}

// judgeEdges has the name servers' word count too: those of a proxied name give
// away no address behind it.
func (e *examination) judgeEdges(ctx context.Context, f Finding) Finding {
	var origins []netip.Addr
	for _, t := range e.origins() {
		origins = append(origins, t.addr)
	}
	for _, a := range e.authoritative(ctx) {
		for _, addr := range a.Addrs {
			if slices.Contains(origins, addr.Unmap()) {
				f.Asked = append(f.Asked, said([]resolver.Answer{a})...)
				return failed(f.Asked, "%s is proxied, as its provider says, and %s still gives the address behind it, %s", e.subject.Name.Display(), whose([]resolver.Answer{a}), addr).at(Error).with(
					Remedy{Do: "Wait until the provider's servers have taken the proxy over, five minutes at most."}, e.subject.again("X-BACK"))
			}
		}
	}
	return f
}
